package import KubeClient

/// The API verbs on JSON objects, for code inside the sandbox.
///
/// Each call follows the path of an HTTP request, with the same defaults, validation, subresources, generations,
/// managed fields and errors. The requirements are asynchronous so that simulated engines can also act on a remote
/// cluster. `namespace` is empty for cluster-scoped resources.
package protocol SandboxCluster: Sendable {
    /// Returns true if the resource is served.
    func serves(_ resource: GroupVersionResource) async -> Bool

    func get(_ resource: GroupVersionResource, namespace: String, name: String) async throws(StatusError) -> JSONValue

    /// Lists the objects of a namespace, or of all namespaces if it is nil, ordered by namespace and name.
    func list(
        _ resource: GroupVersionResource, namespace: String?, labelSelector: String
    ) async throws(StatusError) -> [JSONValue]

    @discardableResult
    func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Replaces an object, or only its status if `subresource` is `status`.
    ///
    /// If `object` has a `metadata.resourceVersion`, it must be the current one.
    @discardableResult
    func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Applies a JSON merge patch (RFC 7386) to an object, or to its status if `subresource` is `status`.
    @discardableResult
    func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) async throws(StatusError) -> JSONValue

    /// Deletes an object with background propagation; with a `uid`, only if the UID matches.
    func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) async throws(StatusError)

    /// Yields each existing object as added, then ``ObjectChange/synced``, then every change.
    ///
    /// The stream is pull-based and buffers nothing. A reader that falls behind the kept history gets a ``StatusError``
    /// with code 410 and must start again. The stream ends on shutdown and when the task is canceled.
    func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error>

    /// Appends to the log of a container, which `kubectl logs` shows. The pod may be deleted already.
    func appendLog(_ text: String, namespace: String, pod: String, container: String) async

    /// Installs an admission webhook, or replaces the one of the same name; a remote cluster ignores it.
    func install(_ webhook: AdmissionWebhook)
}

extension SandboxCluster {
    package func install(_ webhook: AdmissionWebhook) {}
}

/// A change of an object.
package enum ObjectChange: Sendable, Hashable {
    case added(JSONValue)
    case modified(JSONValue)
    /// The last state of the object.
    case deleted(JSONValue)
    /// All objects that existed when the stream started were yielded.
    case synced
}

extension Cluster: SandboxCluster {
    package func serves(_ resource: GroupVersionResource) -> Bool { registry.resource(resource) != nil }

    package func get(
        _ resource: GroupVersionResource, namespace: String, name: String
    ) throws(StatusError) -> JSONValue {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        return try object(try record(target), as: target.served)
    }

    package func list(
        _ resource: GroupVersionResource, namespace: String?, labelSelector: String
    ) throws(StatusError) -> [JSONValue] {
        let served = try served(resource)
        var objects: [JSONValue] = []
        let selector = try LabelSelector(parsing: labelSelector)
        for record in select(served, namespace: namespace, selector, .everything) {
            objects.append(try object(record, as: served))
        }
        return objects
    }

    @discardableResult
    package func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) throws(StatusError) -> JSONValue {
        try create(
            try served(resource), namespace: namespace, ObjectBody(object: object),
            WriteParameters(fieldManager: fieldManager)
        ).object
    }

    @discardableResult
    package func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) throws(StatusError) -> JSONValue {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        let parameters = WriteParameters(fieldManager: fieldManager, subresource: subresource)
        return try replace(target, ObjectBody(object: object), parameters).object
    }

    @discardableResult
    package func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) throws(StatusError) -> JSONValue {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        let parameters = WriteParameters(fieldManager: fieldManager, subresource: subresource)
        return try self.patch(target, .merge(patch), parameters).object
    }

    package func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) throws(StatusError) {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        _ = try delete(target, DeleteParameters(uid: uid))
    }

    package func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error> {
        let feed = ChangeFeed(self, resource, namespace: namespace)
        return AsyncThrowingStream { try await feed.next() }
    }

    package func appendLog(_ text: String, namespace: String, pod: String, container: String) {
        logs.append(text, namespace: namespace, pod: pod, container: container)
    }
}

/// Reads the objects of a resource and then their changes.
actor ChangeFeed {
    private static let batch = 256

    private let cluster: Cluster
    private let resource: GroupVersionResource
    private let namespace: String?
    private var pending: ArraySlice<ObjectChange> = []
    /// The last revision read; nil before the first read.
    private var revision: Int64?

    init(_ cluster: Cluster, _ resource: GroupVersionResource, namespace: String?) {
        self.cluster = cluster
        self.resource = resource
        self.namespace = namespace
    }

    func next() async throws -> ObjectChange? {
        while true {
            if let change = pending.popFirst() { return change }
            if Task.isCancelled || cluster.storage.isShutDown { return nil }
            let served = try cluster.served(resource)
            guard let revision else {
                try readAll(served)
                continue
            }
            try readChanges(served, after: revision)
            if pending.isEmpty, let revision = self.revision {
                await cluster.storage.waitForChange(in: served.stored.resource, after: revision)
            }
        }
    }

    private func readAll(_ served: ServedResource) throws {
        let snapshot = try cluster.storage.snapshot(served.stored.resource)
        let records = namespace.map { snapshot.records.slice(inNamespace: $0) } ?? snapshot.records[...]
        pending = try records.map { ObjectChange.added(try cluster.object($0, as: served)) }[...] + [.synced]
        revision = snapshot.revision
    }

    private func readChanges(_ served: ServedResource, after revision: Int64) throws {
        do {
            let (events, through) = try cluster.storage.events(
                served.stored.resource, after: revision, limit: Self.batch)
            self.revision = through
            for event in events where namespace == nil || event.record.namespace == namespace {
                let object = try cluster.object(event.record, as: served)
                switch event.kind {
                case .created: pending.append(.added(object))
                case .modified: pending.append(.modified(object))
                case .deleted: pending.append(.deleted(object))
                }
            }
        } catch is StorageError {
            throw StatusError.expired("too old resource version: \(revision)")
        }
    }
}
