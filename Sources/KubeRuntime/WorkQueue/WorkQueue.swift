import KubeClient

/// A queue of keys to reconcile, shared by several workers.
///
/// One worker at a time has a key, and the key runs at least once after its last ``add(_:priority:endsBackoff:)``;
/// duplicate adds before that count once. Groups of keys take turns and have limited shares of the workers. One timer
/// serves all delayed keys. ``WorkQueueState`` implements the rules.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<WorkItem<Key>?, Never>
    }

    private struct State {
        var keys: WorkQueueState<Key>
        /// Idle workers, first come, first served; empty while a ready key's group may use a worker.
        var waiters: [Waiter] = []
        /// Callers that wait until no worker has a key.
        var drains: [CheckedContinuation<Void, Never>] = []
        var nextWaiter: UInt64 = 0
        /// For the first delayed key.
        var wake = PendingWake()
        var isShutDown = false
    }

    private let state: Locked<State>
    private let time: any TimeSource
    private let backoff: Backoff
    private let random: @Sendable () -> Double
    private let metrics: WorkQueueMetrics?

    /// Creates an empty queue.
    ///
    /// - Parameters:
    ///   - name: the label of its metrics.
    ///   - shares: how many workers the keys of one group may use.
    ///   - group: the group of a key; always the same one for the same key.
    ///   - random: uniform in `0..<1`.
    public init(
        name: String, time: any TimeSource, backoff: Backoff = .workQueue, shares: WorkShares = .unlimited,
        group: @escaping @Sendable (Key) -> String = { _ in "" },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, metrics: MetricsRegistry? = nil
    ) {
        state = Locked(State(keys: WorkQueueState(shares: shares, group: group)))
        self.time = time
        self.backoff = backoff
        self.random = random
        self.metrics = metrics.map { WorkQueueMetrics(registry: $0, queue: name) }
        if let metrics { registerReadings(in: metrics, name: name) }
    }

    /// Adds the key, to run as soon as a worker is free.
    ///
    /// - Parameter endsBackoff: false if nothing is known to have changed, so that a failed key still waits for its
    ///   backoff.
    public func add(_ key: Key, priority: WorkPriority = .normal, endsBackoff: Bool = true) {
        change { keys, now in keys.add(key, priority: priority, endsBackoff: endsBackoff, now: now) }
    }

    /// Adds the key after `delay`; the earliest such time of a key counts.
    public func add(_ key: Key, after delay: Duration, priority: WorkPriority = .normal) {
        change { keys, now in
            keys.add(key, at: now.advanced(by: delay), priority: priority, now: now)
        }
        metrics?.delayed(by: delay)
    }

    /// Forgets a key whose object is gone; if a worker has it, it runs once more.
    public func drop(_ key: Key) {
        change { keys, now in keys.drop(key, now: now) }
    }

    /// Waits for a key; nil if the queue is shut down or the task is canceled.
    public func next() async -> WorkItem<Key>? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let item = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                enqueue(continuation, id: id)
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: nil)
        }
        if let item { metrics?.started(after: item.waited) }
        return item
    }

    /// Returns a key to the queue; does nothing if no worker has it.
    public func done(_ key: Key, _ outcome: WorkOutcome) {
        let (worked, drains) = change { keys, now in
            let delay = delay(for: key, outcome, keys)
            return keys.finish(key, outcome.result, again: delay.map { now.advanced(by: $0) }, now: now)
        } then: { state, worked -> (Duration?, [CheckedContinuation<Void, Never>]) in
            guard state.keys.running.isEmpty else { return (worked, []) }
            defer { state.drains = [] }
            return (worked, state.drains)
        }
        if let worked { metrics?.finished(after: worked, outcome) }
        for drain in drains { drain.resume() }
    }

    /// Hands out no more keys and forgets the waiting ones; workers can still return theirs.
    public func shutDown() {
        let (waiters, timer) = state.withLock { state in
            state.isShutDown = true
            state.keys.removeUnstarted()
            defer { state.waiters = [] }
            return (state.waiters, state.wake.remove())
        }
        if let timer { time.cancel(timer) }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    /// Shuts down and waits until the workers have returned all keys.
    public func shutDownAndDrain() async {
        shutDown()
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                if !state.keys.running.isEmpty { state.drains.append(continuation) }
                return state.keys.running.isEmpty
            }
            if isIdle { continuation.resume() }
        }
    }

    /// The number of keys that are ready and wait for a worker.
    public var depth: Int { state.withLock { $0.keys.readyCount } }

    /// The number of keys that are ready, delayed or with a worker.
    public var count: Int { state.withLock { $0.keys.count } }
}

/// A key that a worker has, and must return with ``WorkQueue/done(_:_:)``.
public struct WorkItem<Key: Hashable & Sendable>: Sendable {
    public let key: Key
    /// 1 for the first attempt, plus 1 for each failure since the last success.
    public let attempt: Int
    /// How long the key was ready before a worker took it.
    public let waited: Duration
}

