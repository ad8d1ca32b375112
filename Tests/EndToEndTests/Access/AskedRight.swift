import KubeClient
import KubeRuntime

/// What a request needs to be allowed, in the words of roles.
struct AskedRight: Hashable, Sendable, CustomStringConvertible {
    let verb: String
    let group: String
    /// With the subresource, where it is about one.
    let resource: String

    var description: String { "\(verb) \(resource).\(group)" }

    init(verb: String, group: String, resource: String) {
        self.verb = verb
        self.group = group
        self.resource = resource
    }

    /// Nil for what every client may ask: which resources there are, and what it may do.
    init?(_ request: HTTPServerRequest) {
        var segments = request.segments[...]
        let group: String
        switch segments.popFirst() {
        case "api": group = ""
        case "apis": group = segments.popFirst() ?? ""
        default: return nil
        }
        guard segments.popFirst() != nil, group != "authorization.k8s.io" else { return nil }
        if segments.first == "namespaces" { segments = segments.dropFirst(2) }
        guard let resource = segments.popFirst() else { return nil }
        let name = segments.popFirst()
        self.init(
            verb: Self.verb(request, isNamed: name != nil), group: group,
            resource: segments.first.map { "\(resource)/\($0)" } ?? resource)
    }

    private static func verb(_ request: HTTPServerRequest, isNamed: Bool) -> String {
        switch request.method {
        case "GET":
            request.queryValue("watch") == "true" ? "watch" : isNamed ? "get" : "list"
        case "POST": "create"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": isNamed ? "delete" : "deletecollection"
        default: request.method
        }
    }

    /// What a role grants.
    static func granted(by role: JSONValue) -> Set<AskedRight> {
        func texts(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
        var rights: Set<AskedRight> = []
        for rule in role["rules"]?.arrayValue ?? [] {
            for group in texts(rule["apiGroups"]) {
                for resource in texts(rule["resources"]) {
                    for verb in texts(rule["verbs"]) {
                        rights.insert(AskedRight(verb: verb, group: group, resource: resource))
                    }
                }
            }
        }
        return rights
    }
}
