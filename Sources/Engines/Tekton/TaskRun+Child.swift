import KubeClient
import WorkflowAPI

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
        let steps = steps.map { $0.hasStarted(inTaskRun: condition?.reason ?? "", createdAt: createdAt) }
        if steps.contains(true) { return true }
        if podName.isEmpty { return false }
        guard condition?.status == "False", !steps.contains(nil) else { return nil }
        switch TaskRunReason(rawValue: condition?.reason ?? "") {
        case .podCreationFailed, .podAdmissionFailed, .imagePullFailed, .createContainerConfigError,
            .initContainerFailed, .initContainerOutOfMemory, .validationFailed, .taskValidationFailed,
            .resolutionFailed, .resourceVerificationFailed, .invalidParameterValue, .couldNotCreateWorkspaceVolume:
            return false
        case .podEvicted, .failed, .stepFailed, .failureIgnored:
            // The pod ended by itself, so its last word about each step is here, if it has any.
            return steps.isEmpty && !PodMessage.saysNeverStarted(condition?.message ?? "") ? nil : false
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

extension TaskRun.Container {
    /// Whether the container started; nil where the kubelet lost track of it.
    ///
    /// Tekton gives a step that was still waiting when its TaskRun ended the TaskRun's own reason, and as its start the
    /// time at which the TaskRun was created. The kubelet gives a container that could not be started the year 1970.
    fileprivate func hasStarted(inTaskRun word: String, createdAt: EngineTime?) -> Bool? {
        if isRunning { return true }
        guard exitCode != nil else { return false }
        if reason == word, !word.isEmpty, startedAt == nil || startedAt == createdAt { return false }
        if reason == ContainerWord.lost.rawValue { return startedAt.map { $0.seconds > 0 } == true ? true : nil }
        guard let startedAt else { return false }
        return startedAt.seconds > 0 && reason != ContainerWord.startError.rawValue
    }
}
