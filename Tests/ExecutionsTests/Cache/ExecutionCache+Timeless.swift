import KubeRuntime

@testable import Executions

extension ExecutionCache {
    /// Makes a cache without TTLs and without verification of runs.
    convenience init(namespaces: [String]) {
        let time = VirtualTime()
        let clock = ServerClock(time: time, fallback: .system)
        self.init(
            namespaces: namespaces,
            expiries: ExpirySchedule(turnsPerSecond: ExpirySchedule.expiriesPerSecond, time: time, clock: clock) { _ in
            },
            freshness: Freshness(
                engines: [], namespaces: [], pace: VerificationPace(interval: .seconds(10)), time: time))
    }
}
