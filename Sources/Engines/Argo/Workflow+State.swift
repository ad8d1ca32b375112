import KubeClient
import TowlineAPI

extension Workflow {
    /// The run in Towline's words: the phase decides first, the nodes next, texts last.
    var state: RunState {
        let hasFailed = phase == "Failed" || phase == "Error"
        let first = hasFailed ? graph.firstFailure(wasShutDown: requestedShutdown != nil) : nil
        var state = RunState(reason(first), engineReason: phase)
        state.executed = executed(isFinished: state.isFinished)
        state.progress = summary.progress(hasSucceeded: phase == "Succeeded")
        state.startedAt = startedAt
        state.finishedAt = finishedAt
        state.outputs = outputs.outputs
        state.message = ownMessage(for: state.reason, hasFailure: first != nil)
        if let first { state.explain(by: first.failure) }
        return state
    }

    /// Whether a step started, as far as the nodes prove it; a pod that Argo counts as done ran.
    private func executed(isFinished: Bool) -> Bool? {
        if summary.hasStarted { return true }
        let reported = summary.isEmpty ? Progress(reportedProgress) : nil
        if let reported, reported.done > 0 { return true }
        // What has not started yet may still start.
        guard isFinished, !summary.mayHaveStarted else { return nil }
        return summary.isEmpty && (hiddenNodes != nil || phase == "Succeeded" || reported != nil) ? nil : false
    }

    private func reason(_ first: NodeGraph.Cause?) -> Reason {
        switch phase {
        case "Succeeded": summary.skipsTasks ? .completedWithSkips : .succeeded
        case "Failed": failedReason(first)
        case "Error": wasShutDown && !hasFailedBefore(first) ? .cancelled : errorReason(first)
        // Held back by Argo's parallelism a run reacts to Terminate only.
        case "Pending": requestedShutdown == .terminate ? .cancelling : .queued
        case "" where summary.isEmpty: .awaitingEngine
        default: runningReason
        }
    }

    /// True where Argo says that it ended the workflow because it was asked to; a pod killed then may count as an error.
    private var wasShutDown: Bool { requestedShutdown != nil && message.hasPrefix("Stopped with strategy '") }

    /// True where a task failed by itself although the workflow was asked to end: that came first.
    private func hasFailedBefore(_ first: NodeGraph.Cause?) -> Bool {
        guard let first else { return false }
        return requestedShutdown != nil && !first.isHook
    }

    /// Why the nodes cannot be read, though the workflow has some.
    private var hidingPlace: String? { summary.isEmpty ? hiddenNodes : nil }

    private var hasStarted: Bool { !summary.isEmpty || hidingPlace != nil }

    private var runningReason: Reason {
        if requestedShutdown != nil { return .cancelling }
        if isHeld, !summary.isWorking { return hasStarted ? .suspended : .queued }
        // Both clocks are cut to whole seconds, so that one may seem to be missing.
        if isOverdue(at: summary.lastTimeout, grace: 1) { return .timingOut }
        if summary.hasRootFailed { return .stopping }
        return approval != nil && !summary.isWorking ? .suspended : .executing
    }

    /// The first node that somebody has to resume; one with a duration ends by itself.
    private var approval: NodeSummary.Suspension? {
        summary.suspensions.first { pauses[$0.template] == nil }
    }

    /// What an unfinished workflow waits for; empty where it waits for nothing.
    private func waitingMessage(for reason: Reason) -> String {
        guard reason == .executing || reason == .suspended || reason == .queued else { return "" }
        if reason == .suspended, approval == nil { return "" }
        if let approval { return "task \(approval.task) waits for somebody to resume it" }
        if let message = summary.waitingMessage { return message }
        if let pause = summary.suspensions.first { return message(about: pause) }
        guard reason == .executing else { return "" }
        // The nodes are not here, and the units of Argo's count may be anything.
        if summary.isEmpty, Progress(reportedProgress) != nil { return "Argo reports progress \(reportedProgress)" }
        let hasTasks = hidingPlace != nil || summary.progress(hasSucceeded: false) != nil
        guard phase == "Running", !hasTasks else { return "" }
        return "Argo has started the workflow and created no task yet; if that lasts, look at the workflow's events"
    }

    private func message(about pause: NodeSummary.Suspension) -> String {
        let text = pauses[pause.template] ?? ""
        guard let duration = Self.duration(text) else { return "task \(pause.task) pauses for a set time" }
        guard let startedAt = pause.startedAt else { return "task \(pause.task) pauses for \(duration.goText)" }
        return "task \(pause.task) pauses for \(duration.goText), until \(startedAt + duration)"
    }

    /// Reads seconds without a unit, days as `2d`, and Go's durations, as Argo does; nil for other text.
    private static func duration(_ text: String) -> Duration? {
        var scanner = TextScanner(text)
        if let number = scanner.number() {
            if scanner.isAtEnd { return .seconds(number) }
            if scanner.consume("d"), scanner.isAtEnd { return .seconds(Int64(number) * 86_400) }
        }
        return Duration.goLimit(text)
    }

    /// Argo has no phase for a timeout or a cancelled run; both end as Failed.
    private func failedReason(_ first: NodeGraph.Cause?) -> Reason {
        if requestedShutdown != nil, !hasFailedBefore(first) { return .cancelled }
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

    /// An error of the engine, unless a node says that its pod was the trouble: on Tekton that is a failure, too.
    private func errorReason(_ first: NodeGraph.Cause?) -> Reason {
        switch first?.failure.reason {
        case .podCreationFailed?, .podEvicted?, .imagePullFailed?, .configError?, .initContainerFailed?:
            return first?.failure.reason ?? .engineError
        default: break
        }
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
        if reason.outcome == nil { return message.isEmpty ? waitingMessage(for: reason) : message }
        if reason.outcome == .cancelled { return message }
        if let hidingPlace, reason.outcome != .success {
            let told = message.isEmpty ? "the workflow failed" : message
            return "\(told); which task failed is not known, as \(hidingPlace)"
        }
        return hasFailure ? "" : message
    }
}
