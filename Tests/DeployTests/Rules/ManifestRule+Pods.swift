import KubeClient

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
