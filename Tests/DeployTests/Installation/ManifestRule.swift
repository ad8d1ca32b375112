import KubeClient
import Testing

/// A rule that every installation must follow, with a check that finds violations.
struct ManifestRule: Sendable, CustomTestStringConvertible {
    let name: String
    /// The violations; each names the object.
    let violations: @Sendable (Installation) -> [String]

    init(_ name: String, _ violations: @escaping @Sendable (Installation) -> [String]) {
        self.name = name
        self.violations = violations
    }

    var testDescription: String { name }

    static let all = containerRules + podRules + availabilityRules + rightsRules + networkRules + objectRules

    /// A rule that each container must follow.
    static func containers(
        _ name: String, _ isKept: @escaping @Sendable (_ container: JSONValue) -> Bool
    ) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.containers.filter { !isKept($0.container) }.map(\.path)
        }
    }

    /// A rule that each pod's spec must follow.
    static func pods(_ name: String, _ isKept: @escaping @Sendable (_ spec: JSONValue) -> Bool) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.podTemplates.filter { !isKept($0.template["spec"] ?? [:]) }.map(\.owner.identity)
        }
    }
}

extension ManifestRule {
    /// Cluster-scoped kinds.
    private static let clusterScoped: Set<String> = [
        "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    ]

    static let objectRules: [ManifestRule] = [
        ManifestRule("every object has the recommended labels") { installation in
            installation.objects.filter { object in
                object.labels["app.kubernetes.io/name"] != "towline"
                    || object.labels["app.kubernetes.io/part-of"] != "towline"
                    || object.labels["app.kubernetes.io/version"] == nil
            }.map(\.identity)
        },
        ManifestRule("every namespaced object names a namespace other than default") { installation in
            installation.objects.filter { object in
                clusterScoped.contains(object.kind)
                    ? object.namespace != nil : object.namespace == nil || object.namespace == "default"
            }.map(\.identity)
        },
        ManifestRule("no object is listed twice") { installation in
            let counts = Dictionary(installation.objects.map { ($0.identity, 1) }, uniquingKeysWith: +)
            return counts.filter { $0.value > 1 }.keys.sorted()
        },
        ManifestRule("no Secret is included") { $0.objects(of: "Secret").map(\.identity) },
        ManifestRule("the pods' namespace enforces the restricted pod security standard") { installation in
            installation.podTemplates.filter { owner, _ in
                !installation.objects(of: "Namespace").contains { namespace in
                    namespace.name == owner.namespace
                        && ["enforce", "audit", "warn"].allSatisfy {
                            namespace.labels["pod-security.kubernetes.io/\($0)"] == "restricted"
                        }
                }
            }.map(\.owner.identity)
        },
        ManifestRule("a Deployment selects its own pods") { installation in
            installation.podTemplates.filter { owner, template in
                !(owner[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
            }.map(\.owner.identity)
        },
        ManifestRule("the definitions and an operator are included") { installation in
            let names = Set(installation.objects(of: "CustomResourceDefinition").map(\.name))
            let expected = Set(
                ["environments", "lifecycles", "workflowdefinitions", "workflowexecutions"].map { "\($0).towline.dev" })
            return names != expected || installation.podTemplates.isEmpty
                ? ["a definition or the operator is missing"] : []
        },
    ]
}

extension ManifestRule {
    static let podRules: [ManifestRule] = [
        pods("user and group IDs are above 10,000") { spec in
            spec[path: ["securityContext", "runAsNonRoot"]] == true
                && ["runAsUser", "runAsGroup"].allSatisfy { field in
                    (spec[path: ["securityContext", field]]?.integerValue ?? 0) > 10_000
                }
        },
        pods("pods use the RuntimeDefault seccomp profile") { spec in
            spec[path: ["securityContext", "seccompProfile", "type"]] == "RuntimeDefault"
        },
        pods("pods share no namespaces with the node") { spec in
            ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"].allSatisfy { spec[$0] ?? false == false }
        },
        pods("no volume mounts the node or a Secret") { spec in
            spec.list("volumes").allSatisfy { $0["hostPath"] == nil && $0["secret"] == nil }
        },
        pods("service environment variables are disabled") { $0["enableServiceLinks"] == false },
        pods("the grace period is between 15 and 60 seconds") { spec in
            // Ten seconds for work in progress and two for the lease; draining a node must not take more than a minute.
            (15...60).contains(spec["terminationGracePeriodSeconds"]?.integerValue ?? 0)
        },
        ManifestRule("pods use a dedicated service account whose token only they mount") { installation in
            installation.podTemplates.compactMap { owner, template in
                let name = template[path: ["spec", "serviceAccountName"]]?.stringValue ?? "default"
                let account = installation.objects(of: "ServiceAccount").first {
                    $0.name == name && $0.namespace == owner.namespace
                }
                let isOwn = name != "default" && account?["automountServiceAccountToken"] == false
                return isOwn && template[path: ["spec", "automountServiceAccountToken"]] == true ? nil : owner.identity
            }
        },
    ]

    static let availabilityRules: [ManifestRule] = [
        ManifestRule("there are at least two replicas") { installation in
            installation.podTemplates.filter { owner, _ in
                (owner[path: ["spec", "replicas"]]?.integerValue ?? 1) < 2
            }.map(\.owner.identity)
        },
        ManifestRule("a disruption budget allows one unavailable pod") { installation in
            installation.podTemplates.filter { owner, template in
                !installation.objects(of: "PodDisruptionBudget").contains { budget in
                    budget.namespace == owner.namespace
                        && (budget[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
                        && budget[path: ["spec", "maxUnavailable"]] == 1
                }
            }.map(\.owner.identity)
        },
        ManifestRule("pods are spread over nodes and zones") { installation in
            installation.podTemplates.filter { _, template in
                let apart = template.list(
                    "spec", "affinity", "podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"
                ).compactMap { $0["podAffinityTerm"] }
                let spread = template.list("spec", "topologySpreadConstraints")
                return ![apart, spread].allSatisfy { terms in
                    terms.contains { ($0["labelSelector"] ?? [:]).selects(template.labels) }
                }
            }.map(\.owner.identity)
        },
        ManifestRule("a rollout starts a new pod before it stops an old one") { installation in
            installation.podTemplates.filter { owner, _ in
                owner[path: ["spec", "strategy", "rollingUpdate", "maxUnavailable"]] != 0
            }.map(\.owner.identity)
        },
    ]
}

extension ManifestRule {
    static let containerRules: [ManifestRule] = [
        containers("images have a tag other than latest, or a digest") { container in
            let image = container["image"]?.stringValue ?? ""
            if image.contains("@sha256:") { return true }
            let last = image.split(separator: "/").last ?? ""
            let parts = last.split(separator: ":")
            return parts.count == 2 && parts[1] != "latest"
        },
        containers("the root file system is read-only") { $0.security("readOnlyRootFilesystem") == true },
        containers("containers are unprivileged and cannot escalate") { container in
            container.security("allowPrivilegeEscalation") == false && container.security("privileged") != true
        },
        containers("containers have no capabilities") { container in
            container.texts("securityContext", "capabilities", "drop").contains("ALL")
                && container.texts("securityContext", "capabilities", "add").isEmpty
        },
        containers("containers run as non-root") { $0.security("runAsNonRoot") == true },
        containers("containers use the RuntimeDefault seccomp profile") { container in
            container[path: ["securityContext", "seccompProfile", "type"]] == "RuntimeDefault"
        },
        containers("CPU and memory have requests and limits") { container in
            ["requests", "limits"].allSatisfy { list in
                ["cpu", "memory"].allSatisfy { container[path: ["resources", list, $0]]?.stringValue != nil }
            }
        },
        containers("startup, liveness and readiness probes use existing ports") { container in
            let ports = container.list("ports").compactMap { $0["name"]?.stringValue }
            return ["startupProbe", "livenessProbe", "readinessProbe"].allSatisfy { probe in
                container[path: [probe, "httpGet", "port"]]?.stringValue.map(ports.contains) ?? false
            }
        },
        containers("liveness does not depend on the API server") { container in
            ["startupProbe", "livenessProbe"].allSatisfy { container[path: [$0, "httpGet", "path"]] == "/healthz" }
                && container[path: ["readinessProbe", "httpGet", "path"]] == "/readyz"
        },
        containers("no environment variable comes from a Secret") { container in
            container.list("env").allSatisfy { $0[path: ["valueFrom", "secretKeyRef"]] == nil }
                && container.list("envFrom").allSatisfy { $0["secretRef"] == nil }
        },
        containers("no host port is used") { container in
            container.list("ports").allSatisfy { $0["hostPort"] == nil && $0["hostIP"] == nil }
        },
    ]
}

extension JSONValue {
    /// A member of a container's security context.
    fileprivate func security(_ field: String) -> JSONValue? { self[path: ["securityContext", field]] }
}
