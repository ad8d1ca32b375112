public import Engines
import KubeClient
public import KubeRuntime
import TowlineAPI

extension EngineRun: StoredObject {}

/// The operator's knowledge of the object that has the name of an execution's run.
enum RunKnowledge: Sendable {
    /// The cache has no such object. It may still exist, because caches lag.
    case unknown
    /// The run, from the cache or from a live read.
    case present(EngineRun)
    /// The watch reported that the run was deleted; `last` is its last state.
    case deleted(last: EngineRun)
    /// A live read found no object with this name. `last` is set if the watch reported the deletion.
    case absent(last: EngineRun?)
    /// A live read found that the API server does not serve the engine.
    case engineMissing
    /// This operator does not serve the engine, and may not be permitted to read its runs.
    case engineNotFollowed
    /// The live read failed for another reason.
    case unreadable
}

/// Caches the latest known version of each run of one engine, and facts about runs that the cached objects do not show.
final class RunCache: Sendable {
    /// Facts that take precedence over the cached runs.
    private struct Overrides {
        /// The last state of deleted runs, kept until their execution has been reconciled.
        var deleted: [ObjectKey: EngineRun] = [:]
        /// When reading the children of each failed run first failed.
        var unreadableSince: [ObjectKey: ContinuousClock.Instant] = [:]
        /// Cached runs that a poll did not find.
        var missing: Set<ObjectKey> = []
    }

    let engine: any Engine
    /// False for an engine that this operator does not serve. No requests are sent about it.
    let isFollowed: Bool
    let stores: ScopedStores<EngineRun>
    private let overrides = Locked(Overrides())
    /// The timeline of each execution that is still being reconciled.
    private let timelines = Locked<[ObjectKey: Timeline]>([:])
    /// Until when no create may be sent for a run.
    private let createDelays = Locked(ExpiringKeys())

    init(engine: any Engine, namespaces: [String], isFollowed: Bool = true) {
        self.engine = engine
        self.isFollowed = isFollowed
        stores = ScopedStores(namespaces: namespaces)
    }

    /// Makes an empty cache for each engine, including engines that this operator does not serve.
    static func ofEachEngine(followed: Set<EngineName>, namespaces: [String]) -> [EngineName: RunCache] {
        var caches: [EngineName: RunCache] = [:]
        for engine in EngineRegistry.all {
            caches[engine.name] = RunCache(
                engine: engine, namespaces: namespaces, isFollowed: followed.contains(engine.name))
        }
        return caches
    }

    /// Reads the runs for this cache.
    var decoder: ObjectDecoder<EngineRun> {
        let decoder = engine.runDecoder
        return { (cursor) throws(JSONError) in try decoder(&cursor).abridged }
    }

    /// The number of cached runs of a namespace; nil for all namespaces.
    func storedCount(in namespace: String?) -> Int {
        stores.scopes.first { $0.namespace == namespace }?.store.count ?? 0
    }

    /// False if the API server is known not to serve the engine's runs of this namespace.
    func isServed(in namespace: String) -> Bool { stores.store(for: namespace)?.isAvailable ?? true }

    /// Whether the cached runs of this namespace are up to date.
    func isCurrent(in namespace: String) -> Bool { stores.store(for: namespace)?.isCurrent ?? true }

    /// Returns what is known about the run with this name, without sending a request.
    func knowledge(of key: ObjectKey) -> RunKnowledge {
        guard isFollowed else { return .engineNotFollowed }
        let override: RunKnowledge? = overrides.withLock { overrides in
            if let last = overrides.deleted[key] { return .deleted(last: last) }
            return overrides.missing.contains(key) ? .unknown : nil
        }
        // A run with the same name that was created after the deletion is newer than the override.
        if case .deleted(let last) = override, let run = stores.object(for: key), run.uid != last.uid {
            return .present(run)
        }
        if let override { return override }
        // The cache of a type that is no longer served is stale, and so is an object whose newest version cannot be
        // decoded. In both cases a live read shows why.
        guard let store = stores.store(for: key.namespace), store.isAvailable, !store.isStale(key),
            let run = store.object(for: key)
        else { return .unknown }
        return .present(run)
    }

    /// The last state of a run whose deletion the watch reported.
    func lastState(of key: ObjectKey) -> EngineRun? { overrides.withLock { $0.deleted[key] } }

    /// Stores the result of a live read, or the API server's response to a write by this process.
    func apply(_ run: EngineRun) {
        stores.apply(run.abridged)
        overrides.withLock { overrides in
            overrides.missing.remove(run.key)
            if overrides.deleted[run.key]?.uid != run.uid { overrides.deleted[run.key] = nil }
        }
    }

    /// Stores the last state of a run that was deleted before its execution ended.
    ///
    /// The caller has checked that it is the execution's run, so there is at most one for each execution.
    func remember(deleted run: EngineRun) {
        overrides.withLock { $0.deleted[run.key] = run }
    }

    /// Discards the last state of a deleted run, unless the name belongs to another deleted run since.
    func forgetDeletion(of run: EngineRun) {
        overrides.withLock { overrides in
            if overrides.deleted[run.key]?.uid == run.uid { overrides.deleted[run.key] = nil }
        }
    }

    /// The number of facts that are remembered beside the cached runs.
    var rememberedCount: Int {
        overrides.withLock { $0.deleted.count + $0.unreadableSince.count + $0.missing.count }
            + timelines.withLock { $0.count } + createDelays.withLock { $0.count }
    }

    /// Marks a run that a poll did not find, so that the next decision about it uses a live read.
    func suspect(_ key: ObjectKey) {
        overrides.withLock { _ = $0.missing.insert(key) }
    }

    /// Removes the mark of ``suspect(_:)``.
    func clear(_ key: ObjectKey) {
        overrides.withLock { _ = $0.missing.remove(key) }
    }

    /// The maximum Retry-After that is honored. The queue's backoff has the same limit.
    private static let longestDelay = Duration.seconds(300)

    /// Records the API server's Retry-After for the next attempt to create a run.
    func delayCreate(of key: ObjectKey, for duration: Duration, at now: ContinuousClock.Instant) {
        createDelays.withLock { $0.set(key, until: now + min(duration, Self.longestDelay), now: now) }
    }

    /// The remaining Retry-After before a run may be created; nil if it may be created now.
    func createDelay(of key: ObjectKey, at now: ContinuousClock.Instant) -> Duration? {
        createDelays.withLock { $0.end(of: key, now: now) }.map { now.duration(to: $0) }
    }

    /// The work for removing expired delays of creates so far, counted in visited delays.
    var delayVisits: Int { createDelays.withLock { $0.visits } }

    /// Records a failed read of a failed run's children; returns when the first one failed.
    func firstFailure(explaining key: ObjectKey, at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        overrides.withLock { overrides in
            let first = overrides.unreadableSince[key] ?? now
            overrides.unreadableSince[key] = first
            return first
        }
    }

    /// The timeline of an execution; empty if this process has not seen it yet.
    func timeline(of key: ObjectKey) -> Timeline { timelines.withLock { $0[key] ?? Timeline() } }

    func keep(_ timeline: Timeline, of key: ObjectKey) { timelines.withLock { $0[key] = timeline } }

    /// Discards all state about a run whose execution needs no more reconciliation.
    func forget(_ key: ObjectKey) {
        overrides.withLock { overrides in
            overrides.deleted[key] = nil
            overrides.missing.remove(key)
            overrides.unreadableSince[key] = nil
        }
        timelines.withLock { $0[key] = nil }
        createDelays.withLock { $0.remove(key) }
    }
}
