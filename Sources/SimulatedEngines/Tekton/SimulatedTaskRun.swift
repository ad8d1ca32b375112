import APIServer
import KubeClient
import Schema

/// The state machine of one TaskRun and its pod.
struct SimulatedTaskRun: Sendable {
    /// The inputs for creating the TaskRun.
    struct Template: Sendable {
        let namespace: String
        let name: String
        /// The names by which annotations refer to the task; the first that has one decides.
        let names: [String]
        let labels: JSONObject
        let annotations: JSONObject
        /// The Task's specification after substitution.
        let taskSpec: JSONObject
        /// The TaskRun's specification.
        let specification: JSONObject
        let behavior: Behavior
        let retries: Int
        let timeout: Duration?
        let continuesOnError: Bool
        /// The name of the service account, if it does not exist.
        let missingServiceAccount: String?
        /// Why the TaskRun is invalid, in Tekton's words; nil if it is valid.
        let problem: String?
    }

    enum Outcome: Hashable, Sendable {
        case succeeded
        case failed
        case cancelled
        /// Canceled because its PipelineRun timed out, which counts as a failure.
        case timedOutWithRun
    }

    enum Stage: Hashable, Sendable {
        case created
        /// Waiting or running until the given time.
        case inProgress(until: Timestamp)
        case ended
    }

    let template: Template
    private(set) var stage = Stage.created
    private(set) var outcome: Outcome?
    private var uid = ""
    private var cancellation: (message: String, outcome: Outcome)?
    private var attempt = 0
    private var startedAt: Timestamp?
    private var pod: SimulatedPod
    var status: JSONObject = [:]
    private var written: JSONObject = [:]

    init(_ template: Template) {
        self.template = template
        pod = SimulatedPod(namespace: template.namespace, name: "", containers: [])
    }

    /// The task's results by name; empty until it succeeds.
    var results: [String: JSONValue] {
        guard outcome == .succeeded else { return [:] }
        var values: [String: JSONValue] = [:]
        for result in status["results"]?.elements ?? [] {
            values[result["name"]?.stringValue ?? ""] = result["value"]
        }
        return values
    }

    var wakeTime: Timestamp? {
        if cancellation != nil, outcome == nil { return .earliest }
        switch stage {
        case .created: return .earliest
        case .inProgress(let time): return deadline.map { min($0, time) } ?? time
        case .ended: return nil
        }
    }

    private var deadline: Timestamp? {
        guard let startedAt, let timeout = template.timeout, timeout > .zero else { return nil }
        return startedAt + timeout
    }

    mutating func created(uid: String) {
        self.uid = uid
    }

    /// Requests cancellation by changing the specification, as the PipelineRun's controller does.
    mutating func cancel(_ message: String, outcome: Outcome) -> ClusterWrite? {
        guard self.outcome == nil, cancellation == nil else { return nil }
        cancellation = (message, outcome)
        return .patch(
            Tekton.taskRuns, namespace: template.namespace, name: template.name,
            ["spec": ["status": "TaskRunCancelled", "statusMessage": .string(message)]], subresource: nil)
    }

    /// Performs due work and returns the resulting writes.
    mutating func advance(to now: Timestamp) -> [ClusterWrite] {
        var writes: [ClusterWrite] = []
        if stage == .created {
            writes.append(touch())
            writes += begin(at: now)
        }
        while outcome == nil {
            if let cancellation {
                let message = "TaskRun \"\(template.name)\" was cancelled. \(cancellation.message)"
                writes += abort(
                    reason: "TaskRunCancelled", message: message, outcome: cancellation.outcome, at: now)
            } else if let deadline, let timeout = template.timeout, now >= deadline {
                let message = "TaskRun \"\(template.name)\" failed to finish within \"\(timeout.goText)\""
                writes += abort(reason: "TaskRunTimeout", message: message, outcome: .failed, at: now)
            } else if case .inProgress(let end) = stage, now >= end {
                writes += finish(at: now)
            } else {
                break
            }
        }
        return writes
    }
}

