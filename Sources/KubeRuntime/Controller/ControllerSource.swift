public import KubeClient

/// Asks a controller to reconcile one object.
public enum ReconcileRequest: Hashable, Sendable {
    /// Something changed that the object may be waiting for: it is reconciled next, even if its backoff has not ended.
    case changed(ObjectKey)
    /// No change is known: the object is reconciled at low priority, and not before its backoff ends.
    case recheck(ObjectKey)
    /// The object was deleted: it leaves the queue, even if its next reconciliation is months away.
    case deleted(ObjectKey)
}

/// Where and when a ``ControllerSource`` saw a change.
public struct SourceContext: Hashable, Sendable {
    /// The namespace whose objects the cache holds; nil for all namespaces.
    public let namespace: String?
    /// True once the workers run. Earlier requests are dropped.
    public let isServing: Bool
}

/// A resource type that a ``Controller`` watches, and the objects to reconcile when something of that type changes.
///
/// The type has one cache for each namespace that is served, or one for all, and a ``Reflector`` for each of them.
public struct ControllerSource: Sendable {
    /// Whether the controller can work before the caches of a source are filled.
    public enum Role: Hashable, Sendable {
        /// The objects that are reconciled. The workers start with the first namespace that could be listed.
        case primary
        /// Objects that reconciliations read. The workers wait for them at most
        /// ``ControllerSettings/cacheSyncTimeout``; until they are filled, an object that is missing in the cache may
        /// exist.
        case secondary
    }

    let type: ResourceType
    let role: Role
    /// What to do if the API server does not serve the type.
    let remedy: String
    let caches: [any SourceCache]

    /// - Parameters:
    ///   - labelSelector: selects the objects that are followed; nil for all of them.
    ///   - remedy: what to do if the API server does not serve the type, as an imperative clause.
    ///   - stores: the caches to fill. Nothing else writes to them, except responses to the controller's own writes.
    ///   - requests: the objects to reconcile after a change; called in order, from one task for each cache, after the
    ///     cache has the change. It must not block.
    public init<Object: StoredObject>(
        _ type: ResourceType, role: Role, labelSelector: String? = nil, settings: ReflectorSettings,
        remedy: String, decoding decoder: @escaping ObjectDecoder<Object>, into stores: ScopedStores<Object>,
        requests: @escaping @Sendable (StoreChange<Object>, SourceContext) -> [ReconcileRequest]
    ) {
        self.type = type
        self.role = role
        self.remedy = remedy
        var settings = settings
        settings.remedy = remedy
        caches = stores.scopes.map { [settings] namespace, store in
            StoreCache(
                type: type, scope: ReflectorScope(namespace: namespace, labelSelector: labelSelector),
                settings: settings, decoder: decoder, store: store, requests: requests)
        }
    }
}

/// Why the workers no longer wait for a cache.
enum CacheSettlement: Hashable, Sendable {
    /// The cache is in sync with the server.
    case synced
    /// The server does not serve the type.
    case unavailable
}

/// One cache of a ``ControllerSource``, for objects of any type.
protocol SourceCache: Sendable {
    /// Distinguishes the caches of a controller.
    var name: String { get }
    /// Nil for all namespaces.
    var namespace: String? { get }
    var isSynced: Bool { get }
    var isAvailable: Bool { get }

    /// Makes the reflector that fills the cache; the function that is returned runs it until the task is canceled.
    func makeReflector(
        client: KubeClient, time: any TimeSource, random: @escaping @Sendable () -> Double, logger: Logger,
        metrics: MetricsRegistry, isServing: @escaping @Sendable () -> Bool,
        handle: @escaping @Sendable ([ReconcileRequest], CacheSettlement?) -> Void
    ) -> @Sendable () async -> Void
}

private struct StoreCache<Object: StoredObject>: SourceCache {
    let type: ResourceType
    let scope: ReflectorScope
    let settings: ReflectorSettings
    let decoder: ObjectDecoder<Object>
    let store: Store<Object>
    let requests: @Sendable (StoreChange<Object>, SourceContext) -> [ReconcileRequest]

    var name: String { "\(type.qualifiedName)/\(scope.namespace ?? "")" }
    var namespace: String? { scope.namespace }
    var isSynced: Bool { store.isSynced }
    var isAvailable: Bool { store.isAvailable }

    func makeReflector(
        client: KubeClient, time: any TimeSource, random: @escaping @Sendable () -> Double, logger: Logger,
        metrics: MetricsRegistry, isServing: @escaping @Sendable () -> Bool,
        handle: @escaping @Sendable ([ReconcileRequest], CacheSettlement?) -> Void
    ) -> @Sendable () async -> Void {
        let reflector = Reflector(
            client: client, type: type, scope: scope, settings: settings, decoding: decoder, into: store, time: time,
            random: random, logger: logger, metrics: metrics
        ) { [requests, namespace] change in
            let context = SourceContext(namespace: namespace, isServing: isServing())
            handle(requests(change, context), change.settlement)
        }
        return { await reflector.run() }
    }
}

extension StoreChange {
    fileprivate var settlement: CacheSettlement? {
        switch self {
        case .synced: .synced
        case .unavailable: .unavailable
        case .added, .changed, .deleted, .quarantined, .vanished: nil
        }
    }
}

/// The caches of one resource type: one for all namespaces, or one for each namespace that is served.
public struct ScopedStores<Object: StoredObject>: Sendable {
    /// By namespace; nil for all of them.
    public let scopes: [(namespace: String?, store: Store<Object>)]

    /// Makes empty caches; no `namespaces` means all.
    public init(namespaces: [String]) {
        let scopes: [String?] = namespaces.isEmpty ? [nil] : namespaces
        self.scopes = scopes.map { ($0, Store()) }
    }

    /// The cache that holds the objects of a namespace; nil if the namespace is not served.
    public func store(for namespace: String) -> Store<Object>? {
        scopes.first { $0.namespace == nil || $0.namespace == namespace }?.store
    }

    public func object(for key: ObjectKey) -> Object? { store(for: key.namespace)?.object(for: key) }

    /// Stores the response to one of this process's writes, so that no later decision uses an older version.
    ///
    /// - Returns: What changed; nothing if this version or a later one was known.
    @discardableResult
    public func apply(_ object: Object) -> [StoreChange<Object>] {
        store(for: object.key.namespace)?.apply(object) ?? []
    }
}
