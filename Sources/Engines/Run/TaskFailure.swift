import KubeClient
import TowlineAPI

/// One failed task of a run, as far as its engine tells, with the failure's meaning in Towline's vocabulary.
struct TaskFailure: Hashable {
    var reason: Reason
    var task: String
    var step: String?
    var exitCode: Int64?
    /// The engine's own sentence about it.
    var message: String

    /// The form in which it goes into a status.
    fileprivate func summary(reason: Reason) -> Failure {
        Failure(
            task: task.bounded(to: Bounds.name), step: step?.bounded(to: Bounds.name), exitCode: exitCode,
            reason: reason.rawValue, message: message.isEmpty ? nil : message.bounded(to: Bounds.message))
    }
}

extension RunState {
    /// Takes over what the first failed task tells about why the run failed.
    ///
    /// A run of which only that is known ends as its task did, where that is a failure or a timeout of the task. What
    /// the engine already told about the run stays: over its time limit, say, whatever its interrupted tasks tell.
    mutating func explain(by failure: TaskFailure) {
        if reason == .taskFailed, failure.reason.outcome == .failed || failure.reason.outcome == .timeout {
            reason = failure.reason
        }
        let isInterruption = outcome == .timeout && failure.reason.outcome != .failed
        self.failure = failure.summary(reason: isInterruption ? reason : failure.reason)
        if !hasOwnMessage {
            let sentence = "task \(failure.task) failed" + (failure.message.isEmpty ? "" : ": \(failure.message)")
            message = outcome == .cancelled ? "the run was cancelled, and then \(sentence)" : sentence
        }
    }
}
