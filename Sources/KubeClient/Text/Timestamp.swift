/// A point in time, in nanoseconds of UTC, between the years 1 and 9999.
///
/// Arithmetic never traps: what would leave the range stops at its end. There is no `now`: time is handed in, by a
/// ``WallClock``.
public struct Timestamp: Hashable, Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down; negative before.
    public let seconds: Int64
    /// What the seconds leave out, 0 to 999 999 999.
    public let nanoseconds: Int32

    /// 0001-01-01T00:00:00Z.
    public static let earliest = Timestamp(uncheckedSeconds: -62_135_596_800, nanoseconds: 0)
    /// The last nanosecond of the year 9999.
    public static let latest = Timestamp(uncheckedSeconds: 253_402_300_799, nanoseconds: 999_999_999)

    /// The time that many seconds and nanoseconds after 1970 (before, where negative), clamped to the range.
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        let billion: Int64 = 1_000_000_000
        // Swift's remainder has the sign of the dividend; the nanoseconds must not.
        let (carry, rest) = nanoseconds.quotientAndRemainder(dividingBy: billion)
        let borrow: Int64 = rest < 0 ? 1 : 0
        let (sum, overflowed) = seconds.addingReportingOverflow(carry - borrow)
        if overflowed {
            self = seconds < 0 ? .earliest : .latest
        } else if sum < Self.earliest.seconds {
            self = .earliest
        } else if sum > Self.latest.seconds {
            self = .latest
        } else {
            self.init(uncheckedSeconds: sum, nanoseconds: Int32(truncatingIfNeeded: rest + borrow * billion))
        }
    }

    private init(uncheckedSeconds seconds: Int64, nanoseconds: Int32) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

extension Timestamp: Comparable {
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension Timestamp {
    /// The time `duration` later, or earlier where it is negative.
    public static func + (time: Timestamp, duration: Duration) -> Timestamp {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.addingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .earliest : .latest }
        return Timestamp(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) + parts.attoseconds / 1_000_000_000)
    }

    /// The time `duration` earlier, or later where it is negative.
    public static func - (time: Timestamp, duration: Duration) -> Timestamp {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.subtractingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .latest : .earliest }
        return Timestamp(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) - parts.attoseconds / 1_000_000_000)
    }

    /// How much later `later` is than `earlier`; negative when it is not.
    public static func - (later: Timestamp, earlier: Timestamp) -> Duration {
        .seconds(later.seconds - earlier.seconds) + .nanoseconds(Int64(later.nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// The same time without its fraction of a second, the precision of Kubernetes' `Time`.
    public var roundedDownToSeconds: Timestamp { Timestamp(seconds: seconds) }
}
