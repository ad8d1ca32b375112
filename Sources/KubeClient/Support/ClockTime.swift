import CLinux

/// The clock that a time was read from. Nobody knows how far two clocks are apart, so times of different clocks are
/// different types: neither comparing nor subtracting them compiles.
public protocol ClockDomain: Sendable {}

/// The clock of the machine this process runs on; it may be set back or ahead at any time.
public enum MachineClock: ClockDomain {}

/// The clock of the API server: of every `creationTimestamp` and `deletionTimestamp`, of the `Date` of its answers, and
/// of the times in the status of an execution.
public enum APIServerClock: ClockDomain {}

/// The clock of the machine that a workflow engine's controller runs on.
public enum EngineClock: ClockDomain {}

/// A time by this machine's clock: for logs, events, leases and credentials.
public typealias Timestamp = ClockTime<MachineClock>
/// A time by the API server's clock.
public typealias ServerTime = ClockTime<APIServerClock>
/// A time by an engine's clock: only good for durations between two of them, and to show to people.
public typealias EngineTime = ClockTime<EngineClock>

/// A point in time by one clock, in nanoseconds of UTC, between the years 1 and 9999.
///
/// Arithmetic never traps: what would leave the range stops at its end. There is no `now`: time is handed in, by a
/// ``WallClock`` for instance.
public struct ClockTime<Domain: ClockDomain>: Hashable, Sendable {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down; negative before.
    public let seconds: Int64
    /// What the seconds leave out, 0 to 999 999 999.
    public let nanoseconds: Int32

    /// 0001-01-01T00:00:00Z.
    public static var earliest: Self { Self(uncheckedSeconds: -62_135_596_800, nanoseconds: 0) }
    /// The last nanosecond of the year 9999.
    public static var latest: Self { Self(uncheckedSeconds: 253_402_300_799, nanoseconds: 999_999_999) }

    /// Takes a time of another clock for one of this clock, which may be wrong by any amount.
    ///
    /// Only for uses that say why that does no harm.
    public init(assuming other: ClockTime<some ClockDomain>) {
        self.init(uncheckedSeconds: other.seconds, nanoseconds: other.nanoseconds)
    }

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

extension ClockTime: Comparable {
    public static func < (left: Self, right: Self) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}

extension ClockTime {
    /// The time `duration` later, or earlier where it is negative.
    public static func + (time: Self, duration: Duration) -> Self {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.addingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .earliest : .latest }
        return Self(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) + parts.attoseconds / 1_000_000_000)
    }

    /// The time `duration` earlier, or later where it is negative.
    public static func - (time: Self, duration: Duration) -> Self {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.subtractingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .latest : .earliest }
        return Self(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) - parts.attoseconds / 1_000_000_000)
    }

    /// How much later `later` is than `earlier`; negative when it is not.
    public static func - (later: Self, earlier: Self) -> Duration {
        .seconds(later.seconds - earlier.seconds) + .nanoseconds(Int64(later.nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// The same time without its fraction of a second, the precision of Kubernetes' `Time`.
    public var roundedDownToSeconds: Self { Self(seconds: seconds) }
}

/// Where the time of day comes from: the system, or a test.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    public init(_ read: @escaping @Sendable () -> Timestamp) {
        self.read = read
    }

    public func now() -> Timestamp { read() }

    /// The machine's own clock, which may be set back at any time.
    public static let system = WallClock {
        var (seconds, nanoseconds) = (Int64(0), Int64(0))
        towline_time_of_day(&seconds, &nanoseconds)
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
