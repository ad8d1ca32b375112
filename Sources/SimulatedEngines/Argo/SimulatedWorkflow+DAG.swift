import KubeClient

/// DAG templates.
extension SimulatedWorkflow {
    /// The tasks of a DAG during one reconciliation.
    struct Graph {
        let call: TemplateCall
        let id: String
        /// Tasks by name, in declared order.
        let names: [String]
        let tasks: [String: JSONValue]
        let conditions: [String: DependsExpression]
        var visited: Set<String> = []

        init(_ call: TemplateCall, _ template: JSONValue, id: String) {
            self.call = call
            self.id = id
            let declared = template["dag"]?["tasks"]?.elements ?? []
            names = declared.map { $0["name"]?.stringValue ?? "" }
            let tasks = Dictionary(zip(names, declared), uniquingKeysWith: { first, _ in first })
            self.tasks = tasks
            conditions = tasks.compactMapValues { Self.condition(of: $0, in: tasks) }
        }

        /// The condition on other tasks under which a task starts; nil if it can start at once.
        private static func condition(of task: JSONValue, in tasks: [String: JSONValue]) -> DependsExpression? {
            if let depends = task["depends"]?.stringValue, !depends.isEmpty { return DependsExpression(depends) }
            let names = (task["dependencies"]?.elements ?? []).compactMap(\.stringValue)
            if names.isEmpty { return nil }
            return .all(
                names.map { name in
                    let step = ExpandedStep(tasks[name] ?? [:], name: name)
                    var results = [DependsExpression.task(name, result: nil)]
                    if step.continuesOnFailure { results.append(.task(name, result: "Failed")) }
                    if step.continuesOnError { results.append(.task(name, result: "Errored")) }
                    return .any(results)
                })
        }

        func nodeName(_ task: String) -> String { "\(call.nodeName).\(task)" }

        /// The DAG's target tasks: those it names, or those on which no other task depends.
        func targets(_ template: JSONValue) -> [String] {
            let target = template["dag"]?["target"]?.stringValue ?? ""
            if !target.isEmpty { return target.split(separator: " ").map(String.init) }
            let needed = Set(conditions.values.flatMap(\.tasks))
            return names.filter { !needed.contains($0) }
        }
    }

    mutating func executeDAG(_ call: TemplateCall, _ template: JSONValue, id: String, at now: Timestamp) {
        var graph = Graph(call, template, id: id)
        let targets = graph.targets(template)
        for target in targets { execute(task: target, &graph, at: now) }
        let isBusy = graph.names.contains { tree.node(named: graph.nodeName($0))?.phase.isFulfilled == false }
        guard !isBusy else { return }
        let phases = targets.map { branchPhase($0, graph) }
        let mustFail = request.isShutdown && !(request.isStop && call.isPartOfExitHandler)
        guard mustFail || !phases.contains(nil) else { return }
        let outbound = targets.flatMap { tree.outboundNodes(of: tree.id(of: graph.nodeName($0))) }
        tree[id]?.outboundNodes = outbound
        let failed = zip(targets, phases).first { target, phase in
            guard let phase, phase.isFailure else { return false }
            return !ExpandedStep(graph.tasks[target] ?? [:], name: target).continues(after: phase)
        }
        if mustFail || failed != nil {
            tree.mark(id, failed?.1 ?? .failed, at: now)
        } else {
            setOutputs(of: template, id: id)
            tree.mark(id, .succeeded, at: now)
        }
    }

    /// The phase of a task; a task that did not run takes the phase of those it depends on, a failure first.
    private func branchPhase(_ task: String, _ graph: Graph, depth: Int = 0) -> NodePhase? {
        guard let node = tree.node(named: graph.nodeName(task)), node.phase.isFulfilled else { return nil }
        if node.phase.isCompleted { return node.phase }
        let parents = depth > graph.names.count ? [] : graph.conditions[task]?.tasks ?? []
        let phases = parents.map { branchPhase($0, graph, depth: depth + 1) }
        if phases.contains(nil) { return nil }
        return phases.compactMap { $0 }.first { $0.isFailure } ?? .succeeded
    }

    private mutating func execute(task: String, _ graph: inout Graph, at now: Timestamp) {
        guard graph.visited.insert(task).inserted, let json = graph.tasks[task] else { return }
        let nodeName = graph.nodeName(task)
        if tree.node(named: nodeName)?.phase.isFulfilled == true { return }
        let condition = graph.conditions[task]
        if let condition {
            for other in condition.tasks { execute(task: other, &graph, at: now) }
            guard condition.tasks.allSatisfy({ tree.node(named: graph.nodeName($0))?.phase.isFulfilled == true }) else {
                return
            }
            guard condition.isMet({ tree.node(named: graph.nodeName($0))?.phase }) else {
                omit(task, json, graph, at: now)
                return
            }
        }
        let resolved = substitute(json, inputs: tree[graph.id]?.inputs ?? [], boundary: graph.id)
        guard items(of: resolved) != nil else {
            let step = ExpandedStep(resolved, name: task)
            let child = begin(step, prefix: "\(graph.call.nodeName).", graph.call, boundary: graph.id, at: now)
            connect(task, child: child, graph)
            return
        }
        executeGroup(task, resolved, graph, at: now)
    }

    private mutating func omit(_ task: String, _ json: JSONValue, _ graph: Graph, at now: Timestamp) {
        let call = TemplateCall(
            template: json["template"]?.stringValue ?? "", nodeName: graph.nodeName(task), displayName: task,
            boundaryID: graph.id, flag: .empty, isPartOfExitHandler: graph.call.isPartOfExitHandler, names: [])
        make(call, .skipped, .omitted, message: "omitted: depends condition not met", at: now)
        connect(task, child: tree.id(of: call.nodeName), graph)
    }

    /// Connects the node of a task to the nodes of its dependencies, or to the DAG's node.
    private mutating func connect(_ task: String, child: String, _ graph: Graph) {
        guard let condition = graph.conditions[task] else {
            tree.connect(graph.id, to: child)
            return
        }
        for other in condition.tasks {
            for parent in tree.outboundNodes(of: tree.id(of: graph.nodeName(other))) where parent != child {
                tree.connect(parent, to: child)
            }
        }
    }

    /// Executes a task that is repeated for items: a task group with one child per item.
    private mutating func executeGroup(_ task: String, _ json: JSONValue, _ graph: Graph, at now: Timestamp) {
        let call = TemplateCall(
            template: json["template"]?.stringValue ?? "", nodeName: graph.nodeName(task), displayName: task,
            boundaryID: graph.id, flag: .empty, isPartOfExitHandler: graph.call.isPartOfExitHandler, names: [])
        let steps = expand(json)
        let id = tree.id(of: call.nodeName)
        if tree[id] == nil {
            if steps.isEmpty {
                make(call, .skipped, .skipped, message: "Skipped, empty params", at: now)
            } else {
                make(call, .taskGroup, .running, at: now)
            }
            connect(task, child: id, graph)
        }
        for step in steps {
            let child = begin(step, prefix: "\(graph.call.nodeName).", graph.call, boundary: graph.id, at: now)
            tree.connect(id, to: child)
        }
        let phases = (tree[id]?.children ?? []).compactMap { tree[$0]?.phase }
        guard !steps.isEmpty, phases.allSatisfy(\.isFulfilled) else { return }
        tree.mark(id, phases.last { $0.isFailure } ?? .succeeded, at: now)
    }
}
