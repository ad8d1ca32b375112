import KubeClient
import KubeRuntime
import TowlineAPI

/// Tracks which runs must be verified: every unfinished run, against the API server, once an interval.
///
/// Each engine and, if the operator serves named namespaces, each of its namespaces has its own ``VerificationLane`` with
/// a ``RunVerifier``, so that a slow one does not delay the others. A standby tracks the runs and sends no requests.
final class Freshness: Sendable {
    let lanes: [VerificationLane]
    private let pace: VerificationPace
    private let time: any TimeSource

    /// Creates a lane for each engine and namespace; if `namespaces` is empty, one lane per engine.
    init(engines: some Sequence<EngineName>, namespaces: [String], pace: VerificationPace, time: any TimeSource) {
        let scopes: [String?] = namespaces.isEmpty ? [nil] : namespaces
        lanes = engines.sorted { $0.rawValue < $1.rawValue }.flatMap { engine in
            scopes.map { VerificationLane(engine: engine, namespace: $0, pace: pace) }
        }
        self.pace = pace
        self.time = time
    }

    /// Tracks the run of an execution, from when it is known until the execution ends.
    func follow(_ execution: WorkflowExecution) {
        guard !execution.isFinished, execution.status.runRef != nil else { return forget(execution) }
        lane(of: execution)?.track(execution.runKey, of: execution.key, time.now)
    }

    /// Stops tracking the run of an execution that has ended or was deleted.
    func forget(_ execution: WorkflowExecution) {
        let run = execution.runKey
        // The last state of a deleted execution may not name its engine.
        for lane in lanes where lane.includes(run.namespace) { lane.untrack(run) }
    }

    /// Starts to verify.
    func start() {
        for lane in lanes { lane.start(time.now) }
    }

    private func lane(of execution: WorkflowExecution) -> VerificationLane? {
        lanes.first { $0.engine == execution.engineName && $0.includes(execution.key.namespace) }
    }

    func register(in registry: MetricsRegistry) {
        registry.collectedGauge(
            "towline_run_verification_age_seconds",
            help: """
                Time since the least recently verified unfinished run was confirmed by the API server; 0 without \
                unfinished runs, and on a standby.
                """,
            labels: ["engine"], combining: .maximum
        ) { [lanes, time] in
            lanes.map { MetricSample($0.oldestAge(time.now).inSeconds, [$0.engine.rawValue]) }
        }
        registry.gauge(
            "towline_run_verification_interval_seconds",
            help: "How often each unfinished run is verified: the value of --poll-interval."
        ).set(pace.interval.inSeconds)
    }
}

/// A thread-safe ``VerificationPlan``, with an alarm for the task that executes it.
final class VerificationLane: Sendable {
    private struct State {
        var plan: VerificationPlan
        /// Set when the plan must be asked again.
        var alarm = Latch()
    }

    let engine: EngineName
    /// The namespace whose runs are verified; nil for all namespaces.
    let namespace: String?
    private let state: Locked<State>

    init(engine: EngineName, namespace: String?, pace: VerificationPace) {
        self.engine = engine
        self.namespace = namespace
        state = Locked(State(plan: VerificationPlan(pace: pace)))
    }

    func includes(_ namespace: String) -> Bool { self.namespace == nil || self.namespace == namespace }

    func isTracking(_ run: ObjectKey) -> Bool { state.withLock { $0.plan.isTracking(run) } }

    /// The number of unfinished runs.
    var count: Int { state.withLock { $0.plan.count } }

    func oldestAge(_ now: ContinuousClock.Instant) -> Duration { state.withLock { $0.plan.oldestAge(now) } }

    func start(_ now: ContinuousClock.Instant) {
        state.withLock { $0.plan.start(now) }
    }

    func track(_ run: ObjectKey, of execution: ObjectKey, _ now: ContinuousClock.Instant) {
        let alarm = state.withLock { $0.plan.track(run, of: execution, now) ? $0.alarm : nil }
        alarm?.set()
    }

    func untrack(_ run: ObjectKey) {
        state.withLock { $0.plan.untrack(run) }
    }

    func next(_ now: ContinuousClock.Instant, stored: Int) -> VerificationPlan.Next {
        state.withLock { state in
            if state.alarm.isSet { state.alarm = Latch() }
            return state.plan.next(now, stored: stored)
        }
    }

    func receive(
        _ answer: VerificationPlan.Answer, for ticket: VerificationPlan.Ticket, _ now: ContinuousClock.Instant
    ) -> [VerificationPlan.Finding] {
        let (findings, alarm) = state.withLock { ($0.plan.receive(answer, for: ticket, now), $0.alarm) }
        alarm.set()
        return findings
    }

    /// Waits until the deadline, a response, or a run that is due earlier; returns early when the task is canceled.
    func wait(until deadline: ContinuousClock.Instant, _ time: any TimeSource) async {
        let alarm = state.withLock { $0.alarm }
        let timer = time.schedule(at: deadline) { alarm.set() }
        await alarm.wait()
        time.cancel(timer)
    }
}

extension WorkflowExecution {
    /// The key of its run.
    fileprivate var runKey: ObjectKey { ObjectKey(namespace: key.namespace, name: runName) }
}
