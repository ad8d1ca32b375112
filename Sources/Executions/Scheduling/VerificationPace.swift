/// How often runs are verified, in which way, and with how many requests at once.
///
/// Measured with `towline-bench poll` on kube-apiserver 1.36, with runs of 5 KiB: the read of one run's metadata costs
/// 0.7 ms of its processor time. A list costs 0.05 ms for each stored run, whatever is selected; without the watch cache,
/// which decodes each of them, 0.4 ms.
struct VerificationPace: Sendable {
    /// Every unfinished run is verified this often.
    let interval: Duration
    /// Up to this many runs are read one by one, however few are stored.
    var readLimit = 100
    /// Up to this many are read one by one where a list would cost more.
    var highestReadLimit = 500
    /// A read costs as much as the part of a list that shows this many runs.
    var listedForOneRead = 14
    /// The most requests at once.
    var concurrency = 8
    /// The most runs on one page.
    var pageSize = 500
    /// A list of more pages is given up: its server does not come to an end.
    var maximumPages = 2000
    /// After this time a read is given up.
    var readBound = Duration.seconds(10)
    /// After this time a page is given up.
    var pageBound = Duration.seconds(30)

    init(interval: Duration) {
        self.interval = interval
    }

    /// The pause after this many failures in a row: one second, doubled each time, up to half the interval.
    func pause(afterFailures failures: Int) -> Duration {
        let longest = max(interval / 2, .milliseconds(100))
        return min(longest, .seconds(1) * (1 << min(max(failures - 1, 0), 10)))
    }

    /// True where it is better to read this many runs one by one than to list all that are stored.
    ///
    /// - Parameter time: how long one read takes. Many slow reads would not be done in time.
    func prefersReads(_ count: Int, of stored: Int, each time: Duration) -> Bool {
        if count <= readLimit { return true }
        return count <= highestReadLimit && stored / listedForOneRead >= count
            && time * (count / concurrency) <= interval / 4
    }

    /// How long before their deadline this many reads have to begin, when one of them takes `time`.
    func leadOfReads(_ count: Int, each time: Duration) -> Duration {
        bounded(time * (count / concurrency + 2) + .milliseconds(50))
    }

    /// How long before the deadline a list has to begin that takes `time`.
    func leadOfList(taking time: Duration) -> Duration {
        bounded(time * 5 / 4 + .milliseconds(100))
    }

    /// The least time from the beginning of a list that took `time` to the beginning of the next.
    ///
    /// A server that needs longer than half the interval is asked for less than the promise, not without a pause.
    func gapBetweenLists(taking time: Duration) -> Duration {
        max(interval - leadOfList(taking: time), time * 3 / 2)
    }

    /// Verifying twice as often as promised is the most that early requests may cost.
    private func bounded(_ lead: Duration) -> Duration { min(lead, interval / 2) }
}

/// An estimate of how long something takes: it rises at once and falls slowly.
struct TimeEstimate: Sendable {
    private(set) var value: Duration

    init(_ first: Duration) {
        value = first
    }

    mutating func observe(_ duration: Duration) {
        value = duration >= value ? duration : value - (value - duration) / 8
    }

    /// Falls without an observation, so that what was too slow is tried again some time.
    mutating func relax() {
        value -= value / 8
    }
}
