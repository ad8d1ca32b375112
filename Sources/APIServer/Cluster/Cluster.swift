import KubeClient

/// The API server without its HTTP: what is served, what is stored, and the rules every write obeys.
package final class Cluster: Sendable {
    let storage: ObjectStorage
    let registry: Registry
    package let environment: SandboxEnvironment
    let logs = ContainerLogs()

    /// How often watches check the time.
    private static let tick = Duration.seconds(1)

    /// An empty cluster with the built-in resources and the namespaces every cluster has.
    ///
    /// Revisions start at the seconds of the clock: a client that comes back with a resource version of an earlier
    /// run is told that it expired, instead of being given a history that is not the one it knows.
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

    /// Collects garbage and drives the timeouts and bookmarks of watches, until the task is cancelled or ``shutDown()``.
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

    /// Ends all watches, now and in future.
    package func shutDown() { storage.shutDown() }

    /// The resource, or the error that becomes the plain text "404 page not found".
    func served(_ resource: GroupVersionResource) throws(StatusError) -> ServedResource {
        guard let served = registry.resource(resource) else {
            throw StatusError(
                code: 404, reason: "NotFound", message: "the server could not find the requested resource")
        }
        return served
    }

    /// The present version of an object.
    func record(_ target: ObjectTarget) throws(StatusError) -> ObjectRecord {
        guard
            let record = storage.record(
                target.served.stored.resource, namespace: target.namespace, name: target.name)
        else { throw .notFound(target.served.groupResource, target.name) }
        return record
    }

    /// The tree of a stored object in the form of a served version.
    func object(_ record: ObjectRecord, as served: ServedResource) throws(StatusError) -> JSONValue {
        do {
            return served.servedForm(of: try JSONValue(parsing: record.text))
        } catch {
            throw StatusError(code: 500, reason: "InternalError", message: "stored object cannot be read: \(error)")
        }
    }
}

/// The object a request is about.
struct ObjectTarget: Sendable {
    let served: ServedResource
    /// Empty for a cluster-scoped resource.
    let namespace: String
    let name: String
}

/// How a write is to be done, as the query of the request says.
struct WriteParameters: Sendable {
    /// What happens to fields the schema does not know and to keys that stand twice.
    enum FieldValidation: String, Sendable {
        case strict = "Strict"
        case warn = "Warn"
        case ignore = "Ignore"
    }

    var isDryRun = false
    /// Who writes, for managed fields.
    var fieldManager = "unknown"
    var fieldValidation = FieldValidation.warn
    /// Takes fields over from other managers in a server-side apply.
    var force = false
    /// `status` when only the status is written.
    var subresource: String?
    /// True when the managed fields of what is written are complete, because an apply made it.
    var isApply = false
}

/// A decoded body.
struct ObjectBody: Sendable {
    var object: JSONValue
    /// The paths of keys that stand twice.
    var duplicates: [String] = []
}

/// What a write did.
struct WriteResult: Sendable {
    /// The object afterwards, in the form of the served version.
    let object: JSONValue
    var isCreated = false
    /// Texts for `Warning` headers.
    var warnings: [String] = []
}

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
