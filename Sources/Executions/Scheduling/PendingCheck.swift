import KubeRuntime

/// The next check of a schedule and its timer; a schedule has one at a time.
///
/// The owner keeps this value under its lock, and sets and cancels timers outside of it.
struct PendingCheck {
    typealias Instant = ContinuousClock.Instant

    private var instant: Instant?
    private var timer: TimerToken?

    /// Replaces the check, unless an earlier one is pending, which covers the rest.
    ///
    /// - Parameter wanted: when the next check is due; nil for none.
    /// - Returns: the timer to cancel, and when a new timer must fire; nil for neither.
    mutating func replace(with wanted: Instant?, now: Instant) -> (obsolete: TimerToken?, next: Instant?) {
        if let instant, instant > now, wanted.map({ instant <= $0 }) ?? true { return (nil, nil) }
        instant = wanted
        defer { timer = nil }
        return (timer, wanted)
    }

    /// Keeps the timer of a check, so that it can be canceled.
    ///
    /// - Returns: false if the check has been replaced or removed since; the owner cancels the timer then.
    mutating func keep(_ timer: TimerToken, for instant: Instant) -> Bool {
        guard self.instant == instant, self.timer == nil else { return false }
        self.timer = timer
        return true
    }

    /// Removes the check and returns the timer to cancel.
    mutating func remove() -> TimerToken? {
        instant = nil
        defer { timer = nil }
        return timer
    }
}
