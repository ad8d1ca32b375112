import KubeClient
import KubeRuntime
import TowlineAPI

/// Requests that mostly fail, and recover, together.
struct FailureGroup: Hashable, Sendable {
    enum Request: Hashable, Sendable {
        case createRun
        case readRun
        case readChildren
        case stopRun
        case readExecution
        case writeStatus

        /// True where the engines may differ.
        var isOfEngine: Bool {
            switch self {
            case .createRun, .readRun, .readChildren, .stopRun: true
            case .readExecution, .writeStatus: false
            }
        }
    }

    let request: Request
    /// Nil for what concerns no engine.
    let engine: EngineName?
    let namespace: String
}

/// Tries executions whose requests fail before their backoff ends, so that none sleeps through the recovery;
/// ``EarlyRetries`` holds the rules.
///
/// One timer serves all of them, and none runs while nothing fails or this process does not work on executions.
final class Recovery: Sendable {
    private struct State {
        var groups: EarlyRetries<ObjectKey, FailureGroup>
        /// The next look, and its timer once that is known.
        var look: ContinuousClock.Instant?
        var timer: TimerToken?
        var isRunning = false
    }

    private let state: Locked<State>
    private let time: any TimeSource
    /// Called with each execution that is to be tried.
    private let wake: @Sendable (ObjectKey) -> Void

    /// - Parameter interval: so long after a recovery everything is to work again, as far as the rate allows.
    init(interval: Duration, time: any TimeSource, wake: @escaping @Sendable (ObjectKey) -> Void) {
        // A probe finds the recovery within three quarters; the rest is for those that it wakes.
        state = Locked(State(groups: EarlyRetries(limits: EarlyRetries.Limits(interval: interval * 3 / 4))))
        self.time = time
        self.wake = wake
    }

    /// How many executions are waited for.
    var count: Int { state.withLock { $0.groups.count } }

    /// Takes in that an execution waits for its backoff, as a request of this kind failed.
    func failed(_ key: ObjectKey, in group: FailureGroup) {
        change { $0.failed(key, in: group, now: $1) }
    }

    /// Takes in that a request of this kind worked.
    func worked(_ key: ObjectKey, in group: FailureGroup) {
        change { $0.worked(key, in: group, now: $1) }
    }

    /// Takes in that an execution waits for nothing any more, or for something else.
    func settled(_ key: ObjectKey) {
        state.withLock { $0.groups.settled(key) }
    }

    /// Takes in that the API server answers again.
    func serverReturned() {
        change { groups, _ in groups.serverReturned() }
    }

    /// Begins to wake.
    func start() {
        state.withLock { $0.isRunning = true }
    }

    /// Wakes nobody any more, forgets everything, and leaves no timer behind.
    func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            state.groups.removeAll()
            state.look = nil
            defer { state.timer = nil }
            return state.timer
        }
        if let timer { time.cancel(timer) }
    }

    private func change(
        _ body: (inout EarlyRetries<ObjectKey, FailureGroup>, ContinuousClock.Instant) -> Void = { _, _ in }
    ) {
        let now = time.now
        var next: ContinuousClock.Instant?
        let (keys, obsolete) = state.withLock { state -> ([ObjectKey], TimerToken?) in
            guard state.isRunning else { return ([], nil) }
            body(&state.groups, now)
            let keys = state.groups.wake(now)
            let wanted = state.groups.nextWake
            // An earlier look that is still to come finds the rest by itself.
            if let planned = state.look, planned > now, wanted.map({ planned <= $0 }) ?? true { return (keys, nil) }
            guard state.look != wanted else { return (keys, nil) }
            state.look = wanted
            next = wanted
            defer { state.timer = nil }
            return (keys, state.timer)
        }
        if let obsolete { time.cancel(obsolete) }
        for key in keys { wake(key) }
        if let next { setTimer(at: next) }
    }

    private func setTimer(at instant: ContinuousClock.Instant) {
        let timer = time.schedule(at: instant) { [weak self] in self?.change() }
        let isNeeded = state.withLock { state in
            // It may have fired already, and an earlier look may have been wanted meanwhile.
            guard state.isRunning, state.look == instant, state.timer == nil else { return false }
            state.timer = timer
            return true
        }
        if !isNeeded { time.cancel(timer) }
    }
}
