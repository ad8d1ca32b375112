/// A resource type of an API server: its group, version, plural name and kind.
public struct ResourceType: Hashable, Sendable {
    /// The API group; empty for the core group.
    public let group: String
    public let version: String
    /// The lower-case plural name in paths, such as `pipelineruns`.
    public let plural: String
    public let kind: String

    public init(group: String, version: String, plural: String, kind: String) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
    }

    /// The value of `apiVersion` in manifests, such as `v1` or `tekton.dev/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of a collection, an object, or a subresource of an object.
    ///
    /// - Parameters:
    ///   - namespace: nil or empty for all namespaces and for cluster-scoped objects.
    ///   - name: nil for the collection.
    ///   - subresource: for example `status`; ignored without a name.
    public func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = ResourceType.path(group: group, version: version)
        if let namespace, !namespace.isEmpty { path += "/namespaces/" + namespace.percentEncodedPathSegment }
        path += "/" + plural.percentEncodedPathSegment
        guard let name else { return path }
        path += "/" + name.percentEncodedPathSegment
        if let subresource { path += "/" + subresource.percentEncodedPathSegment }
        return path
    }

    /// The path of a group and version.
    static func path(group: String, version: String) -> String {
        group.isEmpty
            ? "/api/" + version.percentEncodedPathSegment
            : "/apis/\(group.percentEncodedPathSegment)/\(version.percentEncodedPathSegment)"
    }
}

/// The namespace and name of an object, which identify it within its resource type.
public struct ObjectKey: Hashable, Sendable {
    /// Empty for cluster-scoped objects.
    public let namespace: String
    public let name: String

    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }
}

extension ObjectKey: Comparable {
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}

extension ObjectKey: CustomStringConvertible {
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
