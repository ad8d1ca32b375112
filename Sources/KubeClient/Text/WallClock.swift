import CLinux

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
