import KubeClient
import Testing

/// Something that keeps runs from being created in a namespace.
enum Obstacle: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case webhookDown = "webhook-down"
    case webhookDenial = "webhook-denial"
    case policyDenial = "policy-denial"
    case quota = "quota"
    case namespaceTerminating = "namespace-terminating"

    var testDescription: String { rawValue }

    /// What an execution says that meets it.
    var verdict: String {
        switch self {
        case .webhookDown: "Pending/-/WebhookUnavailable"
        case .webhookDenial, .policyDenial: "Failed/Error/PolicyDenied"
        case .quota: "Pending/-/QuotaExceeded"
        case .namespaceTerminating: "Failed/Error/NamespaceTerminating"
        }
    }

    /// True where the execution waits until the obstacle is gone.
    var isWaitedFor: Bool { verdict.hasPrefix("Pending") }

    /// What the execution's message has to name, for somebody to act on.
    func words(in namespace: String) -> String {
        switch self {
        case .webhookDown: "down.example.com"
        case .webhookDenial: "approval.example.com"
        case .policyDenial: "'approval-\(namespace)'"
        case .quota: "exceeded quota: runs"
        case .namespaceTerminating: namespace
        }
    }
}

// MARK: - The real thing

extension Obstacle {
    /// The objects that bring it about on a real API server; none where it takes more than objects.
    ///
    /// A webhook that answers needs a TLS server, and a namespace that is being deleted loses its executions too.
    func objects(in namespace: String) -> [JSONValue] {
        switch self {
        case .webhookDown: [webhook(in: namespace)]
        case .policyDenial: policy(in: namespace)
        case .quota:
            [
                [
                    "apiVersion": "v1", "kind": "ResourceQuota", "metadata": ["name": "runs"],
                    "spec": ["hard": Self.room("0")],
                ]
            ]
        case .webhookDenial, .namespaceTerminating: []
        }
    }

    /// How many runs of each engine a quota admits.
    static func room(_ count: JSONValue) -> JSONValue {
        ["count/pipelineruns.tekton.dev": count, "count/workflows.argoproj.io": count]
    }

    private static let runs: JSONValue = [
        "apiGroups": ["tekton.dev", "argoproj.io"], "apiVersions": ["*"], "operations": ["CREATE"],
        "resources": ["pipelineruns", "workflows"],
    ]

    private func selector(_ namespace: String) -> JSONValue {
        ["matchLabels": ["kubernetes.io/metadata.name": .string(namespace)]]
    }

    /// A webhook that has to be asked and cannot be reached.
    private func webhook(in namespace: String) -> JSONValue {
        [
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": ["name": .string("down-\(namespace)")],
            "webhooks": [
                [
                    "name": "down.example.com", "failurePolicy": "Fail", "sideEffects": "None", "timeoutSeconds": 1,
                    "admissionReviewVersions": ["v1"], "clientConfig": ["url": "https://127.0.0.1:1/"],
                    "namespaceSelector": selector(namespace), "rules": [Self.runs],
                ]
            ],
        ]
    }

    private func policy(in namespace: String) -> [JSONValue] {
        let name = JSONValue.string("approval-\(namespace)")
        return [
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
                "metadata": ["name": name],
                "spec": [
                    "failurePolicy": "Fail", "matchConstraints": ["resourceRules": [Self.runs]],
                    "validations": [["expression": "false", "message": "runs need an approval"]],
                ],
            ],
            [
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
                "metadata": ["name": name],
                "spec": [
                    "policyName": name, "validationActions": ["Deny"],
                    "matchResources": ["namespaceSelector": selector(namespace)],
                ],
            ],
        ]
    }
}
