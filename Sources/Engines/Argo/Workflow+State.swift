import KubeClient
import WorkflowAPI

extension Workflow {
    /// The run in Towline's words: the phase decides first, the nodes next, texts last.
    var state: RunState {
        let hasFailed = phase == "Failed" || phase == "Error"
        let first = hasFailed ? graph.firstFailure : nil
        var state = RunState(reason(first), engineReason: phase, executed: executed)
        // What has not started yet may still start.
        if !state.isFinished, state.executed == false { state.executed = nil }
        // Argo counts what does work; what it did not have to do is done too.
        state.progress = progress.map { $0.adding(summary.uncounted) }
        state.startedAt = startedAt
        state.finishedAt = finishedAt
        state.outputs = outputs.outputs
        state.message = ownMessage(for: state.reason, hasFailure: first != nil)
        if state.reason.outcome != .cancelled, let first { state.explain(by: first.failure) }
        return state
    }

    /// False only where nodes, or the lack of any sign of them, prove it.
    private var executed: Bool? {
        if !summary.isEmpty { return summary.hasExecuted }
        if hiddenNodes != nil || progress != nil { return true }
        return phase == "Succeeded" ? nil : false
    }

    private func reason(_ first: (failure: TaskFailure, finishedAt: EngineTime?)?) -> Reason {
        switch phase {
        case "Succeeded": summary.skipsTasks ? .completedWithSkips : .succeeded
        case "Failed": failedReason(first)
        case "Error": wasShutDown ? .cancelled : errorReason
        // Held back by Argo's parallelism a run reacts to Terminate only.
        case "Pending": requestedShutdown == .terminate ? .cancelling : .queued
        case "" where summary.isEmpty: .awaitingEngine
        default: runningReason
        }
    }

    /// True where Argo says that it ended the workflow because it was asked to; a pod killed then may count as an error.
    private var wasShutDown: Bool { requestedShutdown != nil && message.hasPrefix("Stopped with strategy '") }

    /// Why the nodes cannot be read, though the workflow has some.
    private var hidingPlace: String? { summary.isEmpty ? hiddenNodes : nil }

    private var hasStarted: Bool { !summary.isEmpty || hidingPlace != nil }

    private var runningReason: Reason {
        if requestedShutdown != nil { return .cancelling }
        if isHeld, !summary.isWorking { return hasStarted ? .suspended : .queued }
        // Both clocks are cut to whole seconds, so that one may seem to be missing.
        if isOverdue(at: summary.lastTimeout, grace: 1) { return .timingOut }
        if summary.hasRootFailed { return .stopping }
        return summary.isSuspended && !summary.isWorking ? .suspended : .executing
    }

    /// Argo has no phase for a timeout or a cancelled run; both end as Failed.
    private func failedReason(_ first: (failure: TaskFailure, finishedAt: EngineTime?)?) -> Reason {
        if requestedShutdown != nil { return .cancelled }
        if !hasStarted, let reason = refusalReason { return reason }
        if first == nil, hasLostLock { return .engineError }
        let endedAt = first?.finishedAt ?? finishedAt
        if first?.failure.reason == .taskTimeout {
            return isOverdue(at: endedAt, grace: 1) ? .deadlineExceeded : .taskFailed
        }
        if isOverdue(at: endedAt, grace: 0) { return .deadlineExceeded }
        return hasStarted ? .taskFailed : .invalidWorkflow
    }

    private func isOverdue(at time: EngineTime?, grace: Int64) -> Bool {
        guard let deadlineSeconds, let startedAt, let time else { return false }
        return time - startedAt >= .seconds(deadlineSeconds - min(grace, deadlineSeconds))
    }

    /// Why the controller refused the workflow before it started anything, by the beginnings of its sentences.
    private var refusalReason: Reason? {
        if message.hasPrefix("invalid spec: spec.arguments.") || message.hasPrefix("failed to set global parameters: ")
        {
            return .invalidParameters
        }
        if message.hasPrefix("invalid spec: ") || message.hasPrefix("cannot unmarshall spec: ") {
            return .invalidWorkflow
        }
        return nil
    }

    /// True where the controller could not get, or get back, the lock that the workflow needs.
    private var hasLostLock: Bool {
        message.hasPrefix("Failed to acquire the synchronization lock")
            || message.hasPrefix("Failed to re-establish synchronization lock")
    }

    private var errorReason: Reason {
        guard !hasStarted else { return .engineError }
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
        if let hidingPlace, reason.outcome != .success {
            let told = message.isEmpty ? "the workflow failed" : message
            return "\(told); which task failed is not known, as \(hidingPlace)"
        }
        return hasFailure ? "" : message
    }
}
