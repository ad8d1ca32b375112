import KubeClient

/// The API server without its HTTP: what is served, what is stored, and the rules every write obeys.
public final class Cluster: Sendable {
    let storage: ObjectStorage
    let registry: Registry
    let environment: SandboxEnvironment
    let logs = ContainerLogs()

    /// An empty cluster with the built-in resources and the namespaces every cluster has.
    ///
    /// Revisions start at the seconds of the clock: a client that comes back with a resource version of an earlier
    /// run is told that it expired, instead of being given a history that is not the one it knows.
    public convenience init(environment: SandboxEnvironment = .system) {
        self.init(environment: environment, historyLimits: EventHistory.Limits())
    }

    init(environment: SandboxEnvironment, historyLimits: EventHistory.Limits) {
        self.environment = environment
        storage = ObjectStorage(
            initialRevision: max(1, environment.clock.now().seconds), limits: historyLimits)
        registry = Registry(builtIn: BuiltInResources.all)
        createInitialNamespaces()
    }

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
