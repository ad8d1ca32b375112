import KubeClient

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
