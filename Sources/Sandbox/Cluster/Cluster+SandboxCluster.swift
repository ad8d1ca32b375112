public import KubeClient

extension Cluster: SandboxCluster {
    public func serves(_ resource: GroupVersionResource) -> Bool { registry.resource(resource) != nil }

    public func get(
        _ resource: GroupVersionResource, namespace: String, name: String
    ) throws(StatusError) -> JSONValue {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        return try object(try record(target), as: target.served)
    }

    public func list(
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
    public func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) throws(StatusError) -> JSONValue {
        try create(
            try served(resource), namespace: namespace, ObjectBody(object: object),
            WriteParameters(fieldManager: fieldManager)
        ).object
    }

    @discardableResult
    public func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) throws(StatusError) -> JSONValue {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        let parameters = WriteParameters(fieldManager: fieldManager, subresource: subresource)
        return try replace(target, ObjectBody(object: object), parameters).object
    }

    @discardableResult
    public func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) throws(StatusError) -> JSONValue {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        let parameters = WriteParameters(fieldManager: fieldManager, subresource: subresource)
        return try self.patch(target, .merge(patch), parameters).object
    }

    public func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) throws(StatusError) {
        let target = ObjectTarget(served: try served(resource), namespace: namespace, name: name)
        _ = try delete(target, DeleteParameters(uid: uid))
    }

    public func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error> {
        let feed = ChangeFeed(self, resource, namespace: namespace)
        return AsyncThrowingStream { try await feed.next() }
    }

    public func appendLog(_ text: String, namespace: String, pod: String, container: String) {
        logs.append(text, namespace: namespace, pod: pod, container: container)
    }
}
