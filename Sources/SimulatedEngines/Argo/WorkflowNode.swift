import KubeClient

/// One node of a workflow's status: an executing template, or a part of one.
struct WorkflowNode: Sendable {
    enum Kind: String, Sendable {
        case pod = "Pod"
        case steps = "Steps"
        case stepGroup = "StepGroup"
        case dag = "DAG"
        case taskGroup = "TaskGroup"
        case retry = "Retry"
        case skipped = "Skipped"
        case suspend = "Suspend"

        /// Whether the node counts in the workflow's progress.
        var isExecutable: Bool { self == .pod || self == .suspend }
    }

    /// The value of `nodeFlag`: what created the node.
    enum Flag: Sendable {
        case none
        case empty
        case hooked
        case retried

        fileprivate var json: JSONValue? {
            switch self {
            case .none: nil
            case .empty: [:]
            case .hooked: ["hooked": true]
            case .retried: ["retried": true]
            }
        }
    }

    let id: String
    let name: String
    let displayName: String
    let kind: Kind
    let template: TemplateKey?
    /// The scope of the template that contains the call.
    let callerScope: String
    let boundaryID: String?
    let flag: Flag
    let startedAt: Timestamp
    /// Whether the node belongs to the exit handler, which deadlines and `Stop` do not affect.
    let isPartOfExitHandler: Bool
    var phase: NodePhase
    var message = ""
    var finishedAt: Timestamp?
    var children: [String] = []
    var outboundNodes: [String] = []
    /// The input parameters in declared order.
    var inputs: [(name: String, value: String)] = []
    var outputs: JSONObject = [:]
    var progress = WorkflowProgress()
    /// The total duration of the pods; nil until one has ended.
    var resourceSeconds: Int64?
    var pod: NodePod?

    /// The node as it appears in the status.
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "displayName": .string(displayName),
            "type": .string(kind.rawValue), "phase": .string(phase.rawValue),
            "templateScope": .string(callerScope.isEmpty ? "local/" : callerScope),
            "startedAt": .string(startedAt.rfc3339),
        ]
        if let template {
            let isLocal = template.scope == callerScope
            object[isLocal ? "templateName" : "templateRef"] = isLocal ? .string(template.name) : template.reference
        }
        object["boundaryID"] = boundaryID.map { .string($0) }
        object["nodeFlag"] = flag.json
        object["finishedAt"] = finishedAt.map { .string($0.rfc3339) }
        if !message.isEmpty { object["message"] = .string(message) }
        if !children.isEmpty { object["children"] = .array(children.map { .string($0) }) }
        if !outboundNodes.isEmpty { object["outboundNodes"] = .array(outboundNodes.map { .string($0) }) }
        if !inputs.isEmpty {
            let parameters = inputs.map { JSONValue.object(["name": .string($0.name), "value": .string($0.value)]) }
            object["inputs"] = ["parameters": .array(parameters)]
        }
        if !outputs.isEmpty { object["outputs"] = .object(outputs) }
        if progress.total > 0 { object["progress"] = .string(progress.text) }
        object["resourcesDuration"] = resourceSeconds.map(Self.resources)
        if kind == .pod { object["taskResultSynced"] = true }
        return .object(object)
    }

    /// Argo's `resourcesDuration` of such pods: hardly any CPU, and memory in proportion to the time.
    static func resources(_ seconds: Int64) -> JSONValue {
        ["cpu": 0, "memory": .integer(seconds)]
    }
}

/// How many of the known executable nodes have succeeded.
struct WorkflowProgress: Hashable, Sendable {
    var done = 0
    var total = 0

    var text: String { "\(done)/\(total)" }

    static func += (sum: inout WorkflowProgress, part: WorkflowProgress) {
        sum.done += part.done
        sum.total += part.total
    }
}

/// The pod of a node and its stage.
struct NodePod: Sendable {
    enum Stage: Hashable, Sendable {
        /// Created; it starts in the same reconciliation.
        case created
        case running(until: Timestamp)
        /// Waiting for an image or configuration that never arrives: until the node fails the pod, or forever.
        case stuck(until: Timestamp?)
        case ended
    }

    var pod: SimulatedPod
    var stage = Stage.created
    /// The names by which annotations refer to it: the step's or task's, then the template's.
    let names: [String]
    /// When the kubelet ends the pod.
    let deadline: Timestamp?
    /// The declared output parameters.
    let outputs: [JSONValue]

