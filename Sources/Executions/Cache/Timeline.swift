import Engines
import KubeClient
import TowlineAPI

/// What this process has seen of one unfinished execution and its run, on its own monotonic clock.
///
/// Limits use it, because nothing adjusts a monotonic clock. For the time before this process saw the object, it uses the
/// API server's clock: the `Date` of its answers minus a `creationTimestamp`. An engine's clock counts only if it makes a
/// limit later. So clock skew never ends a healthy run.
struct Timeline: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// When this process first saw something, and how old it was then.
    private struct Mark: Sendable {
        let seen: Instant
        let age: Duration

        func elapsed(at instant: Instant) -> Duration { age + seen.duration(to: instant) }
    }

    /// The results of the requests to stop the run.
    struct Stops: Sendable {
        /// The strongest request that the run is known to hold, and since when.
        fileprivate(set) var accepted: (shutdown: Shutdown, since: Instant)?
        /// Since when every stop request has failed, and how the last one did.
        fileprivate(set) var failing: (since: Instant, refusal: Refusal)?
        /// The requests that have failed since one was accepted.
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
    /// The run that the properties below are about.
    private var runUID: String?
    private var run: Mark?
    private var start: Mark?
    private(set) var stops = Stops()
    private var change: (version: ResourceVersion, at: Instant)?
    private var lastRead: ChildrenRead?

    /// Notes the state of an execution.
    ///
    /// - Parameter now: the API server's time; nil before its first answer.
    mutating func see(_ execution: WorkflowExecution, at instant: Instant, now: ServerTime?) {
        if self.execution == nil {
            self.execution = Mark(seen: instant, age: Self.age(execution.creationTimestamp, now))
        }
    }

    /// Notes the state of the execution's run.
    mutating func see(_ run: EngineRun, at instant: Instant, now: ServerTime?) {
        if runUID != run.uid {
            (runUID, self.run, start, stops, change, lastRead) = (run.uid, nil, nil, Stops(), nil, nil)
        }
        let isNew = self.run == nil
        if isNew { self.run = Mark(seen: instant, age: Self.age(run.creationTimestamp, now)) }
        if start == nil, let began = run.state.startedAt {
            // If this process saw the run before it started, it started just now. Otherwise a start after the creation
            // is time in a queue or clock skew; either way the limit only becomes later.
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

    /// Notes that a request to stop the run was rejected or not answered.
    mutating func stopFailed(_ refusal: Refusal, at instant: Instant) {
        stops.failing = (stops.failing?.since ?? instant, refusal)
        stops.attempts = stops.attempts?.next(instant) ?? Attempts(last: instant)
    }

    /// How the last stop request failed, if the next one must still wait; its pause is the time left.
    func recentStopRefusal(at instant: Instant) -> Refusal? {
        guard var refusal = stops.failing?.refusal, let pause = stops.attempts?.pause(at: instant) else { return nil }
        refusal.pause = max(refusal.pause, pause)
        return refusal
    }

    /// Notes a read of the run's children. The next read follows after twice the pause, up to a minute.
    mutating func childrenRead(of run: EngineRun, found state: RunState?, instant: Instant) {
        let last = lastRead.flatMap { $0.version == run.resourceVersion ? $0 : nil }
        let pause = last.map { min($0.pause * 2, Self.longestReadPause) } ?? Self.firstReadPause
        lastRead = ChildrenRead(at: instant, pause: pause, version: run.resourceVersion, state: state ?? last?.state)
    }

    /// The state at the last read of the children; nil if the run has changed since.
    func detailedState(of run: EngineRun) -> RunState? {
        lastRead.flatMap { $0.version == run.resourceVersion ? $0.state : nil }
    }

    /// How long a run must stay unchanged before its children are read for what it waits for.
    private static let firstReadPause = Duration.seconds(10)
    private static let longestReadPause = Duration.seconds(60)

    /// When to read the run's children next; nil if the run was never seen in this version.
    func nextChildrenRead(of run: EngineRun) -> Instant? {
        guard let change, change.version == run.resourceVersion else { return nil }
        guard let lastRead, lastRead.version == run.resourceVersion else { return change.at + Self.firstReadPause }
        return lastRead.at + lastRead.pause
    }
}

extension Timeline {
    /// How long the execution has existed, at least.
    func executionAge(at instant: Instant) -> Duration { execution?.elapsed(at: instant) ?? .zero }

    /// How long the run has existed, at least.
    func runAge(at instant: Instant) -> Duration { run?.elapsed(at: instant) ?? .zero }

    /// How long ago the engine started the run, at least; nil before its start.
    func timeSinceStart(at instant: Instant) -> Duration? { start?.elapsed(at: instant) }
}

/// How the API server rejected a request, or why there was no answer.
struct Refusal: Hashable, Sendable {
    /// The reason in conditions.
    let reason: Reason
    /// The server's message.
    let message: String
    /// False if the next attempt may work without a change by the user.
    let isLasting: Bool
    /// How long the server asked to wait before the next attempt.
    var pause = Duration.zero
}
