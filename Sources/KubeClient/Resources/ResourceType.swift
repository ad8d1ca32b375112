/// A kind of object an API server serves: where it lives and what it is called.
public struct ResourceType: Hashable, Sendable {
    /// The API group; empty for the core group.
    public let group: String
    public let version: String
    /// The name in paths, lower case and plural: `pipelineruns`.
    public let plural: String
    public let kind: String

    public init(group: String, version: String, plural: String, kind: String) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
    }

    /// What manifests write: `v1`, `tekton.dev/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The path of a collection, or of one object, or of a part of one object.
    ///
    /// - Parameters:
    ///   - namespace: nil or empty for all namespaces, and for objects that live in none.
    ///   - name: nil for the collection.
    ///   - subresource: `status`, for example; ignored without a name.
    public func path(namespace: String?, name: String? = nil, subresource: String? = nil) -> String {
        var path = ResourceType.path(group: group, version: version)
        if let namespace, !namespace.isEmpty { path += "/namespaces/" + namespace.percentEncodedPathSegment }
        path += "/" + plural.percentEncodedPathSegment
        guard let name else { return path }
        path += "/" + name.percentEncodedPathSegment
        if let subresource { path += "/" + subresource.percentEncodedPathSegment }
        return path
    }

    /// The path under which all resources of a group and version are served.
    static func path(group: String, version: String) -> String {
        group.isEmpty
            ? "/api/" + version.percentEncodedPathSegment
            : "/apis/\(group.percentEncodedPathSegment)/\(version.percentEncodedPathSegment)"
    }
}

/// What tells one object from all others of its resource type.
public struct ObjectKey: Hashable, Sendable {
    /// Empty for objects that live in no namespace.
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
