import KubeClient

/// Templates of groups of steps, one group after the other.
extension SimulatedWorkflow {
    mutating func executeSteps(_ call: TemplateCall, _ template: JSONValue, id: String, at now: Timestamp) {
        let groups = template["steps"]?.elements ?? []
        for (index, group) in groups.enumerated() {
            let name = "\(call.nodeName)[\(index)]"
            makeGroup(call, index, name: name, parent: id, at: now)
            let groupID = tree.id(of: name)
            executeGroup(group.elements, call, name: name, id: groupID, boundary: id, at: now)
            guard let node = tree[groupID], node.phase.isFulfilled else { return }
            let outbound = node.children.flatMap { tree.outboundNodes(of: $0) }
            // A later group begins in the same look, so the way out of the template is known only at its end.
            if node.phase.isFailure || index == groups.count - 1 { tree[id]?.outboundNodes = outbound }
            if node.phase.isFailure {
                tree.mark(id, .failed, node.message, at: now)
                return
            }
        }
        giveOutputs(of: template, id: id)
        tree.mark(id, .succeeded, at: now)
    }

    private mutating func makeGroup(
        _ call: TemplateCall, _ index: Int, name: String, parent: String, at now: Timestamp
    ) {
        guard tree.node(named: name) == nil else { return }
        let group = TemplateCall(
            template: "", nodeName: name, displayName: "[\(index)]", boundaryID: parent, flag: .empty,
            isPartOfExitHandler: call.isPartOfExitHandler, names: [])
        make(group, .stepGroup, .running, at: now)
        let id = tree.id(of: name)
        guard index > 0, let earlier = tree.node(named: "\(call.nodeName)[\(index - 1)]") else {
            tree.connect(parent, to: id)
            return
        }
        let outbound = earlier.children.flatMap { tree.outboundNodes(of: $0) }
        for parent in outbound.isEmpty ? [earlier.id] : outbound { tree.connect(parent, to: id) }
    }

    /// Begins the steps of a group and ends the group when all of them have ended.
    private mutating func executeGroup(
        _ steps: [JSONValue], _ call: TemplateCall, name: String, id: String, boundary: String, at now: Timestamp
    ) {
        guard tree[id]?.phase.isFulfilled == false else { return }
        var continuing: Set<String> = []
        for declared in steps {
            let resolved = fillIn(declared, inputs: tree[boundary]?.inputs ?? [], boundary: boundary)
            for step in expand(resolved) {
                let child = begin(step, prefix: "\(name).", call, boundary: boundary, at: now)
                tree.connect(id, to: child)
                if step.continues(after: tree[child]?.phase) { continuing.insert(child) }
            }
        }
        let children = tree[id]?.children ?? []
        guard children.allSatisfy({ tree[$0]?.phase.isFulfilled == true }) else { return }
        let failed = children.first { tree[$0]?.phase.isFailure == true && !continuing.contains($0) }
        if let failed {
            tree.mark(id, .failed, "child '\(failed)' failed", at: now)
        } else {
            tree.mark(id, .succeeded, at: now)
        }
    }

    /// Begins a step or task, or skips it, and returns the id of its node.
    mutating func begin(
        _ step: ExpandedStep, prefix: String, _ call: TemplateCall, boundary: String, at now: Timestamp
    ) -> String {
        var inner = TemplateCall(
            template: step.template, nodeName: prefix + step.name, displayName: step.name, boundaryID: boundary,
            isPartOfExitHandler: call.isPartOfExitHandler, names: [step.declaredName, TemplateKey(step.template).name],
            arguments: step.arguments, depth: call.depth + 1)
        let id = tree.id(of: inner.nodeName)
        if let condition = step.when, tree[id] == nil {
            inner.flag = .empty
            switch WhenCondition.evaluate(condition) {
            case nil:
                make(inner, .skipped, .error, message: "Invalid 'when' expression '\(condition)'", at: now)
                return id
            case false?:
                make(inner, .skipped, .skipped, message: "when '\(condition)' evaluated false", at: now)
                return id
            case true?: inner.flag = .none
            }
        }
        execute(inner, at: now)
        return id
    }
}
