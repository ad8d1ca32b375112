import Engines
import Operator
import TowlineAPI

/// One of the operator's roles, generated from its permissions.
struct RoleManifest: Sendable {
    let part: Permission.Part

    /// The roles of all parts.
    static var all: [GeneratedFile] { parts.map { RoleManifest(part: $0).file } }

    private static let parts: [Permission.Part] = [.executions] + EngineName.allCases.map { .engine($0) } + [.election]

    /// `towline-operator`, with a suffix for each other part.
    private var name: String { suffix.map { "towline-operator-\($0)" } ?? "towline-operator" }

    private var suffix: String? {
        switch part {
        case .executions: nil
        case .engine(let engine): engine.rawValue
        case .election: "election"
        }
    }

    private var about: String {
        switch part {
        case .executions: "The permissions of the operator on executions and environments."
        case .engine(let engine):
            "The permissions of the operator to run workflows on \(EngineRegistry.engine(engine).title)."
        case .election: "The permissions of the operator for leader election (--leader-elect)."
        }
    }

    /// A cluster role, or a role in the namespace of the lease.
    private var file: GeneratedFile {
        let isNamespaced = part == .election
        let path = isNamespaced ? "election-role" : "operator\(suffix.map { "-\($0)" } ?? "")-clusterrole"
        return GeneratedFile(
            path: "deploy/base/rbac/\(path).yaml",
            content: """
                # \(about)
                # \(GeneratedFile.notice)
                apiVersion: rbac.authorization.k8s.io/v1
                kind: \(isNamespaced ? "Role" : "ClusterRole")
                metadata:
                  name: \(name)\(isNamespaced ? "\n  namespace: towline-system" : "")
                  labels:
                    app.kubernetes.io/component: operator
                rules:
                \(rules(lease: "towline-operator").map { "  \($0)\n" }.joined())
                """)
    }

    /// The resource that one rule covers.
    private struct Subject: Equatable {
        let group: String
        let resource: String
        let isForOneName: Bool

        init(_ right: Permission) {
            (group, resource, isForOneName) = (right.group, right.resource, right.isForOneName)
        }
    }

    /// One rule for each resource or named object, with a comment for each purpose; the lines are not indented.
    private func rules(lease: String) -> [String] {
        var subjects: [Subject] = []
        let rights = Permission.all.filter { $0.part == part }
        for right in rights where !subjects.contains(Subject(right)) { subjects.append(Subject(right)) }
        return subjects.flatMap { subject -> [String] in
            let same = rights.filter { Subject($0) == subject }
            let verbs = Permission.Verb.allCases.filter { verb in same.contains { $0.verbs.contains(verb) } }
            return same.map { "# \($0.verbList): \($0.purpose)." } + [
                "- apiGroups: [\(subject.group)]", "  resources: [\(subject.resource)]",
            ] + (subject.isForOneName ? ["  resourceNames: [\(lease)]"] : []) + [
                "  verbs: [\(verbs.map(\.rawValue).joined(separator: ", "))]"
            ]
        }
    }

    /// The rules as named templates of the Helm chart, which uses them in cluster roles or namespaced roles.
    static var chartRules: GeneratedFile {
        let templates = parts.map { part in
            let role = RoleManifest(part: part)
            return """
                {{- define "towline.rules.\(role.suffix ?? "operator")" -}}
                \(role.rules(lease: #"{{ include "towline.fullname" . }}"#).joined(separator: "\n"))
                {{- end }}

                """
        }
        return GeneratedFile(
            path: "deploy/chart/towline/templates/_rules.tpl",
            content: "{{/* The rules of the operator's roles. \(GeneratedFile.notice) */}}\n"
                + templates.joined(separator: "\n"))
    }
}

extension Permission {
    /// `get, list, watch`
    var verbList: String { verbs.map(\.rawValue).joined(separator: ", ") }
}

/// What the built-in user roles of Kubernetes allow on executions, environments, definitions and lifecycles.
enum UserRole: String, CaseIterable {
    case view, edit, admin

    /// The built-in roles aggregate: `edit` includes `view`, and `admin` includes `edit`.
    private var verbs: String {
        switch self {
        case .view: "get, list, watch"
        case .edit: "create, update, patch, delete"
        case .admin: "deletecollection"
        }
    }

    private var about: String {
        switch self {
        case .view: "Users with the role `view` can read executions, environments and the catalog."
        case .edit:
            "Users with the role `edit` can also start, stop and delete executions and environments, and maintain the catalog."
        case .admin: "Users with the role `admin` can also delete all objects of a kind in a namespace at once."
        }
    }

    var file: GeneratedFile {
        GeneratedFile(
            path: "deploy/base/rbac/users/\(rawValue)-clusterrole.yaml",
            content: """
                # \(about)
                # \(GeneratedFile.notice)
                apiVersion: rbac.authorization.k8s.io/v1
                kind: ClusterRole
                metadata:
                  name: towline-\(rawValue)
                  labels:
                    app.kubernetes.io/component: users
                    rbac.authorization.k8s.io/aggregate-to-\(rawValue): "true"
                rules:
                  - apiGroups: [towline.dev]
                    resources: [workflowexecutions, environments, workflowdefinitions, lifecycles]
                    verbs: [\(verbs)]

                """)
    }
}
