import KubeClient

/// One TaskRun and its pod, from its creation to its end.
struct SimulatedTaskRun: Sendable {
    /// What the run was made with.
    struct Template: Sendable {
        let namespace: String
        let name: String
        let pipelineTask: String
        let labels: JSONObject
        /// The specification of the Task with all variables filled in.
        let taskSpec: JSONObject
        let behaviour: Behaviour
        let retries: Int
        let timeout: Duration?
        let continuesOnError: Bool
        /// The service account that does not exist, when it does not.
        let missingServiceAccount: String?
    }

    enum Outcome: Hashable, Sendable {
        case succeeded
        case failed
        case cancelled
        /// Cancelled because the run it belongs to took too long, which counts as a failure.
        case timedOutWithRun
    }

    enum Stage: Hashable, Sendable {
        case created
        /// Waiting or working until the given time.
        case underWay(until: Timestamp)
        case ended
    }

    let template: Template
    var stage = Stage.created
    var outcome: Outcome?
    var uid = ""
    var cancellation: (message: String, outcome: Outcome)?
    var attempt = 0
    var startedAt: Timestamp?
    var pod: SimulatedPod
    var status: JSONObject = [:]
    var written: JSONObject = [:]

    init(_ template: Template) {
        self.template = template
        pod = SimulatedPod(namespace: template.namespace, name: "", containers: [])
    }

    /// What the task gave, by name; empty before it succeeded.
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
        case .underWay(let time): return deadline.map { min($0, time) } ?? time
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

    /// Asks the task to end, as the controller of its PipelineRun does, by a change of its specification.
    mutating func cancel(_ message: String, outcome: Outcome) -> ClusterWrite? {
        guard self.outcome == nil, cancellation == nil else { return nil }
        cancellation = (message, outcome)
        return .patch(
            Tekton.taskRuns, namespace: template.namespace, name: template.name,
            ["spec": ["status": "TaskRunCancelled", "statusMessage": .string(message)]], subresource: nil)
    }

    /// Does what is due.
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
                let message = "TaskRun \"\(template.name)\" failed to finish within \"\(GoDuration.format(timeout))\""
                writes += abort(reason: "TaskRunTimeout", message: message, outcome: .failed, at: now)
            } else if case .underWay(let end) = stage, now >= end {
                writes += finish(at: now)
            } else {
                break
            }
        }
        return writes
    }
}
