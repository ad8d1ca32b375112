import CLinux

/// Identifies the clock that a time was read from.
///
/// The offset between two clocks is unknown, so times of different clocks have different types, and comparing or
/// subtracting them does not compile.
public protocol ClockDomain: Sendable {}

/// The wall clock of the machine that this process runs on; it can jump backward or forward at any time.
public enum MachineClock: ClockDomain {}

/// The clock of the API server: `creationTimestamp`, `deletionTimestamp`, the `Date` of responses, and the times in the
/// status of an execution.
public enum APIServerClock: ClockDomain {}

/// The clock of the machine that a workflow engine's controller runs on.
public enum EngineClock: ClockDomain {}

/// A time of this machine's clock, for logs, events, leases and credentials.
public typealias Timestamp = ClockTime<MachineClock>
/// A time of the API server's clock.
public typealias ServerTime = ClockTime<APIServerClock>
/// A time of an engine's clock; use it only for durations between two such times, and for display.
public typealias EngineTime = ClockTime<EngineClock>

/// A point in time of one clock, in nanoseconds of UTC, between the years 1 and 9999.
///
/// Arithmetic never traps: results are clamped to the range. There is no `now`; the current time is injected, for
/// example by a ``WallClock``.
public struct ClockTime<Domain: ClockDomain>: Hashable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, rounded down; negative before that.
    public let seconds: Int64
    /// The fraction of a second, 0 to 999,999,999.
    public let nanoseconds: Int32

    /// 0001-01-01T00:00:00Z.
    public static var earliest: Self { Self(uncheckedSeconds: -62_135_596_800, nanoseconds: 0) }
    /// The last nanosecond of the year 9999.
    public static var latest: Self { Self(uncheckedSeconds: 253_402_300_799, nanoseconds: 999_999_999) }

    /// Treats a time of another clock as a time of this clock; the error is unbounded.
    ///
    /// Each use must explain why a wrong time does no harm.
    public init(assuming other: ClockTime<some ClockDomain>) {
        self.init(uncheckedSeconds: other.seconds, nanoseconds: other.nanoseconds)
    }

    /// The time that is this many seconds and nanoseconds after 1970, or before if negative; clamped to the range.
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        let billion: Int64 = 1_000_000_000
        // Swift's remainder has the sign of the dividend, and nanoseconds must not be negative.
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
    /// The time `duration` later, or earlier if it is negative.
    public static func + (time: Self, duration: Duration) -> Self {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.addingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .earliest : .latest }
        return Self(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) + parts.attoseconds / 1_000_000_000)
    }

    /// The time `duration` earlier, or later if it is negative.
    public static func - (time: Self, duration: Duration) -> Self {
        let parts = duration.components
        let (seconds, overflowed) = time.seconds.subtractingReportingOverflow(parts.seconds)
        guard !overflowed else { return parts.seconds < 0 ? .latest : .earliest }
        return Self(
            seconds: seconds, nanoseconds: Int64(time.nanoseconds) - parts.attoseconds / 1_000_000_000)
    }

    /// The duration from `earlier` to `later`; negative if `later` comes first.
    public static func - (later: Self, earlier: Self) -> Duration {
        .seconds(later.seconds - earlier.seconds) + .nanoseconds(Int64(later.nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// The time in whole seconds, the precision of Kubernetes' `Time`.
    public var roundedDownToSeconds: Self { Self(seconds: seconds) }

    /// The first time in whole seconds that is not before this one.
    public var roundedUpToSeconds: Self {
        nanoseconds == 0 ? self : roundedDownToSeconds + .seconds(1)
    }
}

/// The source of the wall-clock time: the system or a test.
public struct WallClock: Sendable {
    private let read: @Sendable () -> Timestamp

    public init(_ read: @escaping @Sendable () -> Timestamp) {
        self.read = read
    }

    public func now() -> Timestamp { read() }

    /// The clock of this machine, which can be set back at any time.
    public static let system = WallClock {
        var (seconds, nanoseconds) = (Int64(0), Int64(0))
        towline_time_of_day(&seconds, &nanoseconds)
        return Timestamp(seconds: seconds, nanoseconds: nanoseconds)
    }
}
