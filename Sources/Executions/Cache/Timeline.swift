import Engines
import KubeClient
import TowlineAPI

/// What this process has seen of one unfinished execution and its run, by its own monotonic clock.
///
/// Limits rest on it, because monotonic time is the only one that nobody sets. Time from before this process looked is
/// the API server's: the `Date` of its answers less a `creationTimestamp`, both of one clock. An engine's clock counts
/// only where it makes a limit later. So clocks that differ never end a healthy run.
struct Timeline: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A moment this process saw, and how long ago it had begun by then.
    private struct Mark: Sendable {
        let seen: Instant
        let age: Duration

        func elapsed(at instant: Instant) -> Duration { age + seen.duration(to: instant) }
    }

    /// What became of the requests to stop the run.
    struct Stops: Sendable {
        /// The strongest request that is known to be in the run, and since when.
        fileprivate(set) var accepted: (shutdown: Shutdown, since: Instant)?
        /// Since when every request to stop the run has failed, and how the last one did.
        fileprivate(set) var failing: (since: Instant, refusal: Refusal)?
        /// The requests that failed since one was accepted.
        fileprivate var attempts: Attempts?
    }

    /// A look at what the run consists of.
    private struct Look: Sendable {
        let at: Instant
        let pause: Duration
        let version: ResourceVersion
        /// What the run says together with its parts; nil where they could not be read.
        let state: RunState?
    }

    private var execution: Mark?
    /// The run that the marks below are about.
    private var runUID: String?
    private var run: Mark?
    private var start: Mark?
    private(set) var stops = Stops()
    private var change: (version: ResourceVersion, at: Instant)?
    private var look: Look?

    /// Looks at an execution.
    ///
    /// - Parameter now: the API server's time; nil while no answer has told it.
    mutating func see(_ execution: WorkflowExecution, at instant: Instant, now: ServerTime?) {
        if self.execution == nil {
            self.execution = Mark(seen: instant, age: Self.age(execution.creationTimestamp, now))
        }
    }

    /// Looks at the run of the execution.
    mutating func see(_ run: EngineRun, at instant: Instant, now: ServerTime?) {
        if runUID != run.uid {
            (runUID, self.run, start, stops, change, look) = (run.uid, nil, nil, Stops(), nil, nil)
        }
        let isNew = self.run == nil
        if isNew { self.run = Mark(seen: instant, age: Self.age(run.creationTimestamp, now)) }
        if start == nil, let began = run.state.startedAt {
            // A run that this process saw before it began has begun just now. Of any other, a later start may be time in
            // a queue or a clock that is ahead: either way the limit is only later for it.
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

    /// Notes that the API server refused, or did not answer, a request to stop the run.
    mutating func stopFailed(_ refusal: Refusal, at instant: Instant) {
        stops.failing = (stops.failing?.since ?? instant, refusal)
        stops.attempts = stops.attempts?.next(instant) ?? Attempts(last: instant)
    }

    /// How the last request to stop the run failed, when that was a moment ago; its pause is what is left until the next.
    func recentStopRefusal(at instant: Instant) -> Refusal? {
        guard var refusal = stops.failing?.refusal, let pause = stops.attempts?.pause(at: instant) else { return nil }
        refusal.pause = max(refusal.pause, pause)
        return refusal
    }

    /// Notes a look at what the run consists of; the next one comes after twice the pause, up to a minute.
    mutating func childrenRead(of run: EngineRun, found state: RunState?, instant: Instant) {
        let last = look.flatMap { $0.version == run.resourceVersion ? $0 : nil }
        let pause = last.map { min($0.pause * 2, Self.longestLookPause) } ?? Self.firstLookPause
        look = Look(at: instant, pause: pause, version: run.resourceVersion, state: state ?? last?.state)
    }

    /// What the last look found, while the run has not changed since.
    func detailedState(of run: EngineRun) -> RunState? {
        look.flatMap { $0.version == run.resourceVersion ? $0.state : nil }
    }

    /// How long a run has to stand still before its parts are looked at for what it waits for.
    private static let firstLookPause = Duration.seconds(10)
    private static let longestLookPause = Duration.seconds(60)

    /// When to look at what the run consists of.
    func nextChildrenRead(of run: EngineRun) -> Instant? {
        guard let change, change.version == run.resourceVersion else { return nil }
        guard let look, look.version == run.resourceVersion else { return change.at + Self.firstLookPause }
        return look.at + look.pause
    }
}

extension Timeline {
    /// How long the execution has existed, at least.
    func executionAge(at instant: Instant) -> Duration { execution?.elapsed(at: instant) ?? .zero }

    /// How long the run has existed, at least.
    func runAge(at instant: Instant) -> Duration { run?.elapsed(at: instant) ?? .zero }

    /// How long ago the engine began with the run, at least; nil while it has not begun.
    func timeSinceStart(at instant: Instant) -> Duration? { start?.elapsed(at: instant) }
}

/// How the API server refused a request, or why there was no answer.
struct Refusal: Hashable, Sendable {
    /// The word for it in conditions.
    let reason: Reason
    /// What the server said, for people.
    let message: String
    /// False where it may work the next time without anybody's help.
    let isLasting: Bool
    /// How long the server asked to wait before the next attempt.
    var pause = Duration.zero
}
