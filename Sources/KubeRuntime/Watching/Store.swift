public import KubeClient

/// The objects of one resource type as a ``Reflector`` last saw them; read from any task.
///
/// Objects are values: what is read stays as it was. While a relist runs, readers see old and new versions side by
/// side, but never an object missing that exists.
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

    /// The object of this name as it was last seen; ``isStale(_:)`` tells whether a newer version could not be read.
    public func object(for key: ObjectKey) -> Object? { state.withLock { $0.objects.object(for: key) } }

    public var count: Int { state.withLock { $0.objects.count } }

    /// All objects, in no particular order.
    public func snapshot() -> [Object] { state.withLock { Array($0.objects.objects) } }

    /// What `transform` makes of all objects, without nil; it runs under the store's lock and must not use the store.
    public func compactMap<Result>(_ transform: (Object) -> Result?) -> [Result] {
        state.withLock { $0.objects.objects.compactMap(transform) }
    }

    /// How many objects are of each kind; `kind` runs under the store's lock and must not use the store.
    public func counts<Kind: Hashable>(by kind: (Object) -> Kind) -> [Kind: Int] {
        state.withLock { state in
            var counts: [Kind: Int] = [:]
            for object in state.objects.objects { counts[kind(object), default: 0] += 1 }
            return counts
        }
    }

    /// True from the first complete list on.
    public var isSynced: Bool { state.withLock { $0.objects.isSynced } }

    /// False while the server does not serve the resource type; what is stored is then frozen.
    public var isAvailable: Bool { state.withLock { $0.objects.isAvailable } }

    /// How often lists and watches have failed since one of them worked.
    public var failuresInARow: Int { state.withLock { $0.failures } }

    /// False while what is stored may be old: it is not filled yet, the server does not serve the resource type, or lists
    /// and watches have failed again and again, for want of a right for example.
    public var isCurrent: Bool {
        state.withLock { $0.objects.isSynced && $0.objects.isAvailable && $0.failures < 3 }
    }

    /// The version up to which everything is known; empty before the first sync.
    public var observedResourceVersion: ResourceVersion { state.withLock { $0.objects.observed } }

    /// True when a newer version of the object exists that cannot be read.
    public func isStale(_ key: ObjectKey) -> Bool { state.withLock { $0.objects.isStale(key) } }

    /// The objects whose newest version cannot be read.
    public var quarantined: [UndecodableObject] { state.withLock { $0.objects.quarantined } }

    var quarantinedCount: Int { state.withLock { $0.objects.quarantinedCount } }

    /// True when everything up to `version` is known, or when the versions cannot be ordered.
    public func hasObserved(_ version: ResourceVersion) -> Bool {
        state.withLock { $0.objects.hasObserved(version) }
    }

    /// Takes in the answer to an own write, so that the next read sees it before the watch brings it.
    ///
    /// An older version than the stored one is ignored, and so is what has been deleted since. The watch's echo of the same version is no change any more, so
    /// the caller is the one to act on what is returned.
    @discardableResult
    public func apply(_ object: Object) -> [StoreChange<Object>] {
        update { state, changes in state.putAnswer(object, into: &changes) }
    }

    /// Runs `action` once, as soon as everything up to `version` is known; at once when it is.
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

    /// Takes an action of ``whenObserved(_:_:)`` back; does nothing when it ran.
    public func cancel(_ token: ObservationToken) {
        state.withLock { state in state.waiters.removeAll { $0.id == token.id } }
    }

    func noteFailures(_ count: Int) {
        state.withLock { $0.failures = count }
    }

    /// Changes the objects and then runs the actions whose version is now known.
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

/// Names one action that waits for a version, so that it can be cancelled.
public struct ObservationToken: Hashable, Sendable {
    let id: UInt64
}

/// An object a ``Store`` can hold.
public protocol StoredObject: Sendable {
    var key: ObjectKey { get }
    var uid: String { get }
    var resourceVersion: ResourceVersion { get }
}

extension ObjectMetadata: StoredObject {}

/// What became different in a ``Store``.
public enum StoreChange<Object: StoredObject>: Sendable {
    case added(Object)
    case changed(old: Object, new: Object)
    /// The object's last known state.
    case deleted(Object)
    /// A version of an object that cannot be read; a version stored before is now stale.
    case quarantined(UndecodableObject)
    /// An object is gone of which no version could be read; this is what was known of it.
    case vanished(UndecodableObject)
    /// The store holds what the server holds: for the first time, or again after it was unavailable.
    case synced
    /// The server does not serve the resource type, for this reason; what is stored stays and is frozen.
    case unavailable(String)
}

extension StoreChange: Equatable where Object: Equatable {}