/// The priority of a ready key.
public enum WorkPriority: Hashable, Sendable {
    /// An object changed.
    case normal
    /// No change is known: an initial list, an expired TTL. Gets at least one of four turns.
    case low

    /// Becomes the higher of the two.
    mutating func raise(to other: WorkPriority) {
        if other == .normal { self = .normal }
    }
}

/// The result of processing a key. A key that was added meanwhile runs again in any case.
public enum WorkOutcome: Hashable, Sendable {
    /// Done; the key is forgotten until it is added again.
    case success
    /// Done; the key runs again after this time, or when it is added.
    case requeue(after: Duration)
    /// Failed; the key runs again after its backoff, and not before `retryAfter`.
    case failed(retryAfter: Duration = .zero)
    /// No failure, but waits for something that sends no event; the key runs again after its backoff, as if it had
    /// failed.
    case waiting(retryAfter: Duration)
    /// Not attempted, because other work comes first; its failures still count. The key runs again after at most this
    /// time, or when it is added.
    case deferred(atMost: Duration)

    /// True if the key runs again after its backoff, which grows with each such outcome in a row.
    public var backsOff: Bool {
        switch self {
        case .success, .requeue, .deferred: false
        case .failed, .waiting: true
        }
    }
}

/// The effect of an outcome on a key's number of failures.
enum WorkResult: Hashable, Sendable {
    /// Resets it.
    case worked
    /// Adds one.
    case failed
    /// Leaves it unchanged: nothing was attempted.
    case untried
}

extension WorkOutcome {
    var result: WorkResult {
        switch self {
        case .success, .requeue: .worked
        case .failed, .waiting: .failed
        case .deferred: .untried
        }
    }
}

extension WorkQueue {
    /// Hands the worker a key, lets it wait for one, or returns nil after the shutdown.
    private func enqueue(_ continuation: CheckedContinuation<WorkItem<Key>?, Never>, id: UInt64) {
        let answer: WorkItem<Key>?? = state.withLock { state in
            // A cancellation before this point found no waiter to remove; a later one will find it.
            if state.isShutDown || Task.isCancelled { return .some(nil) }
            if let item = state.keys.pop(now: time.now) { return item }
            state.waiters.append(Waiter(id: id, continuation: continuation))
            return nil
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func delay(for key: Key, _ outcome: WorkOutcome, _ keys: WorkQueueState<Key>) -> Duration? {
        switch outcome {
        case .success: nil
        case .requeue(let delay), .deferred(let delay): delay
        case .failed(let retryAfter), .waiting(let retryAfter):
            // A server may ask for a longer delay than the backoff, but not beyond the backoff's cap.
            max(min(retryAfter, backoff.cap), backoff.delay(attempt: keys.attempt(of: key) ?? 1, random: random()))
        }
    }

    private func change(_ body: (inout WorkQueueState<Key>, ContinuousClock.Instant) -> Void) {
        change(body) { _, _ in }
    }

    /// Changes the keys under the lock, then hands out ready keys and schedules the next wake-up.
    private func change<Result, Final>(
        _ body: (inout WorkQueueState<Key>, ContinuousClock.Instant) -> Result,
        then finish: (inout State, Result) -> Final
    ) -> Final {
        let now = time.now
        var handOuts: [(CheckedContinuation<WorkItem<Key>?, Never>, WorkItem<Key>)] = []
        var wake: ContinuousClock.Instant?
        var obsolete: TimerToken?
        let final = state.withLock { state in
            let result = body(&state.keys, now)
            state.keys.promote(now: now)
            if state.isShutDown { state.keys.removeUnstarted() }
            while let waiter = state.waiters.first, let item = state.keys.pop(now: now) {
                state.waiters.removeFirst()
                handOuts.append((waiter.continuation, item))
            }
            (obsolete, wake) = state.wake.replace(with: state.keys.nextDeadline, now: now)
            return finish(&state, result)
        }
        for (continuation, item) in handOuts { continuation.resume(returning: item) }
        if let obsolete { time.cancel(obsolete) }
        if let wake { setTimer(at: wake) }
        return final
    }

    private func setTimer(at wake: ContinuousClock.Instant) {
        let timer = time.schedule(at: wake) { [weak self] in self?.change { _, _ in } }
        // The timer may have fired already or been replaced, or the queue may have been shut down.
        let isNeeded = state.withLock { $0.wake.keep(timer, for: wake) }
        if !isNeeded { time.cancel(timer) }
    }

    private func registerReadings(in registry: MetricsRegistry, name: String) {
        WorkQueueMetrics.registerReadings(in: registry, queue: name) { [weak self] in
            guard let self else { return nil }
            let now = time.now
            return state.withLock { state in
                let ages = state.keys.running.values.map { $0.duration(to: now).inSeconds }
                return WorkQueueMetrics.Reading(
                    depths: [.normal: state.keys.normalCount, .low: state.keys.lowCount],
                    adds: state.keys.adds, unfinishedSeconds: ages.reduce(0, +), longestRunSeconds: ages.max() ?? 0)
            }
        }
    }
}
