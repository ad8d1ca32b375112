import KubeClient

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
