import KubeClient

/// Tracks creates whose responses were lost and that may still take effect.
///
/// A request can reach the API server after its connection broke. Until that is impossible, a missing run proves
/// nothing: if the execution ended "without a run", the late create would still start one.
final class PendingCreates: Sendable {
    /// When the last create of each run without a definite response can no longer take effect.
    private let uncertain = Locked(ExpiringKeys())
    private let patience: Duration

    /// - Parameter patience: how long a request can still take effect after it was sent.
    init(patience: Duration) {
        self.patience = patience
    }

    func record(_ run: ObjectKey, at now: ContinuousClock.Instant) {
        uncertain.withLock { $0.set(run, until: now + patience, now: now) }
    }

    /// When the create of a run can no longer take effect; nil if that time has passed.
    func deadline(of run: ObjectKey, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        uncertain.withLock { uncertain in
            let deadline = uncertain.end(of: run, now: now)
            if deadline == nil { uncertain.remove(run) }
            return deadline
        }
    }

    /// The number of remembered creates.
    var count: Int { uncertain.withLock { $0.count } }

    /// The work for removing old creates so far, counted in visited creates.
    var visits: Int { uncertain.withLock { $0.visits } }

    func forget(_ run: ObjectKey) {
        uncertain.withLock { $0.remove(run) }
    }
}

/// Keys that each have a time until which they count.
///
/// Expired keys are removed when the number of keys has doubled since the last sweep, so that adding `n` keys takes time
/// proportional to `n` even if none of them expires, such as after a takeover.
struct ExpiringKeys: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The number of keys that is never swept.
    static let unsweptCount = 1_024

    private var ends: [ObjectKey: Instant] = [:]
    private var sweepCount = Self.unsweptCount
    /// The number of keys that all sweeps have visited.
    private(set) var visits = 0

    /// The number of keys, including expired ones that have not been removed.
    var count: Int { ends.count }

    /// When a key expires; nil if it has expired or was never added.
    func end(of key: ObjectKey, now: Instant) -> Instant? {
        guard let end = ends[key], now < end else { return nil }
        return end
    }

    /// Adds a key, or changes its time.
    mutating func set(_ key: ObjectKey, until end: Instant, now: Instant) {
        ends[key] = end
        guard ends.count >= sweepCount else { return }
        visits += ends.count
        ends = ends.filter { now < $0.value }
        sweepCount = max(Self.unsweptCount, 2 * ends.count)
    }

    mutating func remove(_ key: ObjectKey) {
        ends[key] = nil
    }
}
