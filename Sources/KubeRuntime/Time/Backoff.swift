/// The delay before the next attempt: doubles from `base` to `cap`, then is randomized.
///
/// Pure: the same arguments give the same delay. Ceilings before jitter:
///
/// | attempt | ``workQueue`` (5 ms … 5 min) | ``reflector`` (800 ms … 15 s) |
/// | --- | --- | --- |
/// | 1 | 5 ms | 800 ms |
/// | 2 | 10 ms | 1.6 s |
/// | 5 | 80 ms | 12.8 s |
/// | 7 | 320 ms | 15 s |
/// | 12 | 10.24 s | 15 s |
/// | 17 and above | 5 min | 15 s |
public struct Backoff: Hashable, Sendable {
    /// How to randomize the ceiling `d` of an attempt.
    public enum Jitter: Hashable, Sendable {
        /// `0..<d`: spreads many independent keys best.
        case full
        /// `d/2..<d`: for a single loop that must never spin.
        case half
    }

    /// The ceiling of the first attempt.
    public let base: Duration
    /// The upper bound of all ceilings.
    public let cap: Duration
    public let jitter: Jitter

    public init(base: Duration, cap: Duration, jitter: Jitter) {
        self.base = max(base, .zero)
        self.cap = max(cap, .zero)
        self.jitter = jitter
    }

    /// The delay before a failed key is processed again.
    public static let workQueue = Backoff(base: .milliseconds(5), cap: .seconds(300), jitter: .full)
    /// The delay before a failed list or watch is retried.
    ///
    /// At most 15 seconds, where client-go waits 30: an execution is seen within 15 seconds after the API server is
    /// reachable again.
    public static let reflector = Backoff(base: .milliseconds(800), cap: .seconds(15), jitter: .half)

    /// The longest delay after failure number `attempt`, which counts from 1.
    public func ceiling(attempt: Int) -> Duration {
        var delay = base
        // The loop ends at the cap, so nothing overflows however large `attempt` is.
        var doublings = attempt - 1
        while doublings > 0, delay > .zero, delay < cap {
            delay = delay >= cap / 2 ? cap : delay * 2
            doublings -= 1
        }
        return min(delay, cap)
    }

    /// The delay after failure number `attempt`, which counts from 1; `random` is uniform in `0..<1`.
    public func delay(attempt: Int, random: Double) -> Duration {
        let ceiling = ceiling(attempt: attempt)
        let chance = random.isFinite ? min(max(random, 0), 1) : 0
        return switch jitter {
        case .full: ceiling * chance
        case .half: ceiling * (0.5 + chance / 2)
        }
    }
}
