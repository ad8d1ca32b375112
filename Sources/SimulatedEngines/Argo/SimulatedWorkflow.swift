import KubeClient
import Schema

/// The state machine of one Workflow.
struct SimulatedWorkflow: SimulatedRun {
    enum Stage: Sendable {
        case arrived
        case resolving
        case resolved(WorkflowResolution)
        case running
        case ended
    }

    let key: ObjectKey
    let uid: String
    let annotations: JSONObject
    /// The label that selects a controller with an instance ID; nil if the workflow has none.
    let instanceID: JSONValue?
    /// The specification as the user wrote it.
    let specification: JSONObject
    var request: WorkflowRequest
    var stage = Stage.arrived
    var plan: WorkflowPlan?
    /// The templates by the text of their ``TemplateKey``.
    var templates: [String: JSONValue] = [:]
    /// The effective specification: the template's, overridden by the workflow's.
    var effective: JSONObject = [:]
    /// The values of `{{workflow.…}}` variables.
    var globals: [String: String] = [:]
    /// The global output parameters in the order in which they were set.
    var globalOutputs: [(name: String, value: String)] = []
    var tree: NodeTree
    var startedAt: Timestamp?
    /// The pending writes of pods.
    var podActions: [ClusterWrite] = []
    /// The times at which delayed retries can start.
    var retryTimes: [Timestamp] = []
    /// When the engine deletes the finished workflow; nil for never.
    var expiry: Timestamp?
    /// When the finished workflow is archived; nil if it is not to be, or was.
    var archiving: Delay.Due?
    /// How many times the status was updated.
    var statusUpdates = 0
    /// The desired labels, annotations, arguments, and status of the object.
    var document: JSONObject = [:]
    private var written: JSONObject

    init?(_ object: JSONValue) {
        guard let key = object.objectKey, let specification = object["spec"]?.objectValue else { return nil }
        let metadata = object.metadata
        let phase = object[path: ["status", "phase"]]?.stringValue ?? ""
        guard !["Succeeded", "Failed", "Error"].contains(phase) else { return nil }
        self.key = key
        instanceID = metadata["labels"]?[Argo.instanceLabel]
        self.specification = specification
        uid = object.uid
        annotations = metadata["annotations"]?.objectValue ?? [:]
        request = WorkflowRequest(object)
        tree = NodeTree(workflowName: key.name)
        written = ["status": object["status"] ?? [:]]
    }

    static func request(in object: JSONValue) -> WorkflowRequest { WorkflowRequest(object) }

    mutating func observe(_ request: WorkflowRequest) {
        self.request = request
    }

    mutating func resolve(_ resolution: WorkflowResolution) {
        stage = .resolved(resolution)
    }

    mutating func created(_ object: JSONValue) {}

    mutating func advance(to now: Timestamp) -> [RunAction<WorkflowReference>] {
        switch stage {
        case .arrived:
            stage = .resolving
            return [.resolve(WorkflowReference(run: key, specification: specification, annotations: annotations))]
        case .resolving: return []
        case .ended: return archive(at: now) + expire(at: now)
        case .resolved(let resolution):
            begin(resolution, at: now)
            if hasEnded { return flush() }
        case .running:
            enforceLimits(at: now)
            advancePods(to: now)
        }
        operate(at: now)
        describe(at: now)
        let pods = podActions.map { RunAction<WorkflowReference>.write($0) }
        podActions = []
        return pods + flush()
    }

    var hasEnded: Bool {
        if case .ended = stage { true } else { false }
    }

    var isFinished: Bool { hasEnded && wakeTime == nil }

    var wakeTime: Timestamp? {
        switch stage {
        case .arrived, .resolving: nil
        case .ended: archiving == nil ? expiry : archiving?.time
        case .resolved: .earliest
        case .running: (tree.unfulfilled.compactMap { wakeTime(of: $0) } + retryTimes).min()
        }
    }

    /// Writes everything that changed since the last write; the resource has no status subresource.
    private mutating func flush() -> [RunAction<WorkflowReference>] {
        guard var patch = MergePatch.difference(from: .object(written), to: .object(document)) else { return [] }
        written = document
        // With the UID, the patch cannot change a newer workflow of the same name.
        patch[path: ["metadata", "uid"]] = .string(uid)
        return [
            .write(.patch(Argo.workflows, namespace: key.namespace, name: key.name, patch, subresource: nil))
        ]
    }
}

extension SimulatedWorkflow {
    /// The workflow's deadline; nil if it has none.
    var deadline: Timestamp? {
        guard let startedAt, let seconds = effective["activeDeadlineSeconds"]?.integerValue else { return nil }
        return startedAt + .seconds(seconds)
    }

    func isPastDeadline(at now: Timestamp) -> Bool {
        deadline.map { now >= $0 } ?? false
    }

    /// When the next timed action of a node is due.
    private func wakeTime(of id: String) -> Timestamp? {
        guard let node = tree[id] else { return nil }
        if let pod = node.pod { return pod.wakeTime }
        guard node.kind == .suspend else { return nil }
        return [suspensionEnd(id), node.isPartOfExitHandler ? nil : deadline].compactMap { $0 }.min()
    }

