import KubeClient
import TowlineAPI

/// When the time of a finished execution, and of its run, is over: by the API server's clock, counted from `finishedAt`, or from
/// when the run ended again that went on after that.
struct Expiry: Hashable, Sendable {
    /// When the execution is to be deleted; nil for never.
    let execution: ServerTime?
    /// When its run is to be deleted; nil for never, and where there is none any more.
    let run: ServerTime?

    /// Nil when nothing of the execution ever goes by itself.
    init?(of execution: WorkflowExecution) {
        guard execution.isFinished, execution.deletionTimestamp == nil,
            let end = execution.status.lastEnd
        else { return nil }
        let retention = execution.retention
        self.execution = retention.executionSeconds.map { end + .seconds(Int64($0)) }
        run = execution.mayHaveRun ? retention.runSeconds.map { end + .seconds(Int64($0)) } : nil
        if self.execution == nil, run == nil { return nil }
    }

    func isExecutionDue(at now: ServerTime) -> Bool { execution.map { now >= $0 } ?? false }
    func isRunDue(at now: ServerTime) -> Bool { run.map { now >= $0 } ?? false }
    func isDue(at now: ServerTime) -> Bool { isExecutionDue(at: now) || isRunDue(at: now) }

    /// The first of its times, be it over or not.
    var first: ServerTime { min(execution ?? .latest, run ?? .latest) }

    /// The first of its times that is still to come; nil when there is none.
    func next(after now: ServerTime) -> ServerTime? {
        [execution, run].compactMap { $0 }.filter { $0 > now }.min()
    }
}

extension ExecutionStatus {
    /// When the execution ended, or its run for the last time.
    fileprivate var lastEnd: ServerTime? {
        guard let finishedAt, let diverged = condition(.runDiverged), diverged.status == .false else {
            return finishedAt
        }
        return max(finishedAt, diverged.lastTransitionTime)
    }
}

extension WorkflowExecution {
    /// True unless the execution never had a run, or tells that it is gone.
    var mayHaveRun: Bool { status.runRef != nil && status.condition(.runPresent)?.status != .false }
}
