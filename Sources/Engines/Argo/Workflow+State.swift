import KubeClient
import WorkflowAPI

extension Workflow {
    /// The run in Towline's words: the phase decides first, the nodes next, texts last.
    var state: RunState {
        let hasFailed = phase == "Failed" || phase == "Error"
        let first = hasFailed ? graph.firstFailure : nil
        var state = RunState(
            reason(first), engineReason: phase, executed: summary.hasExecuted || hiddenNodes != nil)
        state.progress = progress
        state.startedAt = startedAt
        state.finishedAt = finishedAt
        state.outputs = outputs.outputs
        state.message = ownMessage(for: state.reason, hasFailure: first != nil)
        if state.reason.outcome != .cancelled, let first { state.explain(by: first.failure) }
        return state
    }

    private func reason(_ first: (failure: TaskFailure, finishedAt: Timestamp?)?) -> Reason {
        switch phase {
        case "Succeeded": summary.skipsTasks ? .completedWithSkips : .succeeded
        case "Failed": failedReason(first)
        case "Error": errorReason
        // Held back by Argo's parallelism a run reacts to Terminate only.
        case "Pending": requestedShutdown == .terminate ? .cancelling : .queued
        case "" where summary.isEmpty: .awaitingEngine
        default: runningReason
        }
    }

    private var runningReason: Reason {
        if requestedShutdown != nil { return .cancelling }
        if isHeld, !summary.isWorking { return summary.isEmpty && hiddenNodes == nil ? .queued : .suspended }
        if summary.hasPassedDeadline, deadlineSeconds != nil { return .timingOut }
        if summary.hasRootFailed { return .stopping }
        return summary.isSuspended && !summary.isWorking ? .suspended : .executing
    }

    /// Argo has no phase for a timeout or a cancelled run; both end as Failed.
    private func failedReason(_ first: (failure: TaskFailure, finishedAt: Timestamp?)?) -> Reason {
        if requestedShutdown != nil { return .cancelled }
        let hasStarted = !summary.isEmpty || hiddenNodes != nil
        if !hasStarted, let reason = refusalReason { return reason }
        let endedAt = first?.finishedAt ?? finishedAt
        if first?.failure.reason == .taskTimeout {
            // Both clocks are cut to whole seconds, so that one may seem to be missing.
            return isOverdue(at: endedAt, grace: 1) ? .deadlineExceeded : .taskFailed
        }
        if isOverdue(at: endedAt, grace: 0) { return .deadlineExceeded }
        return hasStarted ? .taskFailed : .invalidWorkflow
    }

    private func isOverdue(at time: Timestamp?, grace: Int64) -> Bool {
        guard let deadlineSeconds, let startedAt, let time else { return false }
        return time - startedAt >= .seconds(deadlineSeconds - min(grace, deadlineSeconds))
    }

    /// Why the controller refused the workflow before it started anything, by the beginnings of its sentences.
    private var refusalReason: Reason? {
        if message.hasPrefix("invalid spec: spec.arguments."), message.hasSuffix(" is required") {
            return .invalidParameters
        }
        if message.hasPrefix("failed to set global parameters: ") { return .invalidParameters }
        if message.hasPrefix("invalid spec: ") || message.hasPrefix("cannot unmarshall spec: ") {
            return .invalidWorkflow
        }
        return message.hasPrefix("Failed to acquire the synchronization lock") ? .engineError : nil
    }

    private var errorReason: Reason {
        guard summary.isEmpty, hiddenNodes == nil else { return .engineError }
        for template in ["workflowtemplates.argoproj.io \"", "clusterworkflowtemplates.argoproj.io \""]
        where message.hasPrefix(template) && message.hasSuffix("\" not found") {
            return .templateNotFound
        }
        if message.hasPrefix("cannot get resource clusterWorkflowTemplate ") { return .resolutionFailed }
        let isRestricted = message.hasPrefix("fields [") && message.contains("] are not permitted")
        return isRestricted ? .policyDenied : .engineError
    }

    /// What to tell people where the failed task does not tell it; empty for the standard sentence.
    private func ownMessage(for reason: Reason, hasFailure: Bool) -> String {
        if reason == .deadlineExceeded {
            return "the workflow did not finish within \(deadlineSeconds ?? 0) s of its start"
        }
        if reason.outcome == nil { return message.isEmpty ? summary.waitingMessage ?? "" : message }
        if reason.outcome == .cancelled { return message }
        if let hiddenNodes, reason.outcome != .success {
            let told = message.isEmpty ? "the workflow failed" : message
            return "\(told); which task failed is not known, as \(hiddenNodes)"
        }
        return hasFailure ? "" : message
    }
}
