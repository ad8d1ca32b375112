public import Engines
import KubeClient
public import KubeRuntime
import TowlineAPI

extension EngineRun: StoredObject {}

/// What is known of the run that bears the execution's run name.
enum RunKnowledge: Sendable {
    /// The store has none. That alone proves nothing: stores lag.
    case unknown
    /// The run, from the store or from a live read.
    case present(EngineRun)
    /// The watch saw it deleted; this was its last state.
    case deleted(last: EngineRun)
    /// A live read answered that no object of this name exists; the last state, where the watch saw one.
    case absent(last: EngineRun?)
    /// A live read answered that the engine's API is not served.
    case engineMissing
    /// This operator was told to leave the engine alone, and may have no right to ask about its runs.
    case engineNotFollowed
    /// The live read failed otherwise.
    case unreadable
}

/// The runs of one engine as they were last seen, and what is known about those that vanished.
final class RunCache: Sendable {
    private struct Doubts {
        /// The last state of runs whose deletion the watch told, until their execution was reconciled.
        var deleted: [ObjectKey: EngineRun] = [:]
        /// Since when the causes of failed runs cannot be read.
        var unexplained: [ObjectKey: ContinuousClock.Instant] = [:]
        /// Runs that a poll did not find although the store has them.
        var missing: Set<ObjectKey> = []
    }

    /// A time in which a run is not to be asked for again.
    private struct Postponement {
        let end: ContinuousClock.Instant

        func remainder(at now: ContinuousClock.Instant) -> Duration? { now < end ? now.duration(to: end) : nil }
    }

    let engine: any Engine
    /// False for an engine that this operator was told to leave alone: nothing is asked of the API server about it.
    let isFollowed: Bool
    let stores: ScopedStores<EngineRun>
    private let doubts = Locked(Doubts())
    /// One for each execution that is being worked on, until nothing will be decided about it any more.
    private let timelines = Locked<[ObjectKey: Timeline]>([:])
    private let postponements = Locked<[ObjectKey: Postponement]>([:])

    init(engine: any Engine, namespaces: [String], isFollowed: Bool = true) {
        self.engine = engine
        self.isFollowed = isFollowed
        stores = ScopedStores(namespaces: namespaces)
    }

    /// An empty cache for each engine there is, followed or not.
    static func ofEachEngine(followed: Set<EngineName>, namespaces: [String]) -> [EngineName: RunCache] {
        var caches: [EngineName: RunCache] = [:]
        for engine in EngineCatalogue.all {
            caches[engine.name] = RunCache(
                engine: engine, namespaces: namespaces, isFollowed: followed.contains(engine.name))
        }
        return caches
    }

    /// How many runs of a namespace are known; nil is all of them.
    func storedCount(in namespace: String?) -> Int {
        stores.scopes.first { $0.namespace == namespace }?.store.count ?? 0
    }

    /// False when the API server is known not to serve the engine's runs of this namespace.
    func isServed(in namespace: String) -> Bool { stores.store(for: namespace)?.isAvailable ?? true }

    /// False while what is known of this namespace's runs may be old.
    func isCurrent(in namespace: String) -> Bool { stores.store(for: namespace)?.isCurrent ?? true }

    /// What is known, without asking the API server, about the run of this name.
    func knowledge(of key: ObjectKey) -> RunKnowledge {
        guard isFollowed else { return .engineNotFollowed }
        let doubt: RunKnowledge? = doubts.withLock { doubts in
            if let last = doubts.deleted[key] { return .deleted(last: last) }
            return doubts.missing.contains(key) ? .unknown : nil
        }
        // A run of the same name that came after the deletion is newer than the doubt.
        if case .deleted(let last) = doubt, let run = stores.object(for: key), run.uid != last.uid {
            return .present(run)
        }
        if let doubt { return doubt }
        // What is stored of a type that is not served any more is old news. A stale entry is one whose newest version
        // cannot be read. In both cases a live read says why.
        guard let store = stores.store(for: key.namespace), store.isAvailable, !store.isStale(key),
            let run = store.object(for: key)
        else { return .unknown }
        return .present(run)
    }

    /// The last state of a run that the watch saw deleted.
    func lastState(of key: ObjectKey) -> EngineRun? { doubts.withLock { $0.deleted[key] } }

    /// Takes in a live read or the answer to an own write.
    func apply(_ run: EngineRun) {
        stores.apply(run)
        doubts.withLock { doubts in
            doubts.missing.remove(run.key)
            if doubts.deleted[run.key]?.uid != run.uid { doubts.deleted[run.key] = nil }
        }
    }

    /// Remembers the last state of a run that was deleted before its execution was told to have ended.
    func remember(deleted run: EngineRun) {
        doubts.withLock { $0.deleted[run.key] = run }
    }

    /// Marks a run that a poll did not find: the next decision about it rests on a live read.
    func suspect(_ key: ObjectKey) {
        doubts.withLock { _ = $0.missing.insert(key) }
    }

    /// A server may ask for much time; the queue itself does not wait for longer either.
    private static let longestPause = Duration.seconds(300)

    /// Notes that the server asked for time before the next attempt to create a run.
    func delayCreate(of key: ObjectKey, for duration: Duration, at now: ContinuousClock.Instant) {
        postponements.withLock { postponements in
            // Those of executions that are gone since are not asked for any more.
            postponements = postponements.filter { $0.value.remainder(at: now) != nil }
            postponements[key] = Postponement(end: now + min(duration, Self.longestPause))
        }
    }

    /// How long the creation of a run has to wait at the server's wish; nil when it need not.
    func createDelay(of key: ObjectKey, at now: ContinuousClock.Instant) -> Duration? {
        postponements.withLock { $0[key]?.remainder(at: now) }
    }

    /// Since when the cause of a run's failure cannot be read, this time included.
    func firstFailure(explaining key: ObjectKey, at now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        doubts.withLock { doubts in
            let first = doubts.unexplained[key] ?? now
            doubts.unexplained[key] = first
            return first
        }
    }

    /// What this process has seen of an unfinished execution and its run, by the run's key.
    func timeline(of key: ObjectKey) -> Timeline { timelines.withLock { $0[key] ?? Timeline() } }

    func keep(_ timeline: Timeline, of key: ObjectKey) { timelines.withLock { $0[key] = timeline } }

    /// Forgets what was remembered about a run that nothing will be decided about any more.
    func forget(_ key: ObjectKey) {
        doubts.withLock { doubts in
            doubts.deleted[key] = nil
            doubts.missing.remove(key)
            doubts.unexplained[key] = nil
        }
        timelines.withLock { $0[key] = nil }
    }
}
