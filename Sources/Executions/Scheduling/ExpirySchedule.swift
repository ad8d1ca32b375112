import KubeClient
import KubeRuntime
import TowlineAPI

/// When the TTLs of a finished execution and of its run expire, on the API server's clock.
///
/// TTLs start at `finishedAt`, or at the last end of a run that continued after that.
struct Expiry: Hashable, Sendable {
    /// When to delete the execution; nil for never.
    let execution: ServerTime?
    /// When to delete its run; nil for never, or if the run no longer exists.
    let run: ServerTime?
    /// When the TTLs began to count.
    let end: ServerTime

    /// Nil if neither TTL is set.
    init?(of execution: WorkflowExecution) {
        guard execution.isFinished, execution.deletionTimestamp == nil,
            let end = execution.status.lastEnd
        else { return nil }
        self.end = end
        let retention = execution.retention
        self.execution = retention.executionSeconds.map { end + .seconds(Int64($0)) }
        run = execution.mayHaveRun ? retention.runSeconds.map { end + .seconds(Int64($0)) } : nil
        if self.execution == nil, run == nil { return nil }
    }

    func isExecutionDue(at now: ServerTime) -> Bool { execution.map { now >= $0 } ?? false }
    func isRunDue(at now: ServerTime) -> Bool { run.map { now >= $0 } ?? false }
    func isDue(at now: ServerTime) -> Bool { isExecutionDue(at: now) || isRunDue(at: now) }

    /// The earlier of the two times, in the past or in the future.
    var first: ServerTime { min(execution ?? .latest, run ?? .latest) }

    /// The first time after `now`; nil if both have passed.
    func next(after now: ServerTime) -> ServerTime? {
        [execution, run].compactMap { $0 }.filter { $0 > now }.min()
    }
}

extension ExecutionStatus {
    /// When the execution ended or, if later, when its run last ended.
    fileprivate var lastEnd: ServerTime? {
        guard let finishedAt, let diverged = condition(.runDiverged), diverged.status == .false else {
            return finishedAt
        }
        return max(finishedAt, diverged.lastTransitionTime)
    }
}

extension WorkflowExecution {
    /// Whether a run may exist; false if the execution never had one or reports that it was deleted.
    var mayHaveRun: Bool { status.runRef != nil && status.condition(.runPresent)?.status != .false }
}

/// Queues executions when a TTL expires, in turns, so that mass expiry does not overload the API server.
typealias ExpirySchedule = TurnSchedule

extension ExpirySchedule {
    /// The maximum number of executions that get a turn in one second.
    static let expiriesPerSecond = 50

    /// Updates the schedule from a new version of an execution.
    func follow(_ execution: WorkflowExecution) {
        guard let expiry = Expiry(of: execution) else { return forget(execution.key) }
        plan(execution.key, at: expiry.first)
    }
}
