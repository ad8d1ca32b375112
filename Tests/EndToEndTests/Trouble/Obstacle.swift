import KubeClient
import Testing

/// Something that prevents the creation of runs in a namespace.
enum Obstacle: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case webhookDown = "webhook-down"
    case webhookDenial = "webhook-denial"
    case policyDenial = "policy-denial"
    case quota = "quota"
    case namespaceTerminating = "namespace-terminating"

    var testDescription: String { rawValue }

    /// The reason of an execution that meets the obstacle.
    var verdict: String {
        switch self {
        case .webhookDown: "Pending/-/WebhookUnavailable"
        case .webhookDenial, .policyDenial: "Failed/Error/PolicyDenied"
        case .quota: "Pending/-/QuotaExceeded"
        case .namespaceTerminating: "Failed/Error/NamespaceTerminating"
        }
    }

    /// Whether the execution waits until the obstacle is removed.
    var isWaitedFor: Bool { verdict.hasPrefix("Pending") }

    /// The text that the execution's message must contain so that a user can act on it.
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

// MARK: - On a real API server

extension Obstacle {
    /// The objects that cause it on a real API server; nil if objects are not sufficient.
    ///
    /// A webhook that answers needs a TLS server, and a terminating namespace also loses its executions.
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

    /// How many runs of each engine the quota allows.
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

    /// A required webhook that is unreachable.
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
