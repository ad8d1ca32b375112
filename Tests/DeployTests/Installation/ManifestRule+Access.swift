import KubeClient

extension ManifestRule {
    /// Resources that neither the operator nor its users need.
    private static let forbiddenResources: Set<String> = [
        "secrets", "pods", "pods/exec", "pods/log", "pods/attach", "pods/portforward", "configmaps", "nodes",
        "serviceaccounts/token", "users", "groups", "certificatesigningrequests",
    ]
    private static let forbiddenVerbs: Set<String> = ["escalate", "bind", "impersonate"]

    static let rightsRules: [ManifestRule] = [
        rights("no role has a wildcard") { rule in
            ["apiGroups", "resources", "verbs", "nonResourceURLs"].allSatisfy { list in
                !rule.texts(list).contains { $0.contains("*") }
            }
        },
        rights("no role reads Secrets, pods or identities") { rule in
            Set(rule.texts("resources")).isDisjoint(with: forbiddenResources)
        },
        rights("no role can escalate or impersonate") { rule in
            Set(rule.texts("verbs")).isDisjoint(with: forbiddenVerbs)
                && !rule.texts("apiGroups").contains("rbac.authorization.k8s.io")
        },
        ManifestRule("only user roles may delete collections") { installation in
            installation.objects(of: "Role", "ClusterRole").filter { role in
                !role.isAggregated && role.list("rules").contains { $0.texts("verbs").contains("deletecollection") }
            }.map(\.identity)
        },
        rights("every rule names API groups, resources and verbs") { rule in
            ["apiGroups", "resources", "verbs"].allSatisfy { !rule.texts($0).isEmpty }
                && rule["nonResourceURLs"] == nil
        },
        ManifestRule("roles are bound to the operator only, and are included") { installation in
            installation.objects(of: "RoleBinding", "ClusterRoleBinding").filter { binding in
                let role = binding[path: ["roleRef", "name"]]?.stringValue ?? ""
                let kind = binding[path: ["roleRef", "kind"]]?.stringValue ?? ""
                let isKnown = installation.objects(of: kind).contains {
                    $0.name == role && (kind == "ClusterRole" || $0.namespace == binding.namespace)
                }
                let isForOperator = binding.list("subjects").allSatisfy { subject in
                    installation.objects(of: "ServiceAccount").contains {
                        subject["kind"] == "ServiceAccount" && subject["name"]?.stringValue == $0.name
                            && subject["namespace"]?.stringValue == $0.namespace
                    }
                }
                return !isKnown || !isForOperator || binding.list("subjects").isEmpty
            }.map(\.identity)
        },
        ManifestRule("unbound roles are aggregated into the cluster's roles") { installation in
            let bindings = installation.objects(of: "RoleBinding", "ClusterRoleBinding")
            return installation.objects(of: "Role", "ClusterRole").filter { role in
                let isBound = bindings.contains {
                    $0[path: ["roleRef", "name"]]?.stringValue == role.name
                        && $0[path: ["roleRef", "kind"]]?.stringValue == role.kind
                        && (role.namespace == nil || role.namespace == $0.namespace)
                }
                return isBound == role.isAggregated
            }.map(\.identity)
        },
    ]

    /// A rule that each rule of each role must follow.
    private static func rights(
        _ name: String, _ isKept: @escaping @Sendable (_ rule: JSONValue) -> Bool
    ) -> ManifestRule {
        ManifestRule(name) { installation in
            installation.objects(of: "Role", "ClusterRole").flatMap { role in
                role.list("rules").filter { !isKept($0) }.map { "\(role.identity): \($0.encodedString)" }
            }
        }
    }
}

extension JSONValue {
    /// True for a role that is aggregated into one of the cluster's own.
    fileprivate var isAggregated: Bool {
        labels.keys.contains { $0.hasPrefix("rbac.authorization.k8s.io/aggregate-to-") }
    }
}

extension ManifestRule {
    private static let apiServerPorts: Set<Int64> = [443, 6443, 6444, 8443, 16443]

    static let networkRules: [ManifestRule] = [
        ManifestRule("a network policy restricts ingress and egress") { installation in
            installation.podTemplates.filter { owner, template in
                !installation.objects(of: "NetworkPolicy").contains { policy in
                    policy.namespace == owner.namespace
                        && (policy[path: ["spec", "podSelector"]] ?? [:]).selects(template.labels)
                        && Set(policy.texts("spec", "policyTypes")) == ["Ingress", "Egress"]
                }
            }.map(\.owner.identity)
        },
        ManifestRule("only selected peers can reach the metrics port") { installation in
            installation.objects(of: "NetworkPolicy").filter { policy in
                !policy.list("spec", "ingress").allSatisfy { rule in
                    !rule.list("from").isEmpty && !rule.list("ports").isEmpty
                        && rule.list("ports").allSatisfy { $0["port"] == "metrics" }
                }
            }.map(\.identity)
        },
        ManifestRule("egress is limited to the API server and cluster DNS") { installation in
            installation.objects(of: "NetworkPolicy").filter { policy in
                !policy.list("spec", "egress").allSatisfy { rule in
                    let ports = Set(rule.list("ports").compactMap { $0["port"]?.integerValue })
                    guard !ports.isEmpty else { return false }
                    return ports.isSubset(of: apiServerPorts) || ports == [53] && !rule.list("to").isEmpty
                }
            }.map(\.identity)
        },
        ManifestRule("services are internal and target existing ports") { installation in
            installation.objects(of: "Service").filter { service in
                let selector = service.strings("spec", "selector")
                let template = installation.podTemplates.first { _, template in
                    !selector.isEmpty && selector.allSatisfy { template.labels[$0.key] == $0.value }
                }?.template
                let ports = template?.portNames ?? []
                return service[path: ["spec", "type"]] ?? "ClusterIP" != "ClusterIP"
                    || !service.list("spec", "ports").allSatisfy {
                        $0["targetPort"]?.stringValue.map(ports.contains) ?? false
                    }
            }.map(\.identity)
        },
        ManifestRule("monitors select the operator, and only one of them is included") { installation in
            let pods = installation.objects(of: "PodMonitor").filter { monitor in
                !installation.podTemplates.contains { _, template in
                    (monitor[path: ["spec", "selector"]] ?? [:]).selects(template.labels)
                        && monitor.list("spec", "podMetricsEndpoints").allSatisfy { endpoint in
                            endpoint["port"]?.stringValue.map(template.portNames.contains) ?? false
                        }
                }
            }
            let services = installation.objects(of: "ServiceMonitor").filter { monitor in
                !installation.objects(of: "Service").contains {
                    (monitor[path: ["spec", "selector"]] ?? [:]).selects($0.labels)
                }
            }
            let all = installation.objects(of: "PodMonitor", "ServiceMonitor")
            return (pods + services + (all.count > 1 ? all : [])).map(\.identity)
        },
    ]
}

extension JSONValue {
    /// The names of the ports of a pod template's containers.
    fileprivate var portNames: [String] {
        list("spec", "containers").flatMap { $0.list("ports") }.compactMap { $0["name"]?.stringValue }
    }
}
