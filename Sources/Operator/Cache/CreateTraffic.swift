import KubeClient

/// Keeps the creates of one engine from taking every worker while something holds them up, such as a webhook that hangs.
///
/// After one that took long, the creates go one at a time until one is quick again; the workers are then free for what
/// is asked of other engines, and for runs that have to be ended.
struct CreateTraffic: Sendable {
    /// When each create that is under way was sent.
    private var underWay: [ObjectKey: ContinuousClock.Instant] = [:]
    /// True when the last create took long.
    private var isSlow = false

    /// A create that takes this long is held up.
    static let slow = Duration.seconds(2)
    /// When a create that had to give way looks again.
    static let pause = Duration.seconds(5)

    mutating func begin(_ run: ObjectKey, at now: ContinuousClock.Instant) { underWay[run] = now }

    mutating func end(_ run: ObjectKey, at now: ContinuousClock.Instant) {
        guard let start = underWay.removeValue(forKey: run) else { return }
        isSlow = start.duration(to: now) >= Self.slow
    }

    /// True when another create has to give way.
    var isBlocked: Bool { isSlow && !underWay.isEmpty }
}
