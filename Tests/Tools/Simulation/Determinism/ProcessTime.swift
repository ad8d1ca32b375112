import KubeClient
import KubeRuntime

/// The world's time as one operator process sees it; counts the process's timers.
///
/// Confined to the thread of one simulation.
final class ProcessTime: TimeSource, @unchecked Sendable {
    private let time: VirtualTime
    private(set) var pending: Set<TimerToken> = []

    init(_ time: VirtualTime) {
        self.time = time
    }

    var now: ContinuousClock.Instant { time.now }

    @discardableResult
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken {
        // A timer that is already due runs before its token is known; then there is nothing to remember.
        let box = TokenBox()
        let token = time.schedule(at: deadline) { [self] in
            box.hasRun = true
            if let token = box.token { pending.remove(token) }
            action()
        }
        box.token = token
        if !box.hasRun { pending.insert(token) }
        return token
    }

    func cancel(_ token: TimerToken) {
        pending.remove(token)
        time.cancel(token)
    }

    /// Confined to the thread of one simulation.
    private final class TokenBox: @unchecked Sendable {
        var token: TimerToken?
        var hasRun = false
    }
}
