import KubeClient

/// A queue of keys that want work, shared by several workers.
///
/// A key is with one worker at a time and runs at least once after its last ``add(_:priority:endsBackoff:)``; many adds before that
/// are one run. Groups of keys take turns and have limited shares of the workers. One timer serves all delayed keys.
/// ``WorkQueueState`` holds the rules.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<WorkItem<Key>?, Never>
    }

    private struct State {
        var keys: WorkQueueState<Key>
        /// Workers that found nothing to do, first come first served; empty whenever a ready key's group has room.
        var waiters: [Waiter] = []
        /// Those who wait until no worker has a key.
        var drains: [CheckedContinuation<Void, Never>] = []
        var nextWaiter: UInt64 = 0
        /// Wake-ups that are still to come, descending: a new one is scheduled only when it comes before the last.
        var wakes: [ContinuousClock.Instant] = []
        /// The timers of those wake-ups, so that none is left at the end.
        var alarms: [ContinuousClock.Instant: TimerToken] = [:]
        var isShutDown = false
    }

    private let state: Locked<State>
    private let time: any TimeSource
    private let backoff: Backoff
    private let random: @Sendable () -> Double
    private let metrics: WorkQueueMetrics?

    /// Makes an empty queue.
    ///
    /// - Parameters:
    ///   - name: the label of its metrics.
    ///   - shares: how many workers the keys of one group may have.
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

    /// Requests a run of the key as soon as a worker is free.
    ///
    /// - Parameter endsBackoff: false when nothing is known to have changed, so that what failed is not tried again
    ///   before its backoff has passed.
    public func add(_ key: Key, priority: WorkPriority = .normal, endsBackoff: Bool = true) {
        change { keys, now in keys.add(key, priority: priority, endsBackoff: endsBackoff, now: now) }
    }

    /// Wants a run of the key when `delay` has passed; the earliest such time of a key counts.
    public func add(_ key: Key, after delay: Duration, priority: WorkPriority = .normal) {
        change { keys, now in
            keys.add(key, at: now.advanced(by: delay), priority: priority, now: now)
        }
        metrics?.delayed(by: delay)
    }

    /// Waits for a key to work on; nil when the queue was shut down or the task was cancelled.
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

    /// Gives a key back; does nothing when no worker has it.
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

    /// Hands out no further key and forgets those that wait; running ones may still be given back.
    public func shutDown() {
        let (waiters, alarms) = state.withLock { state in
            state.isShutDown = true
            state.keys.removeUnstarted()
            defer { (state.waiters, state.alarms) = ([], [:]) }
            return (state.waiters, state.alarms)
        }
        for alarm in alarms.values { time.cancel(alarm) }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
    }

    /// Shuts down and waits until every worker has given its key back.
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

    /// How many keys are ready and wait for a worker.
    public var depth: Int { state.withLock { $0.keys.readyCount } }

    /// How many keys are ready, wait for their time or are with a worker.
    public var count: Int { state.withLock { $0.keys.count } }
}

extension WorkQueue {
    /// Gives the worker a key at once, lets it wait for one, or sends it away.
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
            // A server may ask for more than the backoff, but not for so much that the key would look forgotten.
            max(min(retryAfter, backoff.cap), backoff.delay(attempt: keys.attempt(of: key) ?? 1, random: random()))
        }
    }

    private func change(_ body: (inout WorkQueueState<Key>, ContinuousClock.Instant) -> Void) {
        change(body) { _, _ in }
    }

    /// Changes the keys under the lock, then hands ready ones to waiting workers and sees to the next wake-up.
    private func change<Result, Final>(
        _ body: (inout WorkQueueState<Key>, ContinuousClock.Instant) -> Result,
        then finish: (inout State, Result) -> Final
    ) -> Final {
        let now = time.now
        var handOuts: [(CheckedContinuation<WorkItem<Key>?, Never>, WorkItem<Key>)] = []
        var wake: ContinuousClock.Instant?
        let final = state.withLock { state in
            let result = body(&state.keys, now)
            state.keys.promote(now: now)
            if state.isShutDown { state.keys.removeUnstarted() }
            while let waiter = state.waiters.first, let item = state.keys.pop(now: now) {
                state.waiters.removeFirst()
                handOuts.append((waiter.continuation, item))
            }
            wake = nextWake(&state, now)
            return finish(&state, result)
        }
        for (continuation, item) in handOuts { continuation.resume(returning: item) }
        if let wake { setAlarm(at: wake) }
        return final
    }

    private func setAlarm(at wake: ContinuousClock.Instant) {
        let alarm = time.schedule(at: wake) { [weak self] in self?.change { _, _ in } }
        let isNeeded = state.withLock { state in
            // It may be due already, and the queue may have been shut down meanwhile.
            guard !state.isShutDown, state.wakes.contains(wake) else { return false }
            state.alarms[wake] = alarm
            return true
        }
        if !isNeeded { time.cancel(alarm) }
    }

    /// The wake-up that has to be scheduled, unless an earlier one is on its way.
    private func nextWake(_ state: inout State, _ now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        while let last = state.wakes.last, last <= now { state.alarms[state.wakes.removeLast()] = nil }
        guard let deadline = state.keys.nextDeadline else { return nil }
        if let earlier = state.wakes.last, earlier <= deadline { return nil }
        state.wakes.append(deadline)
        return deadline
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

/// A key handed to a worker, which must give it back with ``WorkQueue/done(_:_:)``.
public struct WorkItem<Key: Hashable & Sendable>: Sendable {
    public let key: Key
    /// 1 for the first try, and one more for each failure since the last success.
    public let attempt: Int
    /// How long the key was ready before a worker took it.
    public let waited: Duration
}

/// Which line a ready key waits in.
public enum WorkPriority: Hashable, Sendable {
    /// Somebody waits for it: an object changed.
    case normal
    /// Nobody waits for it: an initial list, an expired TTL. Gets at least one of four turns.
    case low

    /// Becomes the higher of the two.
    mutating func raise(to other: WorkPriority) {
        if other == .normal { self = .normal }
    }
}

/// What became of a work item. What was added while it ran is done in any case.
public enum WorkOutcome: Hashable, Sendable {
    /// Done; the key is forgotten until someone adds it.
    case success
    /// Done; the key is to run again after a time, unless something happens earlier.
    case requeue(after: Duration)
    /// Failed; the key runs again after its backoff, and not before `retryAfter` has passed.
    case failed(retryAfter: Duration = .zero)
    /// Something outside is waited for; the key runs again as after a failure, but it is none.
    case waiting(retryAfter: Duration)
    /// The key's turn has not come, so nothing was tried: its failures still count. It runs again after a time, or when
    /// someone adds it.
    case deferred(atMost: Duration)

    /// True when the key runs again after its backoff, which grows with each such outcome in a row.
    public var backsOff: Bool {
        switch self {
        case .success, .requeue, .deferred: false
        case .failed, .waiting: true
        }
    }
}

/// What a run of a key says about its failures.
enum WorkResult: Hashable, Sendable {
    /// It worked: there are none.
    case worked
    /// One more.
    case failed
    /// Nothing was tried: they stay as they are.
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
