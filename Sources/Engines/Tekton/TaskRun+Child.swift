import KubeClient
import TowlineAPI

extension TaskRun {
    /// What is kept of the TaskRun.
    var child: EngineChild {
        EngineChild(
            .taskRun, phase, name: name, task: task, runUID: pipelineRunUID, hasStarted: hasStarted,
            isFinally: isFinally, isInterrupted: isInterrupted,
            finishedAt: completionTime ?? condition?.lastTransitionTime, failure: failure, waiting: waiting)
    }

    private var phase: EngineChild.Phase {
        switch condition?.status {
        case "True": .succeeded
        case "False": isFailure ? .failed : .tolerated
        default: .unfinished
        }
    }

    /// Whether one of the steps is known to have started, in this try or an earlier one.
    ///
    /// A pod alone proves nothing: it may wait for a node, an image or a volume. Of a TaskRun that was ended from
    /// outside, what its pod did last may have been missed.
    var hasStarted: Bool? {
        if hasStartedBefore || condition?.status == "True" { return true }
        let steps = steps.map(hasStarted)
        if steps.contains(true) { return true }
        let word = TaskRunReason(rawValue: condition?.reason ?? "")
        if podName.isEmpty, steps.isEmpty, word?.isOfPod != true { return false }
        guard condition?.status == "False", !steps.contains(nil) else { return nil }
        switch word {
        case .podCreationFailed, .podAdmissionFailed, .imagePullFailed, .createContainerConfigError,
            .initContainerFailed, .initContainerOutOfMemory, .validationFailed, .taskValidationFailed,
            .resolutionFailed, .resourceVerificationFailed, .invalidParameterValue, .couldNotCreateWorkspaceVolume:
            return false
        case .podEvicted, .failed, .stepFailed, .failureIgnored:
            // The pod ended by itself, so its last word about each step is here, if it has any.
            return steps.isEmpty && !PodMessage.saysNothingStarted(condition?.message ?? "") ? nil : false
        default: return nil
        }
    }

    /// What the TaskRun waits for before a step can start.
    private var waiting: String? {
        guard let condition, condition.status != "False", condition.status != "True" else { return nil }
        switch condition.reason {
        // Tekton's words for a pod that waits; while it tells nothing more about it, the pod is only being started.
        case "Pending" where condition.message == "Pending": return nil
        case "Pending", "PullImageFailed", "ExceededNodeResources", "ExceededResourceQuota", "TaskRunPending":
            return condition.message.isEmpty ? condition.reason : condition.message
        case "ResolvingTaskRef", "TaskRunResolvingTaskRef": return "Tekton is fetching the task's definition"
        default: return nil
        }
    }
}

extension TaskRun {
    /// Whether the container of a step started; nil where the kubelet lost track of it.
    ///
    /// Tekton gives a step that had not ended when its TaskRun did the TaskRun's own reason; of one that was still waiting
    /// it makes up a start, the time at which the TaskRun was created. The kubelet gives a container that could not be
    /// started the year 1970.
    private func hasStarted(_ step: Container) -> Bool? {
        if step.isRunning { return true }
        guard step.exitCode != nil else { return false }
        if let startedAt = step.startedAt, startedAt.seconds <= 0 { return false }
        let word = condition?.reason ?? ""
        if step.reason == word, !word.isEmpty {
            guard let startedAt = step.startedAt else { return false }
            guard startedAt == createdAt || startedAt == startTime else { return true }
            // It may have started within that very second; then the runtime had its container.
            let wasEnded = word == TaskRunReason.cancelled.rawValue || word == TaskRunReason.timeout.rawValue
            return wasEnded && step.hasImage
        }
        switch ContainerReason(rawValue: step.reason) {
        case .startError?, .cannotRun?: return false
        case .lost?: return step.startedAt == nil ? nil : true
        default: return true
        }
    }
}

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
        if let container, let reason = ContainerReason(rawValue: container.reason)?.meaning { return reason }
        if let container, let reason = ContainerReason(rawValue: container.waitingReason)?.meaning { return reason }
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
            return steps.first { $0.reason == ContainerReason.outOfMemory.rawValue } ?? failedStep
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

/// The words Tekton's controller puts into the condition of a TaskRun that failed.
enum TaskRunReason: String, CaseIterable {
    case stepFailed = "StepFailed"
    case stepOutOfMemory = "StepOOM"
    case sidecarFailed = "SidecarFailed"
    case sidecarOutOfMemory = "SidecarOOM"
    case initContainerFailed = "InitContainerFailed"
    case initContainerOutOfMemory = "InitContainerOOM"
    case podEvicted = "PodEvicted"
    /// Up to v1.11 the word for all that the words above tell apart.
    case failed = "Failed"
    case timeout = "TaskRunTimeout"
    case cancelled = "TaskRunCancelled"
    case imagePullFailed = "TaskRunImagePullFailed"
    case createContainerConfigError = "CreateContainerConfigError"
    case podCreationFailed = "PodCreationFailed"
    case podAdmissionFailed = "PodAdmissionFailed"
    case resolutionFailed = "TaskRunResolutionFailed"
    case validationFailed = "TaskRunValidationFailed"
    case taskValidationFailed = "TaskValidationFailed"
    case resultTooLarge = "TaskRunResultLargerThanAllowedLimit"
    case invalidParameterValue = "InvalidParamValue"
    case resourceVerificationFailed = "ResourceVerificationFailed"
    case couldNotCreateWorkspaceVolume = "CouldntCreateWorkspacePVC"
    case couldNotStopSidecar = "TaskRunStopSidecarFailed"
    /// The pipeline goes on (`onError: continue`): no failure of the run.
    case failureIgnored = "FailureIgnored"
}

extension TaskRunReason {
    /// True for the words for the end of a pod, which therefore existed.
    var isOfPod: Bool {
        switch self {
        case .stepFailed, .stepOutOfMemory, .sidecarFailed, .sidecarOutOfMemory, .initContainerFailed,
            .initContainerOutOfMemory, .podEvicted, .failed, .failureIgnored, .resultTooLarge, .couldNotStopSidecar:
            true
        default: false
        }
    }

    /// What the word means; nil for those that leave it to the steps.
    var meaning: Reason? {
        switch self {
        case .stepFailed: .stepFailed
        case .stepOutOfMemory, .sidecarOutOfMemory, .initContainerOutOfMemory: .oomKilled
        case .sidecarFailed: .sidecarFailed
        case .initContainerFailed: .initContainerFailed
        case .podEvicted: .podEvicted
        case .timeout: .taskTimeout
        case .cancelled: .cancelled
        case .imagePullFailed: .imagePullFailed
        case .createContainerConfigError: .configError
        case .podCreationFailed, .podAdmissionFailed: .podCreationFailed
        case .resolutionFailed: .resolutionFailed
        case .validationFailed, .taskValidationFailed: .invalidWorkflow
        case .resultTooLarge: .resultsFailed
        case .invalidParameterValue: .invalidParameters
        case .resourceVerificationFailed: .policyDenied
        case .couldNotCreateWorkspaceVolume, .couldNotStopSidecar: .engineError
        case .failed, .failureIgnored: nil
        }
    }
}