    var wakeTime: Timestamp? {
        switch stage {
        case .created: .earliest
        case .running(let end): deadline.map { min($0, end) } ?? end
        case .stuck(let end): [deadline, end].compactMap { $0 }.min()
        case .ended: nil
        }
    }
}

/// The phase of a workflow or node.
enum NodePhase: String, Hashable, Sendable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case skipped = "Skipped"
    case failed = "Failed"
    case error = "Error"
    case omitted = "Omitted"

    var isFulfilled: Bool { self != .pending && self != .running }
    /// Whether the node ended after it had started.
    var isCompleted: Bool { [.succeeded, .failed, .error].contains(self) }
    var isFailure: Bool { self == .failed || self == .error }
}

/// The nodes of a workflow by ID.
struct NodeTree: Sendable {
    private let workflowName: String
    private(set) var nodes: [String: WorkflowNode] = [:]
    /// The IDs in order of creation.
    private(set) var order: [String] = []

    init(workflowName: String) {
        self.workflowName = workflowName
    }

    /// The ID of a node: the workflow's name, followed by a hash of the node's name unless it is the root.
    func id(of name: String) -> String {
        name == workflowName ? name : "\(workflowName)-\(FNV.hash32(name))"
    }

    func node(named name: String) -> WorkflowNode? { nodes[id(of: name)] }

    subscript(id: String) -> WorkflowNode? {
        get { nodes[id] }
        set {
            if nodes[id] == nil { order.append(id) }
            nodes[id] = newValue
        }
    }

    mutating func connect(_ parent: String, to child: String) {
        guard nodes[parent]?.children.contains(child) == false else { return }
        nodes[parent]?.children.append(child)
    }

    /// Sets the phase of an unfulfilled node, and its finish time if the phase is final.
    mutating func mark(_ id: String, _ phase: NodePhase, _ message: String = "", at now: Timestamp) {
        guard nodes[id]?.phase.isFulfilled == false else { return }
        nodes[id]?.phase = phase
        if !message.isEmpty { nodes[id]?.message = message }
        if phase.isFulfilled { nodes[id]?.finishedAt = now }
    }

    /// The nodes to which the successors of a node connect.
    func outboundNodes(of id: String) -> [String] {
        guard let node = nodes[id] else { return [] }
        switch node.kind {
        case .pod, .skipped, .suspend: return [id]
        case .retry: return node.children.last.map { [$0] } ?? []
        case .taskGroup: return node.children.isEmpty ? [id] : node.children.flatMap { outboundNodes(of: $0) }
        case .steps, .dag, .stepGroup: return node.outboundNodes.flatMap { outboundNodes(of: $0) }
        }
    }

    var unfulfilled: [String] { order.filter { nodes[$0]?.phase.isFulfilled == false } }

    /// Updates progress and resource durations of all nodes; returns those of the whole workflow.
    mutating func updateTotals() -> (progress: WorkflowProgress, resourceSeconds: Int64?) {
        var progress = WorkflowProgress()
        var seconds: Int64?
        for id in order {
            guard let node = nodes[id], node.kind.isExecutable else { continue }
            let isDone = node.phase == .succeeded
            nodes[id]?.progress = WorkflowProgress(done: isDone ? 1 : 0, total: 1)
            progress += WorkflowProgress(done: isDone ? 1 : 0, total: 1)
            if let own = node.resourceSeconds { seconds = (seconds ?? 0) + own }
        }
        for id in order {
            guard let node = nodes[id], !node.kind.isExecutable else { continue }
            var visited: Set<String> = []
            let sum = sum(under: id, visited: &visited)
            nodes[id]?.progress = sum.progress
            if node.phase.isFulfilled { nodes[id]?.resourceSeconds = sum.seconds }
        }
        return (progress, seconds)
    }

    private func sum(
        under id: String, visited: inout Set<String>
    ) -> (progress: WorkflowProgress, seconds: Int64?) {
        var progress = WorkflowProgress()
        var seconds: Int64?
        var rest = nodes[id]?.children ?? []
        while let next = rest.popLast() {
            guard visited.insert(next).inserted, let node = nodes[next] else { continue }
            if node.kind.isExecutable {
                progress += node.progress
                if let own = node.resourceSeconds { seconds = (seconds ?? 0) + own }
            }
            rest += node.children
        }
        return (progress, seconds)
    }
}
