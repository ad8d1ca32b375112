/// A resource without its version, as in messages: `workflowexecutions.towline.dev`.
package struct GroupResource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    package let group: String
    /// The plural name.
    package let resource: String

    package init(group: String, resource: String) {
        self.group = group
        self.resource = resource
    }

    package var description: String { group.isEmpty ? resource : "\(resource).\(group)" }
}

/// A served resource: group, version and plural name.
package struct GroupVersionResource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    package let group: String
    package let version: String
    /// The plural name.
    package let resource: String

    package init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    /// The resource without its version.
    package var groupResource: GroupResource { GroupResource(group: group, resource: resource) }

    /// The `apiVersion` of its objects: `v1`, `tekton.dev/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    package var description: String { "\(apiVersion), Resource=\(resource)" }
}
