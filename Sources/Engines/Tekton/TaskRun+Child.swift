import KubeClient
import TowlineAPI

extension TaskRun {
    /// The child in the form that is stored in memory.
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

    /// Whether a step has started, in this or an earlier attempt; nil if unknown.
    ///
    /// A pod alone proves nothing: it may be waiting for a node, an image, or a volume. If the TaskRun was ended from
    /// outside, the last changes of its pod may be missing.
    var hasStarted: Bool? {
        if hasStartedBefore || condition?.status == "True" { return true }
        let steps = steps.map(hasStarted)
        if steps.contains(true) { return true }
        let tektonReason = TaskRunReason(rawValue: condition?.reason ?? "")
        if podName.isEmpty, steps.isEmpty, tektonReason?.impliesPod != true { return false }
        guard condition?.status == "False", !steps.contains(nil), !hasMoreSteps else { return nil }
        switch tektonReason {
        case .podCreationFailed, .podAdmissionFailed, .imagePullFailed, .createContainerConfigError,
            .initContainerFailed, .initContainerOutOfMemory, .validationFailed, .taskValidationFailed,
            .resolutionFailed, .resourceVerificationFailed, .invalidParameterValue, .couldNotCreateWorkspaceVolume:
            return false
        case .podEvicted, .failed, .stepFailed, .failureIgnored:
            // The pod ended on its own, so the final state of each step is known, if there is one.
            return steps.isEmpty && !PodMessage.provesNothingStarted(condition?.message ?? "") ? nil : false
        default: return nil
        }
    }

    /// What the TaskRun waits for before a step can start; nil if it does not wait.
    private var waiting: String? {
        guard let condition, condition.status != "False", condition.status != "True" else { return nil }
        switch condition.reason {
        // Tekton's reasons for a waiting pod; without a further message the pod is just starting.
        case "Pending" where condition.message == "Pending": return nil
        case "Pending", "PullImageFailed", "ExceededNodeResources", "ExceededResourceQuota", "TaskRunPending":
            return condition.message.isEmpty ? condition.reason : condition.message
        case "ResolvingTaskRef", "TaskRunResolvingTaskRef": return "Tekton is fetching the task's definition"
        default: return nil
        }
    }
}

