/// Names a resource without its version, as messages do: `workflowexecutions.towline.dev`.
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

/// Names a served resource: group, version and plural name.
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

    package var groupResource: GroupResource { GroupResource(group: group, resource: resource) }

    /// What objects carry as `apiVersion`: `v1`, `tekton.dev/v1`.
    package var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    package var description: String { "\(apiVersion), Resource=\(resource)" }
}
