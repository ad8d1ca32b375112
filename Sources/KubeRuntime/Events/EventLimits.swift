/// What bounds the events of a process, so that they never cost more than they are worth.
struct EventLimits: Hashable, Sendable {
    /// How many new events may wait to be published.
    var waiting = 1_000
    /// How many published events are kept in mind for their repetitions.
    var remembered = 1_000
    /// How many different events of one object there may be at a time.
    var perObject = 25
    /// How long after its last occurrence an event is over, and the next one a new event.
    var window: Duration = .seconds(360)
    /// The least time between two updates of one series.
    var refresh: Duration = .seconds(60)
    /// How often one event is sent at most where nothing but time helps.
    var attempts = 10
    /// The pause before such a repetition.
    var backoff = Backoff(base: .milliseconds(500), cap: .seconds(10), jitter: .half)
    /// The longest pause that a server may ask for.
    var longestPause: Duration = .seconds(60)
    /// The least time between two reports of events that were lost.
    var reportInterval: Duration = .seconds(600)
}
