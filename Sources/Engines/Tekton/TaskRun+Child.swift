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
        switch ContainerWord(rawValue: step.reason) {
        case .startError?, .cannotRun?: return false
        case .lost?: return step.startedAt == nil ? nil : true
        default: return true
        }
    }
}
