public import Engines
import KubeClient
public import KubeRuntime
import TowlineAPI

extension EngineRun: StoredObject {}

/// What is known about the object with the name of an execution's run.
enum RunKnowledge: Sendable {
    /// The cache has none, which proves nothing, because caches lag.
    case unknown
    /// The run, from the cache or from a live read.
    case present(EngineRun)
    /// The watch reported its deletion; this was its last state.
    case deleted(last: EngineRun)
    /// A live read found no object with this name; the last state is known if the watch reported its deletion.
    case absent(last: EngineRun?)
    /// A live read found that the API server does not serve the engine.
    case engineMissing
    /// This operator does not serve the engine, and may not be permitted to read its runs.
    case engineNotFollowed
    /// The live read failed for another reason.
    case unreadable
}

/// The runs of one engine as they were last seen, and what is known about runs beyond their cached version.
final class RunCache: Sendable {
    /// What overrides the cached runs.
    private struct Overrides {
        /// The last state of runs whose deletion the watch reported, until their execution was reconciled.
        var deleted: [ObjectKey: EngineRun] = [:]
        /// Since when the children of failed runs cannot be read.
        var unreadableSince: [ObjectKey: ContinuousClock.Instant] = [:]
        /// Runs that a poll did not find although they are cached.
        var missing: Set<ObjectKey> = []
    }

    /// A time in which no create may be sent for a run.
    private struct CreateDelay {
        let end: ContinuousClock.Instant

        func remainder(at now: ContinuousClock.Instant) -> Duration? { now < end ? now.duration(to: end) : nil }
    }

    let engine: any Engine
    /// False for an engine that this operator does not serve. No requests are sent about it.
    let isFollowed: Bool
    let stores: ScopedStores<EngineRun>
    private let overrides = Locked(Overrides())
    /// One for each execution that still needs decisions.
    private let timelines = Locked<[ObjectKey: Timeline]>([:])
    private let createDelays = Locked<[ObjectKey: CreateDelay]>([:])

    init(engine: any Engine, namespaces: [String], isFollowed: Bool = true) {
        self.engine = engine
        self.isFollowed = isFollowed
        stores = ScopedStores(namespaces: namespaces)
    }

    /// An empty cache for each engine, followed or not.
    static func ofEachEngine(followed: Set<EngineName>, namespaces: [String]) -> [EngineName: RunCache] {
        var caches: [EngineName: RunCache] = [:]
        for engine in EngineRegistry.all {
            caches[engine.name] = RunCache(
                engine: engine, namespaces: namespaces, isFollowed: followed.contains(engine.name))
        }
        return caches
    }

    /// The number of cached runs of a namespace; nil for all namespaces.
    func storedCount(in namespace: String?) -> Int {
        stores.scopes.first { $0.namespace == namespace }?.store.count ?? 0
    }

    /// False if the API server is known not to serve the engine's runs of this namespace.
    func isServed(in namespace: String) -> Bool { stores.store(for: namespace)?.isAvailable ?? true }

    /// False while the cached runs of this namespace may be stale.
    func isCurrent(in namespace: String) -> Bool { stores.store(for: namespace)?.isCurrent ?? true }

    /// What is known, without a request, about the run with this name.
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

    /// Stores a live read or the answer to an own write.
    func apply(_ run: EngineRun) {
        stores.apply(run)
        overrides.withLock { overrides in
            overrides.missing.remove(run.key)
            if overrides.deleted[run.key]?.uid != run.uid { overrides.deleted[run.key] = nil }
        }
    }

    /// Remembers the last state of a run that was deleted before its execution ended.
    func remember(deleted run: EngineRun) {
        overrides.withLock { $0.deleted[run.key] = run }
    }

    /// Marks a run that a poll did not find, so that the next decision about it uses a live read.
    func suspect(_ key: ObjectKey) {
        overrides.withLock { _ = $0.missing.insert(key) }
    }

    /// A longer Retry-After is cut to this; the queue's backoff does not exceed it either.
    private static let longestDelay = Duration.seconds(300)

    /// Notes that the server asked to wait before the next attempt to create a run.
    func delayCreate(of key: ObjectKey, for duration: Duration, at now: ContinuousClock.Instant) {
        createDelays.withLock { delays in
            // Delays of executions that were deleted are never read again.
            delays = delays.filter { $0.value.remainder(at: now) != nil }
            delays[key] = CreateDelay(end: now + min(duration, Self.longestDelay))
        }
    }

    /// How long the create of a run must still wait because the server asked for it; nil if it need not.
    func createDelay(of key: ObjectKey, at now: ContinuousClock.Instant) -> Duration? {
        createDelays.withLock { $0[key]?.remainder(at: now) }
    }

    /// Since when the children of a failed run cannot be read, including this attempt.
    func firstFailure(explaining key: ObjectKey, at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        overrides.withLock { overrides in
            let first = overrides.unreadableSince[key] ?? now
            overrides.unreadableSince[key] = first
            return first
        }
    }

    /// What this process has seen of an execution and its run.
    func timeline(of key: ObjectKey) -> Timeline { timelines.withLock { $0[key] ?? Timeline() } }

    func keep(_ timeline: Timeline, of key: ObjectKey) { timelines.withLock { $0[key] = timeline } }

    /// Forgets what was remembered about a run that needs no more decisions.
    func forget(_ key: ObjectKey) {
        overrides.withLock { overrides in
            overrides.deleted[key] = nil
            overrides.missing.remove(key)
            overrides.unreadableSince[key] = nil
        }
        timelines.withLock { $0[key] = nil }
    }
}
