public import KubeClient

/// A manifest that could not be loaded.
public struct LoadError: Error, Sendable, CustomStringConvertible {
    /// Which object it was: kind, namespace and name.
    public let object: String
    public let status: StatusError

    public var description: String { "\(object): \(status.message)" }
}

extension Cluster {
    /// Creates the objects of manifests, or replaces those that are there: definitions first, then namespaces.
    ///
    /// The elements of lists (`kind: List`) are loaded one by one. It stops at the first object that is refused.
    public func load(_ documents: [JSONValue]) throws(LoadError) {
        let objects = documents.flatMap { $0["kind"] == "List" ? $0["items"]?.arrayValue ?? [] : [$0] }
        for kind in ["CustomResourceDefinition", "Namespace"] {
            for object in objects where object["kind"]?.stringValue == kind { try load(object) }
        }
        for object in objects
        where !["CustomResourceDefinition", "Namespace"].contains(object["kind"]?.stringValue ?? "") {
            try load(object)
        }
    }

    private func load(_ object: JSONValue) throws(LoadError) {
        let kind = object["kind"]?.stringValue ?? "object without a kind"
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        do throws(StatusError) {
            try put(object)
        } catch {
            throw LoadError(object: name.isEmpty ? kind : "\(kind) \"\(name)\"", status: error)
        }
    }

    private func put(_ object: JSONValue) throws(StatusError) {
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        guard let served = registry.current.resource(apiVersion: apiVersion, kind: kind) else {
            throw .badRequest("no matches for kind \"\(kind)\" in version \"\(apiVersion)\"")
        }
        let given = object["metadata"]?["namespace"]?.stringValue ?? ""
        let namespace = !served.isNamespaced ? "" : given.isEmpty ? "default" : given
        let parameters = WriteParameters(fieldManager: "towline-sandbox", fieldValidation: .strict)
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        let target = ObjectTarget(served: served, namespace: namespace, name: name)
        guard let present = storage.record(served.stored.resource, namespace: namespace, name: name) else {
            _ = try create(served, namespace: namespace, ObjectBody(object: object), parameters)
            return
        }
        _ = try replace(target, ObjectBody(object: object.stamped(present.revision)), parameters)
    }
}