    /// When a suspend node with a duration ends.
    private func suspensionEnd(_ id: String) -> Timestamp? {
        guard let node = tree[id], node.kind == .suspend,
            let text = templates[node.template?.text ?? ""]?["suspend"]?["duration"]?.scalarText
        else { return nil }
        let duration = Int64(text).map { Duration.seconds($0) } ?? Duration.goLimit(text)
        return duration.map { node.startedAt + $0 }
    }

    /// Ends suspend nodes whose duration has passed or that a user resumed.
    mutating func advanceSuspensions(to now: Timestamp) {
        for id in tree.unfulfilled {
            if let phase = request.resumed[id] {
                tree.mark(id, phase, at: now)
            } else if let end = suspensionEnd(id), now >= end {
                tree.mark(id, .succeeded, at: now)
            }
        }
    }
}

/// The requests that users make of a running workflow by editing its object.
struct WorkflowRequest: Hashable, Sendable {
    /// `Stop`, `Terminate`, or empty.
    var shutdown: String
    var isSuspended: Bool
    /// The suspend nodes that a user resumed or rejected, with their new phase.
    var resumed: [String: NodePhase] = [:]

    init(_ object: JSONValue) {
        shutdown = object[path: ["spec", "shutdown"]]?.stringValue ?? ""
        isSuspended = object[path: ["spec", "suspend"]]?.boolValue ?? false
        for member in object[path: ["status", "nodes"]]?.objectValue ?? [:] {
            guard member.value["type"]?.stringValue == WorkflowNode.Kind.suspend.rawValue,
                let phase = (member.value["phase"]?.stringValue).flatMap(NodePhase.init(rawValue:)), phase.isFulfilled
            else { continue }
            resumed[member.key] = phase
        }
    }

    /// Whether the workflow stops but still runs its exit handler.
    var isStop: Bool { shutdown == "Stop" }
    var isShutdown: Bool { shutdown == "Stop" || shutdown == "Terminate" }
}

/// The start of a workflow.
extension SimulatedWorkflow {
    /// Starts the workflow with the result of the lookup, or ends it if it cannot start.
    mutating func begin(_ resolution: WorkflowResolution, at now: Timestamp) {
        startedAt = now
        stage = .running
        if specification["arguments"] == nil { document["spec"] = ["arguments": [:]] }
        let plan: WorkflowPlan
        switch resolution {
        case .failure(let problem):
            refuse(problem, at: now)
            return
        case .success(let found): plan = found
        }
        self.plan = plan
        effective = merged(plan.specification)
        for template in effective["templates"]?.elements ?? [] {
            templates[template["name"]?.stringValue ?? ""] = template.withAbsoluteCalls(scope: "")
        }
        templates.merge(plan.referenced.templates) { own, _ in own }
        if specification["workflowTemplateRef"] != nil {
            let label = plan.isClusterScoped ? "cluster-workflow-template" : "workflow-template"
            setLabel(label, plan.name)
            setStatus("storedWorkflowTemplateSpec", .object(effective))
        }
        if let problem = nameProblem() ?? argumentNameProblem() ?? readParameters() ?? entrypointProblem()
            ?? templateProblem()
        {
            refuse(problem, at: now)
            return
        }
        // Templates of the workflow itself are already in its specification.
        var stored = specification["workflowTemplateRef"] == nil ? [:] : plan.storedTemplates
        for member in plan.referenced.stored { stored[member.key] = member.value }
        if !stored.isEmpty { setStatus("storedTemplates", .object(stored)) }
        setStatus("artifactGCStatus", ["notSpecified": true])
        setStatus("artifactRepositoryRef", ["artifactRepository": [:], "default": true])
        // A hash of the unique UID serves as the trace ID.
        document["metadata", default: [:]]["annotations"] = [
            Argo.prefix + "pod-name-format": "v2",
            Argo.prefix + "trace-id": .string(FNV.digits(uid, count: 32)),
        ]
    }

    private mutating func refuse(_ problem: WorkflowProblem, at now: Timestamp) {
        setStatus("progress", "0/0")
        setStatus("startedAt", .string(now.rfc3339))
        finish(problem.phase, problem.message, at: now)
    }

    /// The template's specification overridden by the workflow's; parameters are merged by name.
    private func merged(_ base: JSONObject) -> JSONObject {
        var result = base
        for member in specification where member.key != "arguments" { result[member.key] = member.value }
        guard let own = specification["arguments"]?["parameters"]?.elements, !own.isEmpty else { return result }
        var parameters = base["arguments"]?["parameters"]?.elements ?? []
        for parameter in own {
            if let index = parameters.firstIndex(where: { $0["name"] == parameter["name"] }) {
                for member in parameter.objectValue ?? [:] { parameters[index][member.key] = member.value }
            } else {
                parameters.append(parameter)
            }
        }
        result["arguments"]?["parameters"] = .array(parameters)
        return result
    }

    mutating func setLabel(_ name: String, _ value: String) {
        document["metadata", default: [:]]["labels", default: [:]][Argo.prefix + name] = .string(value)
    }

    mutating func setStatus(_ name: String, _ value: JSONValue) {
        document["status", default: [:]][name] = value
    }
}

extension JSONObject {
    fileprivate subscript(key: String, default value: JSONValue) -> JSONValue {
        get { self[key] ?? value }
        set { self[key] = newValue }
    }
}

extension JSONValue {
    fileprivate subscript(key: String, default value: JSONValue) -> JSONValue {
        get { self[key] ?? value }
        set { self[key] = newValue }
    }
}
