import Foundation
import KubeClient
import KubeRuntime
import TestSupport

/// The operator's shipped roles.
enum OperatorRole: String, CaseIterable, Sendable {
    case executions = "operator-clusterrole"
    case tekton = "operator-tekton-clusterrole"
    case argo = "operator-argo-clusterrole"
    case election = "election-role"

    func manifest() throws -> JSONValue {
        guard let role = try Repository.documents("deploy/base/rbac/\(rawValue).yaml").first else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return role
    }
}

extension Repository {
    /// The part of `deploy/install.yaml` that says who the operator is and what it may do.
    static func operatorIdentity() throws -> [JSONValue] {
        let kinds = ["Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"]
        return try documents("deploy/install.yaml").filter { kinds.contains($0["kind"]?.stringValue ?? "") }
    }
}

extension Workspace {
    /// Grants the operator's roles to a service account in this namespace; returns its credentials.
    func bind(_ roles: [OperatorRole]) async throws -> URL {
        guard cluster.kind == .controlPlane else { return cluster.operatorKubeconfig }
        for role in roles {
            let manifest = try role.manifest()
            try await grant(
                manifest["rules"] ?? [], to: ["kind": "ServiceAccount", "name": "towline-operator"],
                as: manifest.name ?? "")
        }
        return try cluster.kubeconfig(as: "system:serviceaccount:\(namespace):towline-operator")
    }

    /// Grants permissions in this namespace with a role and a binding of that name.
    func grant(_ rules: JSONValue, to subject: JSONValue, as name: String) async throws {
        let group = "rbac.authorization.k8s.io"
        var subject = subject
        if subject["kind"] == "ServiceAccount" {
            subject["namespace"] = .string(namespace)
        } else {
            subject["apiGroup"] = .string(group)
        }
        let role: JSONValue = [
            "apiVersion": .string("\(group)/v1"), "kind": "Role", "metadata": ["name": .string(name)], "rules": rules,
        ]
        let binding: JSONValue = [
            "apiVersion": .string("\(group)/v1"), "kind": "RoleBinding", "metadata": ["name": .string(name)],
            "roleRef": ["apiGroup": .string(group), "kind": "Role", "name": .string(name)], "subjects": [subject],
        ]
        for object in [role, binding] { try await access.create(Types.type(of: object), namespace, object) }
    }
}

/// The permission that a request needs, as in a role.
struct AskedRight: Hashable, Sendable, CustomStringConvertible {
    let verb: String
    let group: String
    /// The resource, including a subresource.
    let resource: String

    var description: String { "\(verb) \(resource).\(group)" }

    init(verb: String, group: String, resource: String) {
        self.verb = verb
        self.group = group
        self.resource = resource
    }

    /// Nil for requests that every client may send: discovery and access reviews.
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

    /// The permissions that a role grants.
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
