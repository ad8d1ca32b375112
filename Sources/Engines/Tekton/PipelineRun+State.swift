import KubeClient
import TowlineAPI

extension PipelineRun {
    /// The run in Towline's words: the condition's status decides first, its reason next, its text last.
    var state: RunState {
        var state = RunState(reason, engineReason: condition?.reason ?? "", executed: nil)
        let tally = condition.flatMap { TaskTally($0.message) }
        state.executed = executed(state, tally)
        state.children = children.counts
        // Only conditions leave tasks out of a run that succeeded.
        let skips = condition?.status == "True" ? .max : conditionalSkips
        state.progress = tally?.progress(conditionalSkips: skips)
        if tally == nil, let taskCount { state.taskCounts = TaskCounts(total: taskCount, skipped: conditionalSkips) }
        state.startedAt = startTime
        state.finishedAt = completionTime
        state.resolvedDigest = resolvedDigest
        state.outputs = results.outputs
        // The counts go into the progress; repeating them would only make the message longer.
        if let condition, tally?.hasMore != false { state.message = condition.message }
        state.wasShutDown = requestedShutdown != nil
        if state.reason == .executing, !children.areAny, taskCount != nil, !state.hasOwnMessage {
            state.message = """
                Tekton has fetched the pipeline and created no task yet; if that lasts, look at the run's events
                """
        }
        if state.reason == .taskFailed {
            state.unreadChildren = children.others
            // Nested pipelines are all there is, and no list shows them.
            if children.counts.taskRuns == 0, children.counts.customRuns == 0, let others = children.others?.others {
                state.explain(by: others)
            }
            if skipsOvertime, tally?.hasFailures == false {
                // No task failed: the run ended as it did because the time was over before some had started.
                state.reason = .pipelineTimeout
                state.message = "a time limit was reached before every task had started"
            }
        }
        return state
    }

    /// A task that succeeded has started; a run that ended without children started nothing. TaskRuns alone prove nothing.
    private func executed(_ state: RunState, _ tally: TaskTally?) -> Bool? {
        if let tally, tally.succeeded > (state.isFinished ? 0 : tolerantTasks) { return true }
        return state.isFinished && !children.areAny ? false : nil
    }

    /// What was already asked of the run.
    var requestedShutdown: Shutdown? {
        switch requestedStatus {
        case Self.cancel: .terminate
        case Self.cancelRunningFinally, Self.stopRunningFinally: .stop
        default: nil
        }
    }

    /// The words of `spec.status` that end a run.
    static let cancel = "Cancelled"
    static let cancelRunningFinally = "CancelledRunFinally"
    static let stopRunningFinally = "StoppedRunFinally"

    private var reason: Reason {
        guard let condition else { return children.areAny ? .executing : .awaitingEngine }
        let word = PipelineRunReason(rawValue: condition.reason)
        switch condition.status {
        case "True": return word == .completed ? .completedWithSkips : .succeeded
        case "False": return failureReason(word, condition.message)
        default: return runningReason(word)
        }
    }

    /// An unknown word is told by what the run has: Tekton adds words often.
    private func runningReason(_ word: PipelineRunReason?) -> Reason {
        if requestedShutdown != nil { return .cancelling }
        switch word?.meaningWhileRunning {
        // Tasks may be fetched while others are running.
        case .resolving? where children.areAny: return .executing
        // The word stays until the first task was created, which may fail for long.
        case .resolving? where word == .started && taskCount != nil: return .executing
        case let reason?: return reason
        case nil: return children.areAny || taskCount != nil ? .executing : .resolving
        }
    }

    private func failureReason(_ word: PipelineRunReason?, _ message: String) -> Reason {
        if word == .couldNotGetPipeline, Self.saysNotFound(message) { return .templateNotFound }
        if let reason = word?.meaningOfFailure { return reason }
        // Without children nothing ran, so it was not a task that failed.
        return children.areAny || word == .failed ? .taskFailed : .invalidWorkflow
    }

    /// True for the sentences about a Pipeline that is not in the namespace, or not in the bundle.
    ///
    /// Names in these sentences are quoted or followed by their end, and have neither blanks nor quotes in them.
    private static func saysNotFound(_ message: String) -> Bool {
        if message.contains("could not find object in image with kind: ") { return true }
        var scanner = TextScanner(message)
        return scanner.text(before: ": pipelines.tekton.dev \"") != nil && scanner.text(before: "\" not found") != nil
            && scanner.isAtEnd
    }
}
