import KubeClient
import KubeRuntime
import TowlineAPI

/// Identifies requests that usually fail and recover together.
struct FailureGroup: Hashable, Sendable {
    enum Request: Hashable, Sendable {
        case createRun
        case readRun
        case readChildren
        case stopRun
        case readExecution
        case readDefinition
        case writeStatus

        /// True if the request depends on the engine.
        var isOfEngine: Bool {
            switch self {
            case .createRun, .readRun, .readChildren, .stopRun: true
            case .readExecution, .readDefinition, .writeStatus: false
            }
        }
    }

    let request: Request
    /// Nil if the request does not depend on the engine.
    let engine: EngineName?
    let namespace: String
    /// The definition, because one that is missing says nothing about another; nil for other requests.
    var definition: String?
}

/// Retries failing executions before their backoff ends, as ``EarlyRetries`` decides, so that they continue soon after
/// the cause is fixed.
///
/// One timer serves all executions. It is stopped while no execution is failing and while this process is a standby.
final class Recovery: Sendable {
    private struct State {
        var groups: EarlyRetries<ObjectKey, FailureGroup>
        var check = PendingWake()
        var isRunning = false
    }

    private let state: Locked<State>
    private let time: any TimeSource
    /// Queues an execution that is retried early.
    private let wake: @Sendable (ObjectKey) -> Void

    /// - Parameter interval: how soon after a recovery all executions should continue, as far as the rate limit allows.
    init(interval: Duration, time: any TimeSource, wake: @escaping @Sendable (ObjectKey) -> Void) {
        // A probe finds the recovery within three quarters of it; the rest is for those that the probe wakes.
        state = Locked(State(groups: EarlyRetries(limits: EarlyRetries.Limits(interval: interval * 3 / 4))))
        self.time = time
        self.wake = wake
    }

    /// The number of failing executions.
    var count: Int { state.withLock { $0.groups.count } }

    /// Records that an execution is in backoff because a request of this kind failed.
    func failed(_ key: ObjectKey, in group: FailureGroup) {
        change { $0.failed(key, in: group, now: $1) }
    }

    /// Records that a request of this kind succeeded.
    func worked(_ key: ObjectKey, in group: FailureGroup) {
        change { $0.worked(key, in: group, now: $1) }
    }

    /// Records that an execution is no longer in backoff.
    func settled(_ key: ObjectKey) {
        state.withLock { $0.groups.settled(key) }
    }

    /// Records that the API server is reachable again.
    func serverReturned() {
        change { groups, _ in groups.serverReturned() }
    }

    /// Starts to retry.
    func start() {
        state.withLock { $0.isRunning = true }
    }

    /// Removes all executions and cancels the timer.
    func stop() {
        let timer = state.withLock { state in
            state.isRunning = false
            state.groups.removeAll()
            return state.check.remove()
        }
        if let timer { time.cancel(timer) }
    }

    private func change(
        _ body: (inout EarlyRetries<ObjectKey, FailureGroup>, ContinuousClock.Instant) -> Void = { _, _ in }
    ) {
        let now = time.now
        let (keys, obsolete, next) = state.withLock { state -> ([ObjectKey], TimerToken?, ContinuousClock.Instant?) in
            guard state.isRunning else { return ([], nil, nil) }
            body(&state.groups, now)
            let keys = state.groups.wake(now)
            let (obsolete, next) = state.check.replace(with: state.groups.nextWake, now: now)
            return (keys, obsolete, next)
        }
        if let obsolete { time.cancel(obsolete) }
        for key in keys { wake(key) }
        guard let next else { return }
        let timer = time.schedule(at: next) { [weak self] in self?.change() }
        // The timer may have fired already, or an earlier check may have been planned since.
        let isNeeded = state.withLock { $0.check.keep(timer, for: next) }
        if !isNeeded { time.cancel(timer) }
    }
}
