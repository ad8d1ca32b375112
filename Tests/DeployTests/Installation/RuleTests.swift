import KubeClient
import Testing

/// Every rule detects a violation: each change here breaks one rule.
@Suite struct RuleTests {
    struct Breach: Sendable, CustomTestStringConvertible {
        let rule: String
        let kind: String
        let change: @Sendable (inout JSONValue) -> Void

        init(_ rule: String, _ kind: String, _ change: @escaping @Sendable (inout JSONValue) -> Void) {
            self.rule = rule
            self.kind = kind
            self.change = change
        }

        /// Sets a value at a path of the first container.
        init(_ rule: String, container path: String..., value: JSONValue) {
            self.init(rule, "Deployment") { object in
                object.change(["spec", "template", "spec", "containers"]) { list in
                    guard var container = list[0] else { return }
                    container[path: path] = value
                    list = .array([container])
                }
            }
        }

        /// Sets a value at a path of an object.
        init(_ rule: String, _ kind: String, at path: String..., value: JSONValue) {
            self.init(rule, kind) { $0[path: path] = value }
        }

        var testDescription: String { rule }
    }

    @Test(arguments: containerBreaches + podBreaches + otherBreaches) func `detects a violation`(_ breach: Breach)
        throws
    {
        let rule = try #require(ManifestRule.all.first { $0.name == breach.rule }, "no rule \(breach.rule)")
        var installation = try Installation.singleFile()
        let index = try #require(installation.objects.firstIndex { $0.kind == breach.kind })
        breach.change(&installation.objects[index])
        #expect(rule.violations(installation) != [])
    }

    @Test func `every rule has a violation here`() {
        let broken = Set((Self.containerBreaches + Self.podBreaches + Self.otherBreaches).map(\.rule))
        #expect(Set(ManifestRule.all.map(\.name)) == broken)
    }

    static let containerBreaches = [
        Breach("images have a tag other than latest, or a digest", container: "image", value: "example:5000/towline"),
        Breach(
            "the root file system is read-only", container: "securityContext", "readOnlyRootFilesystem",
            value: false),
        Breach(
            "containers are unprivileged and cannot escalate", container: "securityContext", "allowPrivilegeEscalation",
            value: true),
        Breach(
            "containers have no capabilities", container: "securityContext", "capabilities", "add", value: ["NET_ADMIN"]
        ),
        Breach("containers run as non-root", container: "securityContext", "runAsNonRoot", value: false),
        Breach(
            "containers use the RuntimeDefault seccomp profile", container: "securityContext", "seccompProfile",
            value: ["type": "Unconfined"]),
        Breach(
            "CPU and memory have requests and limits", container: "resources", "limits", value: ["cpu": "1"]),
        Breach(
            "startup, liveness and readiness probes use existing ports", container: "startupProbe", value: .null),
        Breach(
            "liveness does not depend on the API server", container: "livenessProbe", "httpGet", "path",
            value: "/readyz"),
        Breach(
            "no environment variable comes from a Secret", container: "env",
            value: [["name": "A", "valueFrom": ["secretKeyRef": ["name": "a", "key": "b"]]]]),
        Breach("no host port is used", container: "ports", value: [["containerPort": 80, "hostPort": 80]]),
    ]

