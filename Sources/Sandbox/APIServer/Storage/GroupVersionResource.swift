/// Names a resource without its version, as messages do: `workflowexecutions.towline.dev`.
public struct GroupResource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public let group: String
    /// The plural name.
    public let resource: String

    public init(group: String, resource: String) {
        self.group = group
        self.resource = resource
    }

    public var description: String { group.isEmpty ? resource : "\(resource).\(group)" }
}

/// Names a served resource: group, version and plural name.
public struct GroupVersionResource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public let group: String
    public let version: String
    /// The plural name.
    public let resource: String

    public init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    public var groupResource: GroupResource { GroupResource(group: group, resource: resource) }

    /// What objects carry as `apiVersion`: `v1`, `tekton.dev/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    public var description: String { "\(apiVersion), Resource=\(resource)" }
}
