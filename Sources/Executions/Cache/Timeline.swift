import Engines
import KubeClient
import TowlineAPI

/// The history of one unfinished execution and its run, measured on this process's monotonic clock.
///
/// Timeouts and deadlines use it, because a monotonic clock is never adjusted. The age of an object when this process
/// first saw it comes from the API server's clock: the `Date` of its responses minus `creationTimestamp`. An engine's
/// clock is used only if it makes a deadline later, so clock skew never ends a healthy run.
struct Timeline: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// When this process first saw an object or event, and its age at that time.
    private struct Mark: Sendable {
        let seen: Instant
        let age: Duration

        func elapsed(at instant: Instant) -> Duration { age + seen.duration(to: instant) }
    }

    /// The results of the requests to stop the run.
    struct Stops: Sendable {
        /// The strongest stop request that the API server has accepted, and when.
        fileprivate(set) var accepted: (shutdown: Shutdown, since: Instant)?
        /// When the current series of failed stop requests began, and the last error.
        fileprivate(set) var failing: (since: Instant, refusal: Refusal)?
        /// The failed attempts since the last accepted request.
        fileprivate var attempts: Attempts?
    }

    /// A read of the run's children.
    private struct ChildrenRead: Sendable {
        let at: Instant
        let pause: Duration
        let version: ResourceVersion
        /// The state of the run including its children; nil if they could not be read.
        let state: RunState?
    }

    private var execution: Mark?
    /// The UID of the run that the following properties describe.
    private var runUID: String?
    private var run: Mark?
    private var start: Mark?
    private(set) var stops = Stops()
    private var change: (version: ResourceVersion, at: Instant)?
    private var lastRead: ChildrenRead?

    /// Updates the timeline from the execution.
    ///
    /// - Parameter now: the API server's time; nil before its first response.
    mutating func see(_ execution: WorkflowExecution, at instant: Instant, now: ServerTime?) {
        if self.execution == nil {
            self.execution = Mark(seen: instant, age: Self.age(execution.creationTimestamp, now))
        }
    }

    /// Updates the timeline from the execution's run.
    mutating func see(_ run: EngineRun, at instant: Instant, now: ServerTime?) {
        if runUID != run.uid {
            (runUID, self.run, start, stops, change, lastRead) = (run.uid, nil, nil, Stops(), nil, nil)
        }
        let isNew = self.run == nil
        if isNew { self.run = Mark(seen: instant, age: Self.age(run.creationTimestamp, now)) }
        if start == nil, let began = run.state.startedAt {
            // A run that this process saw before its start has just started. Otherwise, a start after the creation is
            // time in a queue or clock skew. Either way the deadline only moves later.
            let earliest = max(run.creationTimestamp ?? .earliest, ServerTime(assuming: began))
            start = Mark(seen: instant, age: isNew ? Self.age(earliest, now) : .zero)
        }
        if let requested = run.requestedShutdown, stops.accepted.map({ $0.shutdown < requested }) ?? true {
            stops.accepted = (requested, instant)
            stops.failing = nil
            stops.attempts = nil
        }
        if change?.version != run.resourceVersion { change = (run.resourceVersion, instant) }
    }

    private static func age(_ begin: ServerTime?, _ now: ServerTime?) -> Duration {
        guard let begin, let now else { return .zero }
        return max(.zero, now - begin)
    }

    /// Records that a request to stop the run was rejected or got no response.
    mutating func stopFailed(_ refusal: Refusal, at instant: Instant) {
        stops.failing = (stops.failing?.since ?? instant, refusal)
        stops.attempts = stops.attempts?.next(instant) ?? Attempts(last: instant)
    }

    /// The error of the last stop request while the next one must wait, with the remaining pause; otherwise nil.
    func recentStopRefusal(at instant: Instant) -> Refusal? {
        guard var refusal = stops.failing?.refusal, let pause = stops.attempts?.pause(at: instant) else { return nil }
        refusal.pause = max(refusal.pause, pause)
        return refusal
    }

    /// Records a read of the run's children, and doubles the pause before the next one, up to a minute.
    mutating func childrenRead(of run: EngineRun, found state: RunState?, instant: Instant) {
        let last = lastRead.flatMap { $0.version == run.resourceVersion ? $0 : nil }
        let pause = last.map { min($0.pause * 2, Self.longestReadPause) } ?? Self.firstReadPause
        lastRead = ChildrenRead(
            at: instant, pause: pause, version: run.resourceVersion, state: state?.abridged ?? last?.state)
    }

    /// The run's state including its children, from the last read; nil if the run has changed since.
    func detailedState(of run: EngineRun) -> RunState? {
        lastRead.flatMap { $0.version == run.resourceVersion ? $0.state : nil }
    }

    /// How long a run must stay unchanged before its children are read to find out why it is waiting.
    private static let firstReadPause = Duration.seconds(10)
    private static let longestReadPause = Duration.seconds(60)

    /// When to read the run's children next; nil if this process has not seen this version of the run.
    func nextChildrenRead(of run: EngineRun) -> Instant? {
        guard let change, change.version == run.resourceVersion else { return nil }
        guard let lastRead, lastRead.version == run.resourceVersion else { return change.at + Self.firstReadPause }
        return lastRead.at + lastRead.pause
    }
}

extension Timeline {
    /// The minimum age of the execution.
    func executionAge(at instant: Instant) -> Duration { execution?.elapsed(at: instant) ?? .zero }

    /// The minimum age of the run.
    func runAge(at instant: Instant) -> Duration { run?.elapsed(at: instant) ?? .zero }

    /// The minimum time since the engine started the run; nil if it has not.
    func timeSinceStart(at instant: Instant) -> Duration? { start?.elapsed(at: instant) }
}

/// The error of a request that the API server rejected or did not answer.
struct Refusal: Hashable, Sendable {
    /// The reason to set in conditions.
    let reason: Reason
    /// The server's message.
    let message: String
    /// Whether retrying fails until a user changes something.
    let isLasting: Bool
    /// How long the server asked to wait before the next attempt.
    var pause = Duration.zero
}
