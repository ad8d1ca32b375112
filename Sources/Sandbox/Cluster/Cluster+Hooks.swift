import KubeClient

extension Cluster {
    /// Namespaces that exist from the start and can never be deleted.
    static let initialNamespaces: Set<String> = ["default", "kube-system", "kube-public", "kube-node-lease"]

    func createInitialNamespaces() {
        for name in Self.initialNamespaces.sorted() {
            let namespace: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)],
            ]
            // It cannot fail: the storage is empty and the names are valid.
            _ = try? create(
                BuiltInResources.namespaces, namespace: "", ObjectBody(object: namespace),
                WriteParameters(fieldManager: "sandbox"))
        }
    }

    /// Follows up on an object that was just stored.
    func wrote(_ served: ServedResource, _ object: JSONValue) {
        switch served.stored.resource {
        case CustomResourceDefinition.resource.groupResource:
            let name = object["metadata"]?["name"]?.stringValue ?? ""
            // What is being deleted is served until it is gone, but never again: the collector may have removed it
            // between the write and this line.
            if object["metadata"]?["deletionTimestamp"] == nil, let definition = try? CustomResourceDefinition(object) {
                registry.define(name, definition.servedResources())
            }
        case BuiltInResources.namespaces.groupResource where object["metadata"]?["deletionTimestamp"] == nil:
            createDefaultServiceAccount(in: object["metadata"]?["name"]?.stringValue ?? "")
        default: break
        }
    }

    /// Follows up on an object that was just removed.
    func removed(_ served: ServedResource, _ object: JSONValue) {
        let name = object["metadata"]?["name"]?.stringValue ?? ""
        switch served.stored.resource {
        case CustomResourceDefinition.resource.groupResource: registry.define(name, [])
        case BuiltInResources.pods.groupResource:
            logs.remove(namespace: object["metadata"]?["namespace"]?.stringValue ?? "", pod: name)
        default: break
        }
    }

    private func createDefaultServiceAccount(in namespace: String) {
        let account: JSONValue = [
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": ["name": "default"],
        ]
        // It may be there already; the namespace may be gone again.
        _ = try? create(
            BuiltInResources.serviceAccounts, namespace: namespace, ObjectBody(object: account),
            WriteParameters(fieldManager: "sandbox"))
    }
}
