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
