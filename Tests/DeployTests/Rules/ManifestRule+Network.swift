import KubeClient

extension ManifestRule {
    private static let apiServerPorts: Set<Int64> = [443, 6443, 6444, 8443, 16443]

    static let networkRules: [ManifestRule] = [
        ManifestRule("a network policy isolates the pods both ways") { installation in
            installation.podTemplates.filter { owner, template in
                !installation.objects(of: "NetworkPolicy").contains { policy in
                    policy.namespace == owner.namespace
                        && (policy[path: ["spec", "podSelector"]] ?? [:]).selects(template.labels)
                        && Set(policy.texts("spec", "policyTypes")) == ["Ingress", "Egress"]
                }
            }.map(\.owner.identity)
        },
        ManifestRule("only metrics can be reached, and not by everybody") { installation in
            installation.objects(of: "NetworkPolicy").filter { policy in
                !policy.list("spec", "ingress").allSatisfy { rule in
                    !rule.list("from").isEmpty && !rule.list("ports").isEmpty
                        && rule.list("ports").allSatisfy { $0["port"] == "metrics" }
                }
            }.map(\.identity)
        },
        ManifestRule("only the API server and the cluster's DNS are reached") { installation in
            installation.objects(of: "NetworkPolicy").filter { policy in
                !policy.list("spec", "egress").allSatisfy { rule in
                    let ports = Set(rule.list("ports").compactMap { $0["port"]?.integerValue })
                    guard !ports.isEmpty else { return false }
                    return ports.isSubset(of: apiServerPorts) || ports == [53] && !rule.list("to").isEmpty
                }
            }.map(\.identity)
        },
        ManifestRule("services lead to ports of pods that are there, inside the cluster") { installation in
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
        ManifestRule("monitors select what is there, once") { installation in
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