    static let podBreaches = [
        Breach(
            "user and group IDs are above 10,000", "Deployment", at: "spec", "template", "spec",
            "securityContext", "runAsUser", value: 1000),
        Breach(
            "pods use the RuntimeDefault seccomp profile", "Deployment", at: "spec", "template", "spec",
            "securityContext", "seccompProfile", value: .null),
        Breach(
            "pods share no namespaces with the node", "Deployment", at: "spec", "template", "spec", "hostNetwork",
            value: true),
        Breach(
            "no volume mounts the node or a Secret", "Deployment", at: "spec", "template", "spec", "volumes",
            value: [["name": "host", "hostPath": ["path": "/"]]]),
        Breach(
            "service environment variables are disabled", "Deployment", at: "spec", "template", "spec",
            "enableServiceLinks", value: true),
        Breach(
            "the grace period is between 15 and 60 seconds", "Deployment", at: "spec", "template", "spec",
            "terminationGracePeriodSeconds", value: 5),
        Breach(
            "pods use a dedicated service account whose token only they mount", "ServiceAccount",
            at: "automountServiceAccountToken", value: true),
        Breach("there are at least two replicas", "Deployment", at: "spec", "replicas", value: 1),
        Breach(
            "a disruption budget allows one unavailable pod", "PodDisruptionBudget", at: "spec", "maxUnavailable",
            value: 0),
        Breach(
            "pods are spread over nodes and zones", "Deployment", at: "spec", "template", "spec", "affinity", value: [:]
        ),
        Breach(
            "a rollout starts a new pod before it stops an old one", "Deployment", at: "spec", "strategy",
            value: ["type": "Recreate"]),
    ]

    private static func right(_ groups: JSONValue, _ resources: JSONValue, _ verbs: JSONValue) -> JSONValue {
        [["apiGroups": groups, "resources": resources, "verbs": verbs]]
    }

    static let otherBreaches = [
        Breach("no role has a wildcard", "ClusterRole", at: "rules", value: right([""], ["services"], ["*"])),
        Breach(
            "no role reads Secrets, pods or identities", "ClusterRole", at: "rules",
            value: right([""], ["secrets"], ["get"])),
        Breach(
            "no role can escalate or impersonate", "ClusterRole", at: "rules",
            value: right([""], ["serviceaccounts"], ["impersonate"])),
        Breach(
            "only user roles may delete collections", "Role", at: "rules",
            value: right(["towline.dev"], ["workflowexecutions"], ["deletecollection"])),
        Breach(
            "every rule names API groups, resources and verbs", "ClusterRole", at: "rules",
            value: right([""], [], ["get"])),
        Breach(
            "roles are bound to the operator only, and are included", "ClusterRoleBinding",
            at: "subjects", value: [["kind": "Group", "name": "system:authenticated"]]),
        Breach(
            "unbound roles are aggregated into the cluster's roles", "ClusterRoleBinding",
            at: "roleRef", "name", value: "another"),
        Breach(
            "a network policy restricts ingress and egress", "NetworkPolicy", at: "spec", "policyTypes",
            value: ["Ingress"]),
        Breach(
            "only selected peers can reach the metrics port", "NetworkPolicy", at: "spec", "ingress",
            value: [["ports": [["port": "metrics"]]]]),
        Breach(
            "egress is limited to the API server and cluster DNS", "NetworkPolicy", at: "spec", "egress",
            value: [["ports": [["port": 53]]]]),
        Breach(
            "services are internal and target existing ports", "Service", at: "spec", "type",
            value: "LoadBalancer"),
        Breach("monitors select the operator, and only one of them is included", "Service") {
            $0 = ["kind": "ServiceMonitor"]
        },
        Breach("every object has the recommended labels", "Service", at: "metadata", "labels", value: [:]),
        Breach(
            "every namespaced object names a namespace other than default", "Service",
            at: "metadata", "namespace", value: "default"),
        Breach("no object is listed twice", "Service") { object in
            object["kind"] = "Deployment"
            object[path: ["metadata", "name"]] = "towline-operator"
        },
        Breach("no Secret is included", "Service", at: "kind", value: "Secret"),
        Breach(
            "the pods' namespace enforces the restricted pod security standard", "Namespace", at: "metadata", "labels",
            "pod-security.kubernetes.io/enforce", value: "baseline"),
        Breach(
            "a Deployment selects its own pods", "Deployment", at: "spec", "selector", "matchLabels",
            "app.kubernetes.io/name", value: "other"),
        Breach(
            "the definitions and an operator are included", "CustomResourceDefinition", at: "kind",
            value: "ConfigMap"),
    ]
}

extension JSONValue {
    /// Changes the value at a path.
    fileprivate mutating func change(_ path: [String], _ change: (inout JSONValue) -> Void) {
        guard var value = self[path: path] else { return }
        change(&value)
        self[path: path] = value
    }
}