extension TaskRun {
    /// Whether the container of a step started; nil if the kubelet lost track of it.
    ///
    /// If a TaskRun ends before a step does, Tekton gives the step the TaskRun's reason. If the step was still waiting, it
    /// also gets the TaskRun's creation time as its start. The kubelet dates a container that could not be started to 1970.
    private func hasStarted(_ step: Container) -> Bool? {
        if step.isRunning { return true }
        guard step.exitCode != nil else { return false }
        if let startedAt = step.startedAt, startedAt.seconds <= 0 { return false }
        let tektonReason = condition?.reason ?? ""
        if step.reason == tektonReason, !tektonReason.isEmpty {
            guard let startedAt = step.startedAt else { return false }
            guard startedAt == createdAt || startedAt == startTime else { return true }
            // It may have started within that second; then the container runtime knows its image.
            let wasEnded =
                tektonReason == TaskRunReason.cancelled.rawValue || tektonReason == TaskRunReason.timeout.rawValue
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
    /// Whether the TaskRun failed and the pipeline does not ignore the failure.
    ///
    /// A tolerated TaskRun has the reason `FailureIgnored` only if its pod failed, so the annotation counts, too.
    var isFailure: Bool {
        condition?.status == "False" && condition?.reason != TaskRunReason.failureIgnored.rawValue && !isTolerated
    }

    /// The failure; nil if none.
    var failure: TaskFailure? {
        guard isFailure, let condition else { return nil }
        let container = failedContainer(condition)
        // If Tekton ended the steps itself, they have the TaskRun's reason and an invented exit code.
        let isMadeUp = container?.reason == condition.reason
        return TaskFailure(
            reason: reason(condition, container), task: task, step: container?.name,
            exitCode: isMadeUp ? nil : container?.exitCode, message: condition.message)
    }

    var isInterrupted: Bool { condition?.reason == TaskRunReason.cancelled.rawValue }

    /// Whether Tekton ended the TaskRun because the PipelineRun timed out.
    ///
    /// The condition repeats the message; since v1.13, a line about the previous state may follow.
    private var timedOutWithRun: Bool {
        let sentence = "TaskRun cancelled as the PipelineRun it belongs to has timed out."
        if shutdownMessage == sentence { return true }
        return condition?.message.prefix { !$0.isNewline }.hasSuffix(sentence) == true
    }

    private func reason(_ condition: KnativeCondition, _ container: Container?) -> Reason {
        // If only some tasks timed out, the run ends as Failed, and only its tasks say why.
        if isInterrupted, timedOutWithRun { return .pipelineTimeout }
        let tektonReason = TaskRunReason(rawValue: condition.reason)
        if tektonReason == .stepFailed || tektonReason == .failed, container?.terminationReason == "TimeoutExceeded" {
            return .taskTimeout
        }
        // If the kubelet rejects a pod because of the node's condition, the pod has the reason of an eviction.
        if PodMessage.provesNothingStarted(condition.message) { return .podCreationFailed }
        if let reason = tektonReason?.failureReason { return reason }
        if let container, let reason = ContainerReason(rawValue: container.reason)?.failureReason { return reason }
        if let container, let reason = ContainerReason(rawValue: container.waitingReason)?.failureReason {
            return reason
        }
        if let reason = PodMessage.failureReason(condition.message) { return reason }
        return container?.exitCode == nil ? .taskFailed : .stepFailed
    }
}

extension TaskRun {
    /// The step or sidecar that caused the failure; nil if neither did.
    private func failedContainer(_ condition: KnativeCondition) -> Container? {
        switch TaskRunReason(rawValue: condition.reason) {
        case .sidecarFailed, .sidecarOutOfMemory: return Self.firstFailed(sidecars)
        // An init container failed; failures of the steps are consequences.
        case .initContainerFailed, .initContainerOutOfMemory: return nil
        case .stepOutOfMemory:
            return steps.first { $0.reason == ContainerReason.outOfMemory.rawValue } ?? failedStep
        case .imagePullFailed, .createContainerConfigError, .podCreationFailed:
            return named(in: condition.message) ?? failedStep
        default: return failedStep
        }
    }

    /// The container that, according to Tekton's message, could not be started; all steps were ended with it.
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

    /// The first container with a nonzero exit code that is not tolerated.
    private static func firstFailed(_ containers: [Container]) -> Container? {
        containers.first { container in
            guard let exitCode = container.exitCode else { return false }
            return exitCode != 0 && container.terminationReason != "Continued"
                && container.terminationReason != "Skipped"
        }
    }
}

/// Tekton's reasons in the condition of a failed TaskRun.
enum TaskRunReason: String, CaseIterable {
    case stepFailed = "StepFailed"
    case stepOutOfMemory = "StepOOM"
    case sidecarFailed = "SidecarFailed"
    case sidecarOutOfMemory = "SidecarOOM"
    case initContainerFailed = "InitContainerFailed"
    case initContainerOutOfMemory = "InitContainerOOM"
    case podEvicted = "PodEvicted"
    /// Up to v1.11, the reason for all of the above.
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
    /// The pipeline continues (`onError: continue`), so this is not a failure of the run.
    case failureIgnored = "FailureIgnored"
}

extension TaskRunReason {
    /// Whether the reason implies that the pod existed.
    var impliesPod: Bool {
        switch self {
        case .stepFailed, .stepOutOfMemory, .sidecarFailed, .sidecarOutOfMemory, .initContainerFailed,
            .initContainerOutOfMemory, .podEvicted, .failed, .failureIgnored, .resultTooLarge, .couldNotStopSidecar:
            true
        default: false
        }
    }

    /// Towline's reason; nil if the steps determine it.
    var failureReason: Reason? {
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
