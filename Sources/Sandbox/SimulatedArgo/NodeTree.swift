import KubeClient

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
