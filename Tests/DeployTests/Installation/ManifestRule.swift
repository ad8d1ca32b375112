import KubeClient
import Testing

/// One thing that every installation has to be, and what is wrong where it is not.
struct ManifestRule: Sendable, CustomTestStringConvertible {
    let name: String
    /// The complaints, each naming the object.
    let violations: @Sendable (Installation) -> [String]

    init(_ name: String, _ violations: @escaping @Sendable (Installation) -> [String]) {
        self.name = name
        self.violations = violations
    }

    var testDescription: String { name }

    static let all = containerRules + podRules + availabilityRules + rightsRules + networkRules + objectRules

    /// A rule about each container.
    static func containers(
        _ name: String, _ isKept: @escaping @Sendable (_ container: JSONValue) -> Bool
    ) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.containers.filter { !isKept($0.container) }.map(\.path)
        }
    }

    /// A rule about each pod's spec.
    static func pods(_ name: String, _ isKept: @escaping @Sendable (_ spec: JSONValue) -> Bool) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.podTemplates.filter { !isKept($0.template["spec"] ?? [:]) }.map(\.owner.identity)
        }
    }
}

extension ManifestRule {
    /// The kinds that belong to no namespace.
    private static let clusterScoped: Set<String> = [
        "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PriorityClass",
        "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
    ]

