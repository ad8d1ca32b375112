import KubeClient
import TowlineAPI

extension Workflow {
    /// The run's state; the phase takes precedence over the nodes, and the nodes over messages.
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
        if state.reason == .templateNotFound { state.adviseToCreateTemplate() }
        return state
    }

    /// Whether a step started, as far as the nodes prove it; a pod that Argo counts as done has run.
    private func executed(isFinished: Bool) -> Bool? {
        if summary.hasStarted { return true }
        let reported = summary.isEmpty ? Progress(reportedProgress) : nil
        if let reported, reported.done > 0 { return true }
        // An unfinished run may still start a step.
        guard isFinished, !summary.mayHaveStarted else { return nil }
        return summary.isEmpty && (missingNodesCause != nil || phase == "Succeeded" || reported != nil) ? nil : false
    }

    private func reason(_ first: NodeGraph.Cause?) -> Reason {
        switch phase {
        case "Succeeded": summary.skipsTasks ? .completedWithSkips : .succeeded
        case "Failed": failedReason(first)
        case "Error": wasShutDown && !hasFailedBefore(first) ? .cancelled : errorReason(first)
        // A workflow queued by Argo's parallelism reacts only to Terminate.
        case "Pending": requestedShutdown == .terminate ? .cancelling : .queued
        case "" where summary.isEmpty: .awaitingEngine
        default: runningReason
        }
    }

    /// Whether Argo says that it shut the workflow down; it may report the pods that it killed as errors.
    private var wasShutDown: Bool { requestedShutdown != nil && message.hasPrefix("Stopped with strategy '") }

    /// Whether a task had failed on its own before the workflow was stopped.
    private func hasFailedBefore(_ first: NodeGraph.Cause?) -> Bool {
        guard let first else { return false }
        return requestedShutdown != nil && !first.isHook
    }

    /// Why the workflow's nodes cannot be read; nil if they can.
    private var unreadableNodesCause: String? { summary.isEmpty ? missingNodesCause : nil }

    private var hasStarted: Bool { !summary.isEmpty || unreadableNodesCause != nil }

    private var runningReason: Reason {
        if requestedShutdown != nil { return .cancelling }
        if isSuspended, !summary.isWorking { return hasStarted ? .suspended : .queued }
        // Both times are truncated to whole seconds, so the difference may be one second short.
        if isOverdue(at: summary.lastTimeout, grace: 1) { return .timingOut }
        if summary.hasRootFailed { return .stopping }
        return !openSuspensions.isEmpty && !summary.isWorking ? .suspended : .executing
    }

    /// The nodes that a user has to resume; nodes with a duration end on their own.
    private var openSuspensions: [NodeSummary.Suspension] {
        summary.suspensions.filter { pauses[$0.template] == nil }
    }

    /// What an unfinished workflow waits for; empty if nothing.
    private func waitingMessage(for reason: Reason) -> String {
        guard reason == .executing || reason == .suspended || reason == .queued else { return "" }
        if isSuspended, reason != .executing {
            let action = reason == .queued ? "start" : "resume"
            return "the workflow is suspended (spec.suspend); to \(action) it, run: \(resumeCommand)"
        }
        if !openSuspensions.isEmpty { return message(about: openSuspensions) }
        if let message = summary.waitingMessage { return message }
        if let pause = summary.suspensions.first { return message(about: pause) }
        guard reason == .executing else { return "" }
        // Without nodes, the unit of Argo's count is unknown.
        if summary.isEmpty, Progress(reportedProgress) != nil { return "Argo reports progress \(reportedProgress)" }
        let hasTasks = unreadableNodesCause != nil || summary.progress(hasSucceeded: false) != nil
        guard phase == "Running", !hasTasks else { return "" }
        return """
            Argo has started the workflow but has not created a task yet; if this persists, check the workflow's events
            """
    }

    private var resumeCommand: String { "argo resume \(metadata.name) -n \(metadata.key.namespace)" }

    /// Names at most three suspend nodes, so that the command to resume them always fits into the message.
    private func message(about open: [NodeSummary.Suspension]) -> String {
        let names = open.prefix(3).map { $0.task.bounded(to: 64) }.joined(separator: ", ")
        let more = open.count > 3 ? " and \(open.count - 3) more" : ""
        return open.count == 1
            ? "task \(names) is suspended; to resume it, run: \(resumeCommand)"
            : "tasks \(names)\(more) are suspended; to resume them, run: \(resumeCommand)"
    }

    private func message(about pause: NodeSummary.Suspension) -> String {
        let text = pauses[pause.template] ?? ""
        guard let duration = Self.duration(text) else { return "task \(pause.task) is paused for a fixed time" }
        guard let startedAt = pause.startedAt else { return "task \(pause.task) is paused for \(duration.goText)" }
        return "task \(pause.task) is paused for \(duration.goText), until \(startedAt + duration)"
    }

    /// Parses seconds without a unit, days such as `2d`, and Go durations, as Argo does; nil for any other text.
    private static func duration(_ text: String) -> Duration? {
        var scanner = TextScanner(text)
        if let number = scanner.number() {
            if scanner.isAtEnd { return .seconds(number) }
            if scanner.consume("d"), scanner.isAtEnd { return .seconds(Int64(number) * 86_400) }
        }
        return Duration.goLimit(text)
    }

    /// The reason of a workflow in phase Failed, which Argo also uses for timeouts and shutdowns.
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

    /// Why the controller refused the workflow before it started anything, by the prefix of its message.
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

    /// Whether the controller could not acquire, or re-acquire, the workflow's lock.
    private var hasLostLock: Bool {
        message.hasPrefix("Failed to acquire the synchronization lock")
            || message.hasPrefix("Failed to re-establish synchronization lock")
    }

    /// The reason of a workflow in phase Error: a failure of the pod if a node says so, or else an engine error.
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

    /// The run's own message if the failed task has none; empty for the default message.
    private func ownMessage(for reason: Reason, hasFailure: Bool) -> String {
        if reason == .deadlineExceeded {
            return "the workflow exceeded its deadline of \(Duration.seconds(deadlineSeconds ?? 0).goText)"
        }
        if reason.outcome == nil { return message.isEmpty ? waitingMessage(for: reason) : message }
        if reason.outcome == .cancelled { return message }
        if let unreadableNodesCause, reason.outcome != .success {
            let failure = message.isEmpty ? "the workflow failed" : message
            return "\(failure); the failed task is unknown because \(unreadableNodesCause)"
        }
        return hasFailure ? "" : message
    }
}
