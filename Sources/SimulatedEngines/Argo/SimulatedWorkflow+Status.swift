import KubeClient

/// The status of a workflow.
extension SimulatedWorkflow {
    /// Updates the status from the nodes.
    mutating func describe(at now: Timestamp) {
        guard let startedAt else { return }
        let sum = tree.updateTotals()
        if !tree.nodes.isEmpty {
            setStatus(
                "nodes",
                .object(
                    JSONObject(
                        uniqueMembers: tree.order.map { id in
                            JSONObject.Member(key: id, value: tree[id]?.json ?? [:])
                        })))
        }
        setStatus("progress", .string(sum.progress.text))
        setStatus("startedAt", .string(startedAt.rfc3339))
        if let seconds = sum.resourceSeconds { setStatus("resourcesDuration", WorkflowNode.resources(seconds)) }
        if !globalOutputs.isEmpty {
            let parameters = globalOutputs.map {
                JSONValue.object(["name": .string($0.name), "value": .string($0.value)])
            }
            setStatus("outputs", ["parameters": .array(parameters)])
        }
        // A requested shutdown shows in the stored specification from the next reconciliation on.
        if request.isShutdown, plan != nil, specification["workflowTemplateRef"] != nil {
            effective["shutdown"] = .string(request.shutdown)
            setStatus("storedWorkflowTemplateSpec", .object(effective))
        }
        describePods()
        if !hasEnded {
            setStatus("phase", "Running")
            setLabel("phase", "Running")
            setLabel("completed", "false")
        }
        statusUpdates += 1
    }

    /// Sets the condition `PodRunning`; the first status of a workflow does not have it.
    private mutating func describePods() {
        guard statusUpdates > 0, !tree.nodes.isEmpty || request.isSuspended else { return }
        guard statusUpdates > 1 || request.isSuspended || tree.nodes.values.contains(where: \.isPodSeen) else { return }
        let isRunning = tree.nodes.values.contains { $0.kind == .pod && $0.phase == .running }
        var conditions = document["status"]?["conditions"]?.elements ?? []
        conditions.removeAll { $0["type"] == "PodRunning" }
        conditions.insert(["type": "PodRunning", "status": isRunning ? "True" : "False"], at: 0)
        setStatus("conditions", .array(conditions))
    }

    /// Ends the workflow and writes the final status.
    mutating func finish(_ phase: NodePhase, _ message: String, at now: Timestamp) {
        stage = .ended
        expiry = timeToLive(after: phase).map { now + $0 }
        setStatus("phase", .string(phase.rawValue))
        setStatus("finishedAt", .string(now.rfc3339))
        if !message.isEmpty { setStatus("message", .string(message)) }
        let conditions = document["status"]?["conditions"]?.elements ?? []
        setStatus("conditions", .array(conditions + [["type": "Completed", "status": "True"]]))
        setLabel("phase", phase.rawValue)
        setLabel("completed", "true")
        archiving = plan?.behavior.archive?.due(after: now)
        if archiving != nil { setLabel("workflow-archiving-status", "Pending") }
    }
}

extension SimulatedWorkflow {
    /// How long the `ttlStrategy` keeps the workflow after its end; nil for forever.
    private func timeToLive(after phase: NodePhase) -> Duration? {
        let strategy = effective["ttlStrategy"]
        let own = phase == .succeeded ? strategy?["secondsAfterSuccess"] : strategy?["secondsAfterFailure"]
        let seconds = own?.integerValue ?? strategy?["secondsAfterCompletion"]?.integerValue
        return seconds.map { .seconds(max(0, $0)) }
    }

    /// Marks the workflow as archived when it is due.
    mutating func archive(at now: Timestamp) -> [RunAction<WorkflowReference>] {
        guard let time = archiving?.time, time <= now else { return [] }
        archiving = nil
        let labels: JSONValue = [Argo.prefix + "workflow-archiving-status": "Archived"]
        return [
            .write(
                .patch(
                    Argo.workflows, namespace: key.namespace, name: key.name,
                    ["metadata": ["uid": .string(uid), "labels": labels]], subresource: nil))
        ]
    }

    /// Deletes the workflow when its TTL has expired; one that waits to be archived stays.
    mutating func expire(at now: Timestamp) -> [RunAction<WorkflowReference>] {
        guard archiving == nil, let expiry, expiry <= now else { return [] }
        self.expiry = nil
        return [.write(.delete(Argo.workflows, namespace: key.namespace, name: key.name))]
    }
}

extension WorkflowNode {
    /// Whether the pod has progressed past its creation.
    fileprivate var isPodSeen: Bool {
        guard let pod else { return false }
        return pod.stage != .created
    }
}

/// Substitutes parameters and outputs.
extension SimulatedWorkflow {
    /// Substitutes the template's inputs, the workflow's values, and the outputs of nodes within `boundary`.
    func substitute(_ tree: JSONValue, inputs: [(name: String, value: String)], boundary: String?) -> JSONValue {
        Placeholders.argo.replace(in: tree) { name in
            if name.hasPrefix("inputs.parameters.") {
                let parameter = name.dropFirst("inputs.parameters.".count)
                return inputs.first { $0.name == parameter }.map { .string($0.value) }
            }
            if let global = globals[String(name)] { return .string(global) }
            guard let boundary else { return nil }
            return output(name, within: boundary).map { .string($0) }
        }
    }

    /// The value of `steps.x.outputs.parameters.y`, `tasks.x.outputs.result`, `steps.x.status`, and similar variables.
    private func output(_ variable: Substring, within boundary: String) -> String? {
        let parts = variable.split(separator: ".", maxSplits: 2).map(String.init)
        guard parts.count == 3, parts[0] == "steps" || parts[0] == "tasks",
            let node = tree.order.lazy.compactMap({ tree[$0] }).first(where: {
                $0.boundaryID == boundary && $0.displayName == parts[1]
            })
        else { return nil }
        switch parts[2] {
        case "status": return node.phase.rawValue
        case "id": return node.id
        case "exitCode": return node.outputs["exitCode"]?.stringValue
        case "outputs.result": return node.outputs["result"]?.stringValue
        default:
            guard parts[2].hasPrefix("outputs.parameters.") else { return nil }
            let name = parts[2].dropFirst("outputs.parameters.".count)
            let parameter = node.outputs["parameters"]?.elements.first { $0["name"]?.stringValue == String(name) }
            return parameter?["value"]?.stringValue
        }
    }

    /// Sets the outputs that the template of a steps or DAG node derives from its children.
    mutating func setOutputs(of template: JSONValue, id: String) {
        guard tree[id]?.phase.isFulfilled == false else { return }
        var parameters: [JSONValue] = []
        for declaration in template["outputs"]?["parameters"]?.elements ?? [] {
            let source = declaration["valueFrom"]?["parameter"] ?? declaration["value"] ?? ""
            let filled = substitute(source, inputs: tree[id]?.inputs ?? [], boundary: id)
            guard let value = filled.scalarText, Placeholders.argo.variables(in: filled).isEmpty else { continue }
            var parameter = declaration
            parameter["value"] = .string(value)
            parameters.append(parameter)
            if let global = declaration["globalName"]?.stringValue { addGlobal(global, value) }
        }
        if !parameters.isEmpty { tree[id]?.outputs["parameters"] = .array(parameters) }
    }
}