    static let objectRules: [ManifestRule] = [
        ManifestRule("every object says what it belongs to") { installation in
            installation.objects.filter { object in
                object.labels["app.kubernetes.io/name"] != "towline"
                    || object.labels["app.kubernetes.io/part-of"] != "towline"
                    || object.labels["app.kubernetes.io/version"] == nil
            }.map(\.identity)
        },
        ManifestRule("every object of a namespace says which, and it is not the default one") { installation in
            installation.objects.filter { object in
                clusterScoped.contains(object.kind)
                    ? object.namespace != nil : object.namespace == nil || object.namespace == "default"
            }.map(\.identity)
        },
        ManifestRule("every object is there once") { installation in
            let counts = Dictionary(installation.objects.map { ($0.identity, 1) }, uniquingKeysWith: +)
            return counts.filter { $0.value > 1 }.keys.sorted()
        },
        ManifestRule("no secret is part of it") { $0.objects(of: "Secret").map(\.identity) },
        ManifestRule("the pods' namespace takes restricted pods only") { installation in
            installation.podTemplates.filter { owner, _ in
                !installation.objects(of: "Namespace").contains { namespace in
                    namespace.name == owner.namespace
                        && ["enforce", "audit", "warn"].allSatisfy {
                            namespace.labels["pod-security.kubernetes.io/\($0)"] == "restricted"
                        }
                }
            }.map(\.owner.identity)
        },
        ManifestRule("a deployment selects the pods it makes") { installation in
            installation.podTemplates.filter { owner, template in
                !(owner[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
            }.map(\.owner.identity)
        },
        ManifestRule("the definition of executions comes with it, and an operator") { installation in
            installation.objects(of: "CustomResourceDefinition").isEmpty || installation.podTemplates.isEmpty
                ? ["the definition or the operator is missing"] : []
        },
    ]
}

extension ManifestRule {
    static let podRules: [ManifestRule] = [
        pods("user and group are neither root nor anybody of the node") { spec in
            spec[path: ["securityContext", "runAsNonRoot"]] == true
                && ["runAsUser", "runAsGroup"].allSatisfy { field in
                    (spec[path: ["securityContext", field]]?.integerValue ?? 0) > 10_000
                }
        },
        pods("pods have the runtime's profile of system calls") { spec in
            spec[path: ["securityContext", "seccompProfile", "type"]] == "RuntimeDefault"
        },
        pods("nothing of the node is shared") { spec in
            ["hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"].allSatisfy { spec[$0] ?? false == false }
        },
        pods("no volume reaches the node or a secret") { spec in
            spec.list("volumes").allSatisfy { $0["hostPath"] == nil && $0["secret"] == nil }
        },
        pods("other services are not told to the process") { $0["enableServiceLinks"] == false },
        pods("what is under way has time to end") { spec in
            // Ten seconds for the work and two for the lease; nobody waits longer than a minute for a node.
            (15...60).contains(spec["terminationGracePeriodSeconds"]?.integerValue ?? 0)
        },
        ManifestRule("pods have an identity of their own, whose token nobody else gets") { installation in
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
        ManifestRule("one pod can go at any time") { installation in
            installation.podTemplates.filter { owner, _ in
                (owner[path: ["spec", "replicas"]]?.integerValue ?? 1) < 2
            }.map(\.owner.identity)
        },
        ManifestRule("a budget covers the pods and lets one of them go") { installation in
            installation.podTemplates.filter { owner, template in
                !installation.objects(of: "PodDisruptionBudget").contains { budget in
                    budget.namespace == owner.namespace
                        && (budget[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
                        && budget[path: ["spec", "maxUnavailable"]] == 1
                }
            }.map(\.owner.identity)
        },
        ManifestRule("pods keep apart from each other") { installation in
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
        ManifestRule("a new version takes over before the old one goes") { installation in
            installation.podTemplates.filter { owner, _ in
                owner[path: ["spec", "strategy", "rollingUpdate", "maxUnavailable"]] != 0
            }.map(\.owner.identity)
        },
    ]
}

extension ManifestRule {
    static let containerRules: [ManifestRule] = [
        containers("images have a version, and it is not latest") { container in
            let image = container["image"]?.stringValue ?? ""
            if image.contains("@sha256:") { return true }
            let last = image.split(separator: "/").last ?? ""
            let parts = last.split(separator: ":")
            return parts.count == 2 && parts[1] != "latest"
        },
        containers("the root file system cannot be written") { $0.security("readOnlyRootFilesystem") == true },
        containers("no privileges, and no way to them") { container in
            container.security("allowPrivilegeEscalation") == false && container.security("privileged") != true
        },
        containers("no capabilities") { container in
            container.texts("securityContext", "capabilities", "drop").contains("ALL")
                && container.texts("securityContext", "capabilities", "add").isEmpty
        },
        containers("containers cannot be root") { $0.security("runAsNonRoot") == true },
        containers("the system calls are those of the runtime's profile") { container in
            container[path: ["securityContext", "seccompProfile", "type"]] == "RuntimeDefault"
        },
        containers("processor and memory are asked for and limited") { container in
            ["requests", "limits"].allSatisfy { list in
                ["cpu", "memory"].allSatisfy { container[path: ["resources", list, $0]]?.stringValue != nil }
            }
        },
        containers("start, life and readiness are probed, on ports that are there") { container in
            let ports = container.list("ports").compactMap { $0["name"]?.stringValue }
            return ["startupProbe", "livenessProbe", "readinessProbe"].allSatisfy { probe in
                container[path: [probe, "httpGet", "port"]]?.stringValue.map(ports.contains) ?? false
            }
        },
        containers("life does not depend on the API server") { container in
            ["startupProbe", "livenessProbe"].allSatisfy { container[path: [$0, "httpGet", "path"]] == "/healthz" }
                && container[path: ["readinessProbe", "httpGet", "path"]] == "/readyz"
        },
        containers("no secrets in the environment") { container in
            container.list("env").allSatisfy { $0[path: ["valueFrom", "secretKeyRef"]] == nil }
                && container.list("envFrom").allSatisfy { $0["secretRef"] == nil }
        },
        containers("no port of the node") { container in
            container.list("ports").allSatisfy { $0["hostPort"] == nil && $0["hostIP"] == nil }
        },
    ]
}

extension JSONValue {
    /// A member of a container's security context.
    fileprivate func security(_ field: String) -> JSONValue? { self[path: ["securityContext", field]] }
}
