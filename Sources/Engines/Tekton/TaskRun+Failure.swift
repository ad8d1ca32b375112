import KubeClient
import WorkflowAPI

extension TaskRun {
    /// True when the TaskRun ended without success and the pipeline did not go on regardless.
    var isFailure: Bool {
        condition?.status == "False" && condition?.reason != TaskRunReason.failureIgnored.rawValue
    }

    /// The failure as Towline tells it; nil when there is none.
    var failure: TaskFailure? {
        guard isFailure, let condition else { return nil }
        let step = failedStep
        // Where Tekton ended the steps itself, it repeats its word for the TaskRun there and makes up the exit code.
        let isMadeUp = step?.reason == condition.reason
        return TaskFailure(
            reason: reason(condition, step), task: task, step: step?.name,
            exitCode: isMadeUp ? nil : step?.exitCode, message: condition.message)
    }

    /// The first step that ended with an exit code other than zero and was not allowed to, or that could not start.
    private var failedStep: Step? {
        steps.first { step in
            guard let exitCode = step.exitCode else { return false }
            return exitCode != 0 && step.terminationReason != "Continued" && step.terminationReason != "Skipped"
        } ?? steps.first { !$0.waitingReason.isEmpty }
    }

    /// How Tekton's sentence ends about a TaskRun that it cancelled because the PipelineRun was over its time.
    private static let timedOut = "TaskRun cancelled as the PipelineRun it belongs to has timed out."

    fileprivate var isInterrupted: Bool { condition?.reason == TaskRunReason.cancelled.rawValue }

    private func reason(_ condition: KnativeCondition, _ step: Step?) -> Reason {
        // Up to v1.1 a run whose tasks were over their time ended as Failed, and only its tasks told why.
        if isInterrupted, condition.message.hasSuffix(Self.timedOut) { return .pipelineTimeout }
        if let reason = TaskRunReason(rawValue: condition.reason)?.meaning { return reason }
        if let step, let reason = ContainerWord(rawValue: step.reason)?.meaning { return reason }
        if let step, let reason = ContainerWord(rawValue: step.waitingReason)?.meaning { return reason }
        if PodMessage.saysEvicted(condition.message) { return .podEvicted }
        return step?.exitCode == nil ? .taskFailed : .stepFailed
    }
}

extension Sequence<TaskRun> {
    /// The failure that came first: tasks before `finally` tasks, real failures before interrupted tasks.
    var firstFailure: TaskFailure? {
        let failed = filter(\.isFailure).map { (run: $0, order: $0.order) }
        return failed.min { $0.order < $1.order }?.run.failure
    }
}

extension TaskRun {
    /// A TaskRun without a time comes last; names decide where times do not, so that the choice is always the same.
    fileprivate var order: (Int, Int, Timestamp, String) {
        let time = completionTime ?? condition?.lastTransitionTime ?? .latest
        return (isInterrupted ? 1 : 0, isFinally ? 1 : 0, time, name)
    }
}
