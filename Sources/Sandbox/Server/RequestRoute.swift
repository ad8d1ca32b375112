/// What a request path leads to.
enum RequestRoute: Hashable, Sendable {
    case index
    case health
    case version
    /// `/api`: the versions of the core group.
    case coreVersions
    /// `/apis`: all groups.
    case groups
    case group(String)
    /// The resources of a group and version.
    case resources(group: String, version: String)
    /// `/openapi/v2`, for old clients.
    case openAPISummary
    case openAPIIndex
    case openAPI(group: String, version: String)
    /// A resource, one object of it, or a part of an object; the namespace is nil when the path names none.
    case object(GroupVersionResource, namespace: String?, name: String?, subresource: String?)
    case unknown

    init(_ segments: [String]) {
        var rest = segments[...]
        switch rest.popFirst() {
        case nil: self = .index
        case "healthz", "livez", "readyz": self = .health
        case "version": self = rest.isEmpty ? .version : .unknown
        case "api":
            guard let version = rest.popFirst() else {
                self = .coreVersions
                return
            }
            self = Self.inVersion(group: "", version: version, rest)
        case "apis":
            guard let group = rest.popFirst() else {
                self = .groups
                return
            }
            guard let version = rest.popFirst() else {
                self = .group(group)
                return
            }
            self = Self.inVersion(group: group, version: version, rest)
        case "openapi": self = Self.openAPI(rest)
        default: self = .unknown
        }
    }

    private static func inVersion(group: String, version: String, _ path: ArraySlice<String>) -> RequestRoute {
        let parts = Array(path)
        guard let first = parts.first else { return .resources(group: group, version: version) }
        func object(_ resource: String, _ namespace: String?, _ rest: ArraySlice<String>) -> RequestRoute {
            guard rest.count <= 2 else { return .unknown }
            return .object(
                GroupVersionResource(group: group, version: version, resource: resource), namespace: namespace,
                name: rest.first, subresource: rest.count == 2 ? rest.last : nil)
        }
        // `namespaces/x/status` is a part of a namespace; `namespaces/x/pods` are the pods in it.
        let isInNamespace =
            first == "namespaces" && parts.count > 2 && !(group.isEmpty && ["status", "finalize"].contains(parts[2]))
        return isInNamespace ? object(parts[2], parts[1], parts[3...]) : object(first, nil, parts[1...])
    }

    private static func openAPI(_ path: ArraySlice<String>) -> RequestRoute {
        switch Array(path) {
        case ["v2"]: .openAPISummary
        case ["v3"]: .openAPIIndex
        case let parts where parts.count == 3 && parts[0] == "v3" && parts[1] == "api":
            .openAPI(group: "", version: parts[2])
        case let parts where parts.count == 4 && parts[0] == "v3" && parts[1] == "apis":
            .openAPI(group: parts[2], version: parts[3])
        default: .unknown
        }
    }
}
