import KubeRuntime

@testable import Operator

extension ExecutionCache {
    /// Makes a cache that nobody asks what has outlived its time.
    convenience init(namespaces: [String]) {
        let time = VirtualTime()
        let clock = ServerClock(time: time, fallback: .system)
        self.init(namespaces: namespaces, expiries: ExpirySchedule(time: time, clock: clock) { _ in })
    }
}
