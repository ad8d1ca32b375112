public import KubeClient

/// The cluster as code inside the sandbox sees it: the verbs of the API, on JSON trees.
///
/// Every call takes the path an HTTP request takes: defaults, validation, subresource and generation rules, managed
/// fields and events are the same. Errors are what an HTTP client would be told. The requirements are asynchronous so
/// that the same simulated engines can also act on a cluster elsewhere.
/// `namespace` is empty for cluster-scoped resources.
public protocol SandboxCluster: Sendable {
    /// Tells whether the resource is served at this moment.
    func serves(_ resource: GroupVersionResource) async -> Bool

    func get(_ resource: GroupVersionResource, namespace: String, name: String) async throws(StatusError) -> JSONValue

    /// Returns all objects of a namespace, or of all namespaces when it is nil, ordered by namespace and name.
    func list(
        _ resource: GroupVersionResource, namespace: String?, labelSelector: String
    ) async throws(StatusError) -> [JSONValue]

    @discardableResult
    func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Replaces an object, or only its status when `subresource` is `status`.
    ///
    /// A `metadata.resourceVersion` in `object` must be the current one.
    @discardableResult
    func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Applies a JSON merge patch (RFC 7386) to an object, or to its status when `subresource` is `status`.
    @discardableResult
    func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Deletes an object in the background manner; with a `uid`, only the object that has it.
    func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) async throws(StatusError)

    /// Tells every present object as added, then ``ObjectChange/synced``, then each change as it happens.
    ///
    /// The stream is pulled: nothing is buffered for a slow reader, but one that falls behind the kept history gets a
    /// ``StatusError`` with code 410 and starts anew. It ends when the sandbox shuts down or the task is cancelled.
    func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error>

    /// Appends to the log of a container, which `kubectl logs` reads; the pod need not exist any more.
    func appendLog(_ text: String, namespace: String, pod: String, container: String) async
}

/// One step in the life of an object.
public enum ObjectChange: Sendable, Hashable {
    case added(JSONValue)
    case modified(JSONValue)
    /// The object in its last state.
    case deleted(JSONValue)
    /// Every object that was present when the stream began has been told.
    case synced
}
