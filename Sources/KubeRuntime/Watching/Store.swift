public import KubeClient

/// The objects of one resource type as last seen by a ``Reflector``; can be read from any task.
///
/// Objects are values. While a relist runs, readers see old and new versions, but never miss an object that exists.
public final class Store<Object: StoredObject>: Sendable {
    private struct Waiter {
        let id: UInt64
        let version: ResourceVersion
        let action: @Sendable () -> Void
    }

    private struct State {
        var objects = StoreState<Object>()
        /// Actions that wait for a version to be observed.
        var waiters: [Waiter] = []
        var nextWaiter: UInt64 = 0
        var failures = 0
    }

    private let state = Locked(State())

    public init() {}

    /// The last known version of an object; ``isStale(_:)`` is true if a newer one could not be decoded.
    public func object(for key: ObjectKey) -> Object? { state.withLock { $0.objects.object(for: key) } }

    public var count: Int { state.withLock { $0.objects.count } }

    /// All objects, in no particular order.
    public func snapshot() -> [Object] { state.withLock { Array($0.objects.objects) } }

    /// The non-nil results of `transform` for all objects. It runs under the store's lock and must not use the store.
    public func compactMap<Result>(_ transform: (Object) -> Result?) -> [Result] {
        state.withLock { $0.objects.objects.compactMap(transform) }
    }

    /// The number of objects by `kind`, which runs under the store's lock and must not use the store.
    public func counts<Kind: Hashable>(by kind: (Object) -> Kind) -> [Kind: Int] {
        state.withLock { state in
            var counts: [Kind: Int] = [:]
            for object in state.objects.objects { counts[kind(object), default: 0] += 1 }
            return counts
        }
    }

    /// True after the first complete list.
    public var isSynced: Bool { state.withLock { $0.objects.isSynced } }

    /// False while the server does not serve the resource type; the objects are frozen then.
    public var isAvailable: Bool { state.withLock { $0.objects.isAvailable } }

    /// The number of failed lists and watches since one of them worked.
    public var failuresInARow: Int { state.withLock { $0.failures } }

    /// False while the objects may be outdated: before the first sync, while the resource type is not served, and after
    /// repeated failures, for example because a permission is missing.
    public var isCurrent: Bool {
        state.withLock { $0.objects.isSynced && $0.objects.isAvailable && $0.failures < 3 }
    }

    /// The version up to which everything is known; empty before the first sync.
    public var observedResourceVersion: ResourceVersion { state.withLock { $0.objects.observed } }

    /// True if a newer version of the object exists that cannot be decoded.
    public func isStale(_ key: ObjectKey) -> Bool { state.withLock { $0.objects.isStale(key) } }

    /// The objects whose newest version cannot be decoded.
    public var quarantined: [UndecodableObject] { state.withLock { $0.objects.quarantined } }

    var quarantinedCount: Int { state.withLock { $0.objects.quarantinedCount } }

    /// True if everything up to `version` is known, or if the versions cannot be compared.
    public func hasObserved(_ version: ResourceVersion) -> Bool {
        state.withLock { $0.objects.hasObserved(version) }
    }

    /// Stores the response to one of this process's writes, so that the next read sees it before the watch delivers it.
    ///
    /// Ignores an older version than the stored one, and an object that was deleted since. When the watch delivers the
    /// same version, that is not a change: the caller must act on the returned changes.
    @discardableResult
    public func apply(_ object: Object) -> [StoreChange<Object>] {
        update { state, changes in state.putAnswer(object, into: &changes) }
    }

    /// Runs `action` once, when everything up to `version` is known; immediately if it is.
    @discardableResult
    public func whenObserved(
        _ version: ResourceVersion, _ action: @escaping @Sendable () -> Void
    ) -> ObservationToken {
        let (id, isKnown) = state.withLock { state in
            state.nextWaiter += 1
            let isKnown = state.objects.hasObserved(version)
            if !isKnown {
                state.waiters.append(Waiter(id: state.nextWaiter, version: version, action: action))
            }
            return (state.nextWaiter, isKnown)
        }
        if isKnown { action() }
        return ObservationToken(id: id)
    }

    /// Cancels an action of ``whenObserved(_:_:)``; does nothing if it has run.
    public func cancel(_ token: ObservationToken) {
        state.withLock { state in state.waiters.removeAll { $0.id == token.id } }
    }

    func noteFailures(_ count: Int) {
        state.withLock { $0.failures = count }
    }

    /// Changes the objects, then runs the actions whose version is now known.
    @discardableResult
    func update(
        _ body: (inout StoreState<Object>, inout [StoreChange<Object>]) -> Void
    ) -> [StoreChange<Object>] {
        var changes: [StoreChange<Object>] = []
        let ready = state.withLock { state -> [Waiter] in
            let before = state.objects.observed
            body(&state.objects, &changes)
            guard !state.waiters.isEmpty, state.objects.observed != before else { return [] }
            let ready = state.waiters.filter { state.objects.hasObserved($0.version) }
            state.waiters.removeAll { state.objects.hasObserved($0.version) }
            return ready
        }
        for waiter in ready { waiter.action() }
        return changes
    }
}

/// Identifies an action that waits for a version, for cancellation.
public struct ObservationToken: Hashable, Sendable {
    let id: UInt64
}

/// An object that a ``Store`` can hold.
public protocol StoredObject: Sendable {
    var key: ObjectKey { get }
    var uid: String { get }
    var resourceVersion: ResourceVersion { get }
}

extension ObjectMetadata: StoredObject {}

/// A change in a ``Store``.
public enum StoreChange<Object: StoredObject>: Sendable {
    case added(Object)
    case changed(old: Object, new: Object)
    /// The object's last known state.
    case deleted(Object)
    /// A version of an object that cannot be decoded; a stored version is stale from now on.
    case quarantined(UndecodableObject)
    /// An object that could never be decoded was deleted; the value has its readable metadata.
    case vanished(UndecodableObject)
    /// The store is complete: for the first time, or again after the resource type was unavailable.
    case synced
    /// The server does not serve the resource type, for this reason; the stored objects are frozen.
    case unavailable(String)
}

extension StoreChange: Equatable where Object: Equatable {}
