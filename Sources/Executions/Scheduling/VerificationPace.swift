/// Settings of run verification: its interval, request limits, and timeouts.
///
/// Measured with `towline-bench poll` on kube-apiserver 1.36 with runs of 5 KiB: Reading the metadata of one run costs
/// 0.7 ms of its CPU time. A list costs 0.05 ms for each stored run, regardless of the selector; without the watch cache,
/// which keeps decoded objects, 0.4 ms.
struct VerificationPace: Sendable {
    /// How often every unfinished run is verified.
    let interval: Duration
    /// The maximum number of runs that are always read one by one.
    var readLimit = 100
    /// The maximum number of runs that are read one by one if a list would cost more.
    var highestReadLimit = 500
    /// The number of listed runs that cost as much as one read.
    var listedForOneRead = 14
    /// Maximum concurrent requests.
    var concurrency = 8
    /// Maximum number of runs on a page.
    var pageSize = 500
    /// The maximum number of pages in a list; a longer list is abandoned, because the server seems to repeat pages.
    var maximumPages = 2000
    /// Timeout of a read.
    var readBound = Duration.seconds(10)
    /// Timeout of a page.
    var pageBound = Duration.seconds(30)

    init(interval: Duration) {
        self.interval = interval
    }

    /// The pause after this many failures in a row: one second, doubled each time, up to half the interval.
    func pause(afterFailures failures: Int) -> Duration {
        let longest = max(interval / 2, .milliseconds(100))
        return min(longest, .seconds(1) * (1 << min(max(failures - 1, 0), 10)))
    }

    /// Whether reading this many runs one by one is better than listing all stored runs.
    ///
    /// - Parameter time: how long one read takes. Many slow reads would not finish in time.
    func prefersReads(_ count: Int, of stored: Int, each time: Duration) -> Bool {
        if count <= readLimit { return true }
        return count <= highestReadLimit && stored / listedForOneRead >= count
            && time * (count / concurrency) <= interval / 4
    }

    /// How long before their deadline this many reads must start if each takes `time`.
    func leadOfReads(_ count: Int, each time: Duration) -> Duration {
        bounded(time * (count / concurrency + 2) + .milliseconds(50))
    }

    /// How long before the deadline a list must start if it takes `time`.
    func leadOfList(taking time: Duration) -> Duration {
        bounded(time * 5 / 4 + .milliseconds(100))
    }

    /// The minimum time between the starts of two lists if one takes `time`.
    ///
    /// If a list takes longer than half the interval, runs are verified less often to limit the load on the API server.
    func gapBetweenLists(taking time: Duration) -> Duration {
        max(interval - leadOfList(taking: time), time * 3 / 2)
    }

    /// Limits how early a request starts, so that the number of requests at most doubles.
    private func bounded(_ lead: Duration) -> Duration { min(lead, interval / 2) }
}

/// Estimates how long a request takes. The estimate rises immediately and falls slowly.
struct TimeEstimate: Sendable {
    private(set) var value: Duration

    init(_ first: Duration) {
        value = first
    }

    mutating func observe(_ duration: Duration) {
        value = duration >= value ? duration : value - (value - duration) / 8
    }

    /// Lowers the estimate without an observation, so that a method that was too slow is tried again later.
    mutating func relax() {
        value -= value / 8
    }
}
