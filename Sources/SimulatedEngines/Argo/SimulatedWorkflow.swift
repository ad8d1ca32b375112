import KubeClient
import Schema

/// One Workflow, from the first look at it to its end.
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
    /// The specification as its user wrote it.
    let specification: JSONObject
    var request: WorkflowRequest
    var stage = Stage.arrived
    var plan: WorkflowPlan?
    /// The templates by name.
    var templates: [String: JSONValue] = [:]
    /// The specification that counts: the template's with the workflow's own above it.
    var effective: JSONObject = [:]
    /// The parameters of the workflow and what else `{{workflow.…}}` can mean.
    var globals: [String: String] = [:]
    /// The global output parameters, in the order in which they came.
    var globalOutputs: [(name: String, value: String)] = []
    var tree: NodeTree
    var startedAt: Timestamp?
    /// What this pass wants to be done about pods.
    var podActions: [ClusterWrite] = []
    /// When a retry that waits may start.
    var retryTimes: [Timestamp] = []
    /// When the engine deletes the ended workflow; nil for never.
    var expiry: Timestamp?
    /// How often the status was described.
    var looks = 0
    /// The labels, annotations, arguments and status that the object is to have.
    var document: JSONObject = [:]
    private var written: JSONObject

    init?(_ object: JSONValue) {
        guard let key = object.objectKey, let specification = object["spec"]?.objectValue else { return nil }
        let metadata = object.metadata
        let phase = object[path: ["status", "phase"]]?.stringValue ?? ""
        guard !["Succeeded", "Failed", "Error"].contains(phase),
            metadata["labels"]?[Argo.prefix + "controller-instanceid"] == nil
        else { return nil }
        self.key = key
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
        case .ended: return expire(at: now)
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

    var isFinished: Bool { hasEnded && expiry == nil }

    var wakeTime: Timestamp? {
        switch stage {
        case .arrived, .resolving: nil
        case .ended: expiry
        case .resolved: .earliest
        case .running: (tree.unfulfilled.compactMap { wakeTime(of: $0) } + retryTimes).min()
        }
    }

    /// The write of everything that changed since the last one. The resource has no status subresource.
    private mutating func flush() -> [RunAction<WorkflowReference>] {
        guard var patch = MergePatch.difference(from: .object(written), to: .object(document)) else { return [] }
        written = document
        // So that a later workflow of the same name is not mistaken for this one.
        patch[path: ["metadata", "uid"]] = .string(uid)
        return [
            .write(.patch(Argo.workflows, namespace: key.namespace, name: key.name, patch, subresource: nil))
        ]
    }
}

extension SimulatedWorkflow {
    /// When the workflow's own time is up; nil without a limit.
    var deadline: Timestamp? {
        guard let startedAt, let seconds = effective["activeDeadlineSeconds"]?.integerValue else { return nil }
        return startedAt + .seconds(seconds)
    }

    func isPastDeadline(at now: Timestamp) -> Bool {
        deadline.map { now >= $0 } ?? false
    }

    /// When something happens to a node by itself.
    private func wakeTime(of id: String) -> Timestamp? {
        guard let node = tree[id] else { return nil }
        if let pod = node.pod { return pod.wakeTime }
        guard node.kind == .suspend else { return nil }
        return [suspensionEnd(id), node.isPartOfExitHandler ? nil : deadline].compactMap { $0 }.min()
    }

    /// When a suspended node goes on by itself.
    private func suspensionEnd(_ id: String) -> Timestamp? {
        guard let node = tree[id], node.kind == .suspend,
            let text = templates[node.template?.text ?? ""]?["suspend"]?["duration"]?.scalarText
        else { return nil }
        let duration = Int64(text).map { Duration.seconds($0) } ?? Duration.goLimit(text)
        return duration.map { node.startedAt + $0 }
    }

    /// Ends suspended nodes whose time is up or that someone resumed.
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

/// What users ask of a workflow that is under way.
struct WorkflowRequest: Hashable, Sendable {
    /// `Stop`, `Terminate` or empty.
    var shutdown: String
    var isSuspended: Bool
    /// The suspended nodes that someone resumed or rejected, with the phase they were given.
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

    /// The exit handler runs, and nothing else is begun.
    var isStop: Bool { shutdown == "Stop" }
    var isShutdown: Bool { shutdown == "Stop" || shutdown == "Terminate" }
}

/// How a workflow starts, or why it does not.
extension SimulatedWorkflow {
    /// Takes on the template that was looked up.
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
            templates[template["name"]?.stringValue ?? ""] = template.withAbsoluteCalls(home: "")
        }
        templates.merge(plan.referenced.templates) { own, _ in own }
        if specification["workflowTemplateRef"] != nil {
            let label = plan.isClusterScoped ? "cluster-workflow-template" : "workflow-template"
            setLabel(label, plan.name)
            setStatus("storedWorkflowTemplateSpec", .object(effective))
        }
        if let problem = problemOfName() ?? readParameters() ?? problemOfEntrypoint() ?? problemOfTemplates() {
            refuse(problem, at: now)
            return
        }
        // Templates of the workflow itself are in its specification already.
        var stored = specification["workflowTemplateRef"] == nil ? [:] : plan.storedTemplates
        for member in plan.referenced.stored { stored[member.key] = member.value }
        if !stored.isEmpty { setStatus("storedTemplates", .object(stored)) }
        setStatus("artifactGCStatus", ["notSpecified": true])
        setStatus("artifactRepositoryRef", ["artifactRepository": [:], "default": true])
        // No two workflows share a UID, so what is made of it stands for the id of a trace.
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

    /// The template's specification with what the workflow says above it; parameters are joined by name.
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