// MARK: - What happens

extension SimulatedTaskRun {
    /// Adds the labels and annotations that Tekton adds before anything else.
    private func touch() -> ClusterWrite {
        .patch(
            Tekton.taskRuns, namespace: template.namespace, name: template.name,
            [
                "metadata": [
                    "annotations": ["pipeline.tekton.dev/release": "unknown"],
                    "labels": ["app.kubernetes.io/managed-by": "tekton-pipelines"],
                ]
            ], subresource: nil)
    }

    /// Starts an attempt: creates the pod and starts its containers unless they cannot start or take no time.
    private mutating func begin(at now: Timestamp) -> [ClusterWrite] {
        let suffix = attempt == 0 ? "-pod" : "-pod-retry\(attempt)"
        pod = SimulatedPod(
            namespace: template.namespace, name: ChildName.make(template.name, suffix), containers: containers)
        startedAt = now
        if let problem = template.problem {
            beginStatus(podName: "", at: now)
            status["steps"] = nil
            return end(.failed, "TaskRunValidationFailed", problem, at: now)
        }
        beginStatus(podName: pod.name, at: now)
        if let account = template.missingServiceAccount { return refuse(account, at: now) }
        var writes: [ClusterWrite] =
            uid.isEmpty
            ? []
            : [
                pod.creation(
                    labels: podLabels, annotations: template.annotations, owner: owner, specification: podSpecification)
            ]
        setCondition(.unfinished, "Pending", "Pending", at: now)
        writes += flush()
        let duration = template.behavior.duration(of: template.names)
        let failure = template.behavior.failure(of: template.names)
        if let waiting = failure?.waiting {
            writes.append(pod.wait(waiting.reason, waiting.message, at: now))
            if failure?.isImagePull == true { writes += waitForImage(waiting, at: now) }
        } else if duration > .zero {
            writes += pod.start(at: now)
            setSteps { $0["running"] = ["startedAt": .string(now.rfc3339)] }
            setCondition(.unfinished, "Running", "Not all Steps in the Task have finished executing", at: now)
            writes += flush()
        }
        stage = .inProgress(until: now + duration)
        return writes
    }

    private mutating func refuse(_ account: String, at now: Timestamp) -> [ClusterWrite] {
        status["podName"] = ""
        let task = template.specification["taskRef"].map {
            "missing or invalid Task \(template.namespace)/\($0["name"]?.stringValue ?? "")"
        }
        let why =
            "translating TaskSpec to Pod: serviceaccounts \"\(account)\" not found. Maybe \(task ?? "invalid TaskSpec")"
        return end(
            .failed, "PodCreationFailed", "failed to create task run pod \"\(template.name)\": \(why)", at: now)
    }

    private mutating func waitForImage(_ waiting: (reason: String, message: String), at now: Timestamp)
        -> [ClusterWrite]
    {
        setSteps { $0["waiting"] = ["reason": .string(waiting.reason), "message": .string(waiting.message)] }
        let step = containers.first?.name ?? ""
        setCondition(
            .unfinished, "PullImageFailed",
            "build step \"\(step)\" is pending with reason \"\(waiting.message)\"", at: now)
        return flush()
    }

    /// Ends an attempt: the task succeeds, fails, or is retried.
    private mutating func finish(at now: Timestamp) -> [ClusterWrite] {
        guard let failure = template.behavior.failure(of: template.names) else { return succeed(at: now) }
        if let waiting = failure.waiting { return failToStart(failure, waiting, at: now) }
        let code = failure.exitCode ?? 1
        // The first step fails; the steps after it do not run, which Tekton reports as exit code 1.
        let codes = containers.indices.map { $0 == 0 ? code : 1 }
        let writes = pod.end(exitCodes: codes, failure: failure, at: now)
        terminateSteps(codes: codes, reason: failure.containerReason, message: nil, at: now)
        status["artifacts"] = [:]
        let step = containers.first?.name ?? ""
        let reason =
            switch failure {
            case .outOfMemory: "StepOOM"
            case .evicted: "PodEvicted"
            default: "StepFailed"
            }
        let message =
            failure == .evicted
            ? TaskFailure.evictionMessage : "\"\(step)\" exited with code \(code): \(failure.containerReason)"
        if attempt < template.retries { return writes + retry(reason, message, at: now) }
        return writes + end(.failed, template.continuesOnError ? "FailureIgnored" : reason, message, at: now)
    }

