import KubeClient

/// The words in which the engine describes a run.
extension SimulatedPipelineRun {
    func condition(for facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp) -> TektonCondition {
        if haveTasksTimedOut(at: now), facts.states.contains(where: \.isTimeoutConcern), facts.isFinallyDone,
            let tasksTimeout
        {
            let limit = tasksTimeout.goText
            return TektonCondition(
                status: .failed, reason: "PipelineRunTimeout",
                message: "PipelineRun \"\(key.name)\" failed due to tasks failed to finish within \"\(limit)\"")
        }
        return facts.incomplete == 0 ? finalCondition(facts) : interimCondition(facts, plan: plan, at: now)
    }

    private func finalCondition(_ facts: PipelineFacts) -> TektonCondition {
        let failed = facts.count(.failed)
        let ignored = facts.count(.failureIgnored)
        let cancelled = facts.count(.cancelled)
        let skipped = facts.skipped.count
        let completed = facts.count(.succeeded) + failed + ignored + cancelled
        let failures = ignored > 0 ? "\(failed + ignored) (Ignored: \(ignored))" : "\(failed)"
        var condition = TektonCondition(
            status: .succeeded, reason: skipped > 0 ? "Completed" : "Succeeded",
            message: "Tasks Completed: \(completed) (Failed: \(failures), Cancelled \(cancelled)), Skipped: \(skipped)")
        if failed > 0 || facts.hasSkippedByTimeout {
            condition.status = .failed
            condition.reason = "Failed"
        } else if Self.isCancelRequest(request) {
            condition.status = .failed
            condition.reason = "Cancelled"
            condition.message = "PipelineRun \"\(key.name)\" was cancelled"
        } else if cancelled > 0 {
            condition.status = .failed
            condition.reason = "Cancelled"
        }
        return condition
    }

    private func interimCondition(
        _ facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp
    ) -> TektonCondition {
        let failed = facts.count(.failed)
        let cancelled = facts.count(.cancelled)
        let completed = facts.count(.succeeded, .failed, .failureIgnored, .cancelled)
        let hasFinally = plan.tasks.contains { $0.isFinally }
        let reason: String
        if haveTasksTimedOut(at: now), hasFinally, !facts.isFinallyDone {
            reason = "PipelineRunTimeoutRunningFinally"
        } else if request == "CancelledRunFinally" {
            reason = "CancelledRunningFinally"
        } else if request == "StoppedRunFinally" {
            reason = "StoppedRunningFinally"
        } else if cancelled > 0 || (failed > 0 && !hasFinally) {
            reason = "PipelineRunStopping"
        } else {
            reason = "Running"
        }
        return TektonCondition(
            status: .unfinished, reason: reason,
            message: "Tasks Completed: \(completed) (Failed: \(failed), Cancelled \(cancelled)), "
                + "Incomplete: \(facts.incomplete), Skipped: \(facts.skipped.count)")
    }
}

extension PipelineFacts.TaskState {
    /// A task that did not come to a good end, which is what a timeout of the tasks brings about.
    fileprivate var isTimeoutConcern: Bool {
        switch self {
        case .failed, .skipped(.tasksTimeout), .skipped(.stopping): true
        default: false
        }
    }
}
