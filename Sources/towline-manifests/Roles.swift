import Engines
import Operator
import TowlineAPI

/// The rules of one of the operator's roles, made from its rights.
struct RoleManifest: Sendable {
    let part: Right.Part

    /// The roles of all parts.
    static var all: [GeneratedFile] { parts.map { RoleManifest(part: $0).file } }

    private static let parts: [Right.Part] = [.executions] + EngineName.allCases.map { .engine($0) } + [.election]

    /// `towline-operator`, and for the other parts a word more.
    private var name: String { word.map { "towline-operator-\($0)" } ?? "towline-operator" }

    private var word: String? {
        switch part {
        case .executions: nil
        case .engine(let engine): engine.rawValue
        case .election: "election"
        }
    }

    private var about: String {
        switch part {
        case .executions: "What the operator needs to follow executions."
        case .engine(let engine): "What the operator needs to run workflows on \(EngineCatalogue.engine(engine).title)."
        case .election: "What several operators need to elect the one that works (--leader-elect)."
        }
    }

    /// A role of all namespaces, or for the lease of its namespace only.
    private var file: GeneratedFile {
        let isNamespaced = part == .election
        let path = isNamespaced ? "election-role" : "operator\(word.map { "-\($0)" } ?? "")-clusterrole"
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

    /// What one rule is about.
    private struct Subject: Equatable {
        let group: String
        let resource: String
        let isForOneName: Bool

        init(_ right: Right) {
            (group, resource, isForOneName) = (right.group, right.resource, right.isForOneName)
        }
    }

    /// One rule for each resource, or its one object, with what each verb is for; the lines are not indented.
    private func rules(lease: String) -> [String] {
        var subjects: [Subject] = []
        let rights = Right.all.filter { $0.part == part }
        for right in rights where !subjects.contains(Subject(right)) { subjects.append(Subject(right)) }
        return subjects.flatMap { subject -> [String] in
            let same = rights.filter { Subject($0) == subject }
            let verbs = Right.Verb.allCases.filter { verb in same.contains { $0.verbs.contains(verb) } }
            return same.map { "# \($0.verbList): \($0.purpose)." } + [
                "- apiGroups: [\(subject.group)]", "  resources: [\(subject.resource)]",
            ] + (subject.isForOneName ? ["  resourceNames: [\(lease)]"] : []) + [
                "  verbs: [\(verbs.map(\.rawValue).joined(separator: ", "))]"
            ]
        }
    }

    /// The rules as named templates of the Helm chart, which puts them into roles of all or of some namespaces.
    static var chartRules: GeneratedFile {
        let templates = parts.map { part in
            let role = RoleManifest(part: part)
            return """
                {{- define "towline.rules.\(role.word ?? "operator")" -}}
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

extension Right {
    /// `get, list, watch`
    var verbList: String { verbs.map(\.rawValue).joined(separator: ", ") }
}

/// What people may do with executions who have one of the cluster's own roles in a namespace.
enum UserRole: String, CaseIterable {
    case view, edit, admin

    /// Whoever may edit may view already, since the cluster's own roles are made from one another.
    private var verbs: String {
        switch self {
        case .view: "get, list, watch"
        case .edit: "create, update, patch, delete"
        case .admin: "deletecollection"
        }
    }

    private var about: String {
        switch self {
        case .view: "Whoever has the role `view` may read executions."
        case .edit: "Whoever has the role `edit` may start, stop and delete executions as well."
        case .admin: "Whoever has the role `admin` may also delete all executions of a namespace at once."
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
                    resources: [workflowexecutions]
                    verbs: [\(verbs)]

                """)
    }
}
