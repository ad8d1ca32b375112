import KubeClient

/// The API server without HTTP: served resources, stored objects, and the rules for writes.
package final class Cluster: Sendable {
    let storage: ObjectStorage
    let registry: Registry
    /// The time and randomness of the cluster.
    package let environment: SandboxEnvironment
    let logs = ContainerLogs()
    let webhooks = Locked<[AdmissionWebhook]>([])

    /// How often watches check the time.
    private static let tick = Duration.seconds(1)

    /// Creates a cluster with the built-in resources and the initial namespaces.
    ///
    /// Revisions start at the current Unix time, so that a resource version from an earlier run is answered with
    /// "expired" instead of an unrelated history.
    package convenience init(environment: SandboxEnvironment = .system) {
        self.init(environment: environment, historyLimits: EventHistory.Limits())
    }

    /// Creates a cluster whose watches can read a history of the given size.
    package init(environment: SandboxEnvironment, historyLimits: EventHistory.Limits) {
        self.environment = environment
        storage = ObjectStorage(
            initialRevision: max(1, environment.clock.now().seconds), limits: historyLimits)
        registry = Registry(builtIn: BuiltInResources.all)
        createInitialNamespaces()
    }

    /// Collects garbage and drives the timeouts and bookmarks of watches, until the task is canceled or ``shutDown()``.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await GarbageCollector(self).run() }
            group.addTask {
                while !self.storage.isShutDown {
                    guard (try? await self.environment.sleep(Self.tick)) != nil else { return }
                    self.storage.wakeAll()
                }
            }
        }
    }

    /// Ends all current and future watches.
    package func shutDown() { storage.shutDown() }

    /// The resource, or the error for "the server could not find the requested resource".
    func served(_ resource: GroupVersionResource) throws(StatusError) -> ServedResource {
        guard let served = registry.resource(resource) else {
            throw StatusError(
                code: 404, reason: "NotFound", message: "the server could not find the requested resource")
        }
        return served
    }

    /// The current version of an object.
    func record(_ target: ObjectTarget) throws(StatusError) -> ObjectRecord {
        guard
            let record = storage.record(
                target.served.stored.resource, namespace: target.namespace, name: target.name)
        else { throw .notFound(target.served.groupResource, target.name) }
        return record
    }

    /// A stored object, decoded and converted to a served version.
    func object(_ record: ObjectRecord, as served: ServedResource) throws(StatusError) -> JSONValue {
        do {
            return served.servedForm(of: try JSONValue(parsing: record.text))
        } catch {
            throw StatusError(code: 500, reason: "InternalError", message: "stored object cannot be read: \(error)")
        }
    }
}

/// The object that a request refers to.
struct ObjectTarget: Sendable {
    let served: ServedResource
    /// Empty for cluster-scoped resources.
    let namespace: String
    let name: String
}

/// The options of a write, from the query of the request.
struct WriteParameters: Sendable {
    /// How unknown and duplicate fields are handled.
    enum FieldValidation: String, Sendable {
        case strict = "Strict"
        case warn = "Warn"
        case ignore = "Ignore"
    }

    var isDryRun = false
    /// The writer, for managed fields.
    var fieldManager = "unknown"
    var fieldValidation = FieldValidation.warn
    /// Takes ownership of conflicting fields in a server-side apply.
    var force = false
    /// `status` for a write to the status.
    var subresource: String?
    /// True if the object comes from an apply, so that its managed fields are already complete.
    var isApply = false
}

/// A decoded request body.
struct ObjectBody: Sendable {
    var object: JSONValue
    /// The paths of duplicate keys.
    var duplicates: [String] = []
}

/// The result of a write.
struct WriteResult: Sendable {
    /// The stored object, in the served version.
    let object: JSONValue
    var isCreated = false
    /// Texts of `Warning` headers.
    var warnings: [String] = []
}

extension Cluster {
    /// Namespaces that always exist and cannot be deleted.
    static let initialNamespaces: Set<String> = ["default", "kube-system", "kube-public", "kube-node-lease"]

    func createInitialNamespaces() {
        for name in Self.initialNamespaces.sorted() {
            let namespace: JSONValue = [
                "apiVersion": "v1", "kind": "Namespace", "metadata": ["name": .string(name)],
            ]
            // Cannot fail: storage is empty and the names are valid.
            _ = try? create(
                BuiltInResources.namespaces, namespace: "", ObjectBody(object: namespace),
                WriteParameters(fieldManager: "sandbox"))
        }
    }

    /// Runs after an object was stored.
    func didStore(_ served: ServedResource, _ object: JSONValue) {
        switch served.stored.resource {
        case CustomResourceDefinition.resource.groupResource:
            let name = object["metadata"]?["name"]?.stringValue ?? ""
            // A terminating definition is served until it is removed, but never registered again: the garbage collector
            // may have removed it between the write and this line.
            if object["metadata"]?["deletionTimestamp"] == nil, let definition = try? CustomResourceDefinition(object) {
                registry.define(name, definition.servedResources())
            }
        case BuiltInResources.namespaces.groupResource where object["metadata"]?["deletionTimestamp"] == nil:
            createDefaultServiceAccount(in: object["metadata"]?["name"]?.stringValue ?? "")
        default: break
        }
    }

    /// Runs after an object was removed.
    func didRemove(_ served: ServedResource, _ object: JSONValue) {
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
        // May fail if the account already exists or the namespace was deleted.
        _ = try? create(
            BuiltInResources.serviceAccounts, namespace: namespace, ObjectBody(object: account),
            WriteParameters(fieldManager: "sandbox"))
    }
}
