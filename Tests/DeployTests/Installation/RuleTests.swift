import KubeClient
import Testing

/// Every rule finds what it is there for: each of these changes breaks the rule beside it.
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

        /// Puts a value where a path of the first container leads.
        init(_ rule: String, container path: String..., value: JSONValue) {
            self.init(rule, "Deployment") { object in
                object.change(["spec", "template", "spec", "containers"]) { list in
                    guard var container = list[0] else { return }
                    container[path: path] = value
                    list = .array([container])
                }
            }
        }

        /// Puts a value where a path of an object leads.
        init(_ rule: String, _ kind: String, at path: String..., value: JSONValue) {
            self.init(rule, kind) { $0[path: path] = value }
        }

        var testDescription: String { rule }
    }

    @Test(arguments: containerBreaches + podBreaches + otherBreaches) func isNoticed(_ breach: Breach) throws {
        let rule = try #require(ManifestRule.all.first { $0.name == breach.rule }, "no rule \(breach.rule)")
        var installation = try Installation.singleFile()
        let index = try #require(installation.objects.firstIndex { $0.kind == breach.kind })
        breach.change(&installation.objects[index])
        #expect(rule.violations(installation) != [])
    }

    @Test func everyRuleIsBrokenOnce() {
        let broken = Set((Self.containerBreaches + Self.podBreaches + Self.otherBreaches).map(\.rule))
        #expect(Set(ManifestRule.all.map(\.name)) == broken)
    }

    static let containerBreaches = [
        Breach("images have a version, and it is not latest", container: "image", value: "example:5000/towline"),
        Breach(
            "the root file system cannot be written", container: "securityContext", "readOnlyRootFilesystem",
            value: false),
        Breach(
            "no privileges, and no way to them", container: "securityContext", "allowPrivilegeEscalation", value: true),
        Breach("no capabilities", container: "securityContext", "capabilities", "add", value: ["NET_ADMIN"]),
        Breach("containers cannot be root", container: "securityContext", "runAsNonRoot", value: false),
        Breach(
            "the system calls are those of the runtime's profile", container: "securityContext", "seccompProfile",
            value: ["type": "Unconfined"]),
        Breach(
            "processor and memory are asked for and limited", container: "resources", "limits", value: ["cpu": "1"]),
        Breach(
            "start, life and readiness are probed, on ports that are there", container: "startupProbe", value: .null),
        Breach(
            "life does not depend on the API server", container: "livenessProbe", "httpGet", "path", value: "/readyz"),
        Breach(
            "no secrets in the environment", container: "env",
            value: [["name": "A", "valueFrom": ["secretKeyRef": ["name": "a", "key": "b"]]]]),
        Breach("no port of the node", container: "ports", value: [["containerPort": 80, "hostPort": 80]]),
    ]

    static let podBreaches = [
        Breach(
            "user and group are neither root nor anybody of the node", "Deployment", at: "spec", "template", "spec",
            "securityContext", "runAsUser", value: 1000),
        Breach(
            "pods have the runtime's profile of system calls", "Deployment", at: "spec", "template", "spec",
            "securityContext", "seccompProfile", value: .null),
        Breach(
            "nothing of the node is shared", "Deployment", at: "spec", "template", "spec", "hostNetwork", value: true),
        Breach(
            "no volume reaches the node or a secret", "Deployment", at: "spec", "template", "spec", "volumes",
            value: [["name": "host", "hostPath": ["path": "/"]]]),
        Breach(
            "other services are not told to the process", "Deployment", at: "spec", "template", "spec",
            "enableServiceLinks", value: true),
        Breach(
            "what is under way has time to end", "Deployment", at: "spec", "template", "spec",
            "terminationGracePeriodSeconds", value: 5),
        Breach(
            "pods have an identity of their own, whose token nobody else gets", "ServiceAccount",
            at: "automountServiceAccountToken", value: true),
        Breach("one pod can go at any time", "Deployment", at: "spec", "replicas", value: 1),
        Breach(
            "a budget covers the pods and lets one of them go", "PodDisruptionBudget", at: "spec", "maxUnavailable",
            value: 0),
        Breach(
            "pods keep apart from each other", "Deployment", at: "spec", "template", "spec", "affinity", value: [:]),
        Breach(
            "a new version takes over before the old one goes", "Deployment", at: "spec", "strategy",
            value: ["type": "Recreate"]),
    ]

    private static func right(_ groups: JSONValue, _ resources: JSONValue, _ verbs: JSONValue) -> JSONValue {
        [["apiGroups": groups, "resources": resources, "verbs": verbs]]
    }

    static let otherBreaches = [
        Breach("no role says everything", "ClusterRole", at: "rules", value: right([""], ["services"], ["*"])),
        Breach(
            "no role reaches secrets, pods or other people's identities", "ClusterRole", at: "rules",
            value: right([""], ["secrets"], ["get"])),
        Breach(
            "no role can widen itself or become somebody else", "ClusterRole", at: "rules",
            value: right([""], ["serviceaccounts"], ["impersonate"])),
        Breach(
            "only people delete in bulk", "Role", at: "rules",
            value: right(["towline.dev"], ["workflowexecutions"], ["deletecollection"])),
        Breach("rights are about resources, and complete", "ClusterRole", at: "rules", value: right([""], [], ["get"])),
        Breach(
            "a role is bound to the operator only, and is part of the installation", "ClusterRoleBinding",
            at: "subjects", value: [["kind": "Group", "name": "system:authenticated"]]),
        Breach(
            "a role that nobody is bound to is one for people, by aggregation", "ClusterRoleBinding",
            at: "roleRef", "name", value: "another"),
        Breach(
            "a network policy isolates the pods both ways", "NetworkPolicy", at: "spec", "policyTypes",
            value: ["Ingress"]),
        Breach(
            "only metrics can be reached, and not by everybody", "NetworkPolicy", at: "spec", "ingress",
            value: [["ports": [["port": "metrics"]]]]),
        Breach(
            "only the API server and the cluster's DNS are reached", "NetworkPolicy", at: "spec", "egress",
            value: [["ports": [["port": 53]]]]),
        Breach(
            "services lead to ports of pods that are there, inside the cluster", "Service", at: "spec", "type",
            value: "LoadBalancer"),
        Breach("monitors select what is there, once", "Service") { $0 = ["kind": "ServiceMonitor"] },
        Breach("every object says what it belongs to", "Service", at: "metadata", "labels", value: [:]),
        Breach(
            "every object of a namespace says which, and it is not the default one", "Service",
            at: "metadata", "namespace", value: "default"),
        Breach("every object is there once", "Service") { object in
            object["kind"] = "Deployment"
            object[path: ["metadata", "name"]] = "towline-operator"
        },
        Breach("no secret is part of it", "Service", at: "kind", value: "Secret"),
        Breach(
            "the pods' namespace takes restricted pods only", "Namespace", at: "metadata", "labels",
            "pod-security.kubernetes.io/enforce", value: "baseline"),
        Breach(
            "a deployment selects the pods it makes", "Deployment", at: "spec", "selector", "matchLabels",
            "app.kubernetes.io/name", value: "other"),
        Breach(
            "the definition of executions comes with it, and an operator", "CustomResourceDefinition", at: "kind",
            value: "ConfigMap"),
    ]
}

extension JSONValue {
    /// Changes the value that a path leads to.
    fileprivate mutating func change(_ path: [String], _ change: (inout JSONValue) -> Void) {
        guard var value = self[path: path] else { return }
        change(&value)
        self[path: path] = value
    }
}