    private mutating func succeed(at now: Timestamp) -> [ClusterWrite] {
        let results = makeResults()
        let codes = containers.map { _ in 0 }
        let writes = pod.end(exitCodes: codes, failure: nil, at: now)
        terminateSteps(codes: codes, reason: "Completed", message: Self.terminationMessage(results), at: now)
        status["artifacts"] = [:]
        if !results.isEmpty { status["results"] = .array(results) }
        return writes + end(.succeeded, "Succeeded", "All Steps have completed executing", at: now)
    }

    private mutating func failToStart(
        _ failure: TaskFailure, _ waiting: (reason: String, message: String), at now: Timestamp
    ) -> [ClusterWrite] {
        let step = stepNames.first ?? ""
        let (reason, what) =
            failure.isImagePull
            ? ("TaskRunImagePullFailed", "failed to pull the image \"\(Self.imageID)\"")
            : ("CreateContainerConfigError", "failed to start")
        let message =
            "the step \"\(step)\" in TaskRun \"\(template.name)\" \(what)."
            + " The pod errored with the message: \"\(waiting.message).\""
        return abort(reason: reason, message: message, outcome: .failed, at: now)
    }

    private mutating func retry(_ reason: String, _ message: String, at now: Timestamp) -> [ClusterWrite] {
        var past = status
        past["retriesStatus"] = nil
        past["completionTime"] = .string(now.rfc3339)
        past["provenance"] = status["provenance"]
        TektonCondition(status: .failed, reason: reason, message: message).store(in: &past, at: now)
        status["retriesStatus"] = .array((status["retriesStatus"]?.elements ?? []) + [.object(past)])
        status["podName"] = ""
        status["startTime"] = nil
        setCondition(.unfinished, "ToBeRetried", message, at: now)
        attempt += 1
        return flush() + begin(at: now)
    }

    /// Aborts the task: deletes its pod and marks its steps as terminated.
    private mutating func abort(
        reason: String, message: String, outcome: Outcome, at now: Timestamp
    ) -> [ClusterWrite] {
        let text = "terminated as pod \(pod.name) is terminated"
        terminateSteps(codes: containers.map { _ in 1 }, reason: reason, message: nil, at: now) { name in
            "Step \(name) \(text)"
        }
        return end(outcome, reason, message, at: now) + [pod.deletion]
    }

    private mutating func end(
        _ outcome: Outcome, _ reason: String, _ message: String, at now: Timestamp
    ) -> [ClusterWrite] {
        self.outcome = outcome
        stage = .ended
        setCondition(outcome == .succeeded ? .succeeded : .failed, reason, message, at: now)
        status["completionTime"] = .string(now.rfc3339)
        return flush()
    }

    private mutating func setCondition(
        _ status: TektonCondition.Status, _ reason: String, _ message: String, at now: Timestamp
    ) {
        TektonCondition(status: status, reason: reason, message: message).store(in: &self.status, at: now)
    }

    private mutating func flush() -> [ClusterWrite] {
        guard let patch = MergePatch.difference(from: .object(written), to: .object(status)) else { return [] }
        written = status
        return [
            .patch(
                Tekton.taskRuns, namespace: template.namespace, name: template.name, ["status": patch],
                subresource: "status")
        ]
    }

    private var owner: JSONValue {
        [
            "apiVersion": .string(Tekton.apiVersion), "kind": "TaskRun", "name": .string(template.name),
            "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    private var podLabels: JSONObject {
        var labels = template.labels
        labels["app.kubernetes.io/managed-by"] = "tekton-pipelines"
        labels["tekton.dev/taskRun"] = .string(template.name)
        return labels
    }
}
