import Foundation
import KubeClient
import TestSupport

/// The roles that the operator ships with.
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
    /// Gives a service account of this namespace the operator's rights in it, and returns how to be that account.
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

    /// Lets somebody do something in this namespace, by a role and a binding of that name.
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
