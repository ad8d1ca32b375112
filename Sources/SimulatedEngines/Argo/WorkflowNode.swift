import CEL
import KubeClient

/// One node of a workflow's status: a template that is being carried out, or a part of one.
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

        /// Nodes that count in the progress of a workflow by themselves.
        var isExecutable: Bool { self == .pod || self == .suspend }
    }

    /// What made the node, as the status tells it.
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
    /// The object with the template that has the call.
    let callerHome: String
    let boundaryID: String?
    let flag: Flag
    let startedAt: Timestamp
    /// Carries out the exit handler, which neither deadlines nor `Stop` reach.
    let isPartOfExitHandler: Bool
    var phase: NodePhase
    var message = ""
    var finishedAt: Timestamp?
    var children: [String] = []
    var outboundNodes: [String] = []
    /// The input parameters, in declared order.
    var inputs: [(name: String, value: String)] = []
    var outputs: JSONObject = [:]
    var progress = WorkflowProgress()
    /// The time the pods took together; nil while none has ended.
    var resourceSeconds: Int64?
    var pod: NodePod?

    /// The object in the status.
    var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "name": .string(name), "displayName": .string(displayName),
            "type": .string(kind.rawValue), "phase": .string(phase.rawValue),
            "templateScope": .string(callerHome.isEmpty ? "local/" : callerHome),
            "startedAt": .string(startedAt.rfc3339),
        ]
        if let template {
            let isLocal = template.home == callerHome
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

    /// What the engine makes of the time pods took: of processors next to nothing, of memory a number per second.
    static func resources(_ seconds: Int64) -> JSONValue {
        ["cpu": 0, "memory": .integer(seconds)]
    }
}

/// How many executable nodes have succeeded, of how many that are known yet.
struct WorkflowProgress: Hashable, Sendable {
    var done = 0
    var total = 0

    var text: String { "\(done)/\(total)" }

    static func += (sum: inout WorkflowProgress, part: WorkflowProgress) {
        sum.done += part.done
        sum.total += part.total
    }
}

/// The pod of a node and where it stands.
struct NodePod: Sendable {
    enum Stage: Hashable, Sendable {
        /// Created; looked at once more at the same time.
        case created
        case running(until: Timestamp)
        /// Waits for what will not come: until its node gives it up, or for ever.
        case stuck(until: Timestamp?)
        case ended
    }

    var pod: SimulatedPod
    var stage = Stage.created
    /// The names by which annotations may mean it: that of the step or task, then that of the template.
    let names: [String]
    /// When the kubelet ends it.
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

/// The phases of workflows and nodes.
enum NodePhase: String, Hashable, Sendable {
    case pending = "Pending"
    case running = "Running"
    case succeeded = "Succeeded"
    case skipped = "Skipped"
    case failed = "Failed"
    case error = "Error"
    case omitted = "Omitted"

    var isFulfilled: Bool { self != .pending && self != .running }
    /// Ended after it was begun.
    var isCompleted: Bool { [.succeeded, .failed, .error].contains(self) }
    var isFailure: Bool { self == .failed || self == .error }
}

/// The nodes of a workflow, by id.
struct NodeTree: Sendable {
    private let workflowName: String
    private(set) var nodes: [String: WorkflowNode] = [:]
    /// Ids in the order in which the nodes were made.
    private(set) var order: [String] = []

    init(workflowName: String) {
        self.workflowName = workflowName
    }

    /// The id of the node of a name: the workflow's own, or its name with a hash of the node's.
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

    /// Gives an unfulfilled node a phase, and a finishing time when it is its last.
    mutating func mark(_ id: String, _ phase: NodePhase, _ message: String = "", at now: Timestamp) {
        guard nodes[id]?.phase.isFulfilled == false else { return }
        nodes[id]?.phase = phase
        if !message.isEmpty { nodes[id]?.message = message }
        if phase.isFulfilled { nodes[id]?.finishedAt = now }
    }

    /// The nodes that what comes after a node hangs on.
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

    /// Brings progress and resource times up to date and returns those of the whole workflow.
    mutating func sumUp() -> (progress: WorkflowProgress, resourceSeconds: Int64?) {
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
