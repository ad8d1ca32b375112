import KubeClient
import TowlineAPI

extension TaskRun {
    /// True when the TaskRun ended without success and the pipeline did not go on regardless.
    ///
    /// A tolerated TaskRun says `FailureIgnored` only where its pod failed, so its annotation counts too.
    var isFailure: Bool {
        condition?.status == "False" && condition?.reason != TaskRunReason.failureIgnored.rawValue && !isTolerated
    }

    /// The failure as Towline tells it; nil when there is none.
    var failure: TaskFailure? {
        guard isFailure, let condition else { return nil }
        let container = blamedContainer(condition)
        // Where Tekton ended the steps itself, it repeats its word for the TaskRun there and makes up the exit code.
        let isMadeUp = container?.reason == condition.reason
        return TaskFailure(
            reason: reason(condition, container), task: task, step: container?.name,
            exitCode: isMadeUp ? nil : container?.exitCode, message: condition.message)
    }

    var isInterrupted: Bool { condition?.reason == TaskRunReason.cancelled.rawValue }

    /// True for a TaskRun that Tekton ended because the PipelineRun was over its time.
    ///
    /// The condition repeats the sentence, and since v1.13 a line about what was before may follow there.
    private var wasOvertime: Bool {
        let sentence = "TaskRun cancelled as the PipelineRun it belongs to has timed out."
        if shutdownMessage == sentence { return true }
        return condition?.message.prefix { !$0.isNewline }.hasSuffix(sentence) == true
    }

    private func reason(_ condition: KnativeCondition, _ container: Container?) -> Reason {
        // Where only some tasks were over their time, the run ends as Failed, and its tasks alone tell why.
        if isInterrupted, wasOvertime { return .pipelineTimeout }
        let word = TaskRunReason(rawValue: condition.reason)
        if word == .stepFailed || word == .failed, container?.terminationReason == "TimeoutExceeded" {
            return .taskTimeout
        }
        // The kubelet gives a pod that it rejects because of its node's condition the reason of an eviction.
        if PodMessage.saysNothingStarted(condition.message) { return .podCreationFailed }
        if let reason = word?.meaning { return reason }
        if let container, let reason = ContainerWord(rawValue: container.reason)?.meaning { return reason }
        if let container, let reason = ContainerWord(rawValue: container.waitingReason)?.meaning { return reason }
        if let reason = PodMessage.meaning(condition.message) { return reason }
        return container?.exitCode == nil ? .taskFailed : .stepFailed
    }
}

extension TaskRun {
    /// The step or sidecar that is the cause; nil where it was neither.
    private func blamedContainer(_ condition: KnativeCondition) -> Container? {
        switch TaskRunReason(rawValue: condition.reason) {
        case .sidecarFailed, .sidecarOutOfMemory: return Self.firstFailed(sidecars)
        // A container that ran before the steps; that they did not end well follows from it.
        case .initContainerFailed, .initContainerOutOfMemory: return nil
        case .stepOutOfMemory:
            return steps.first { $0.reason == ContainerWord.outOfMemory.rawValue } ?? failedStep
        case .imagePullFailed, .createContainerConfigError, .podCreationFailed:
            return named(in: condition.message) ?? failedStep
        default: return failedStep
        }
    }

    /// The container of Tekton's sentence about one that could not be started: all steps were ended with it.
    private func named(in message: String) -> Container? {
        for (kind, containers) in [("step", steps), ("sidecar", sidecars)] {
            var scanner = TextScanner(message)
            guard scanner.consume("the \(kind) \""), let name = scanner.text(before: "\" in TaskRun \"") else {
                continue
            }
            return containers.first { $0.name == name }
        }
        return nil
    }

    private var failedStep: Container? { Self.firstFailed(steps) ?? steps.first { !$0.waitingReason.isEmpty } }

    /// The first container that ended with an exit code other than zero and was not allowed to.
    private static func firstFailed(_ containers: [Container]) -> Container? {
        containers.first { container in
            guard let exitCode = container.exitCode else { return false }
            return exitCode != 0 && container.terminationReason != "Continued"
                && container.terminationReason != "Skipped"
        }
    }
}
