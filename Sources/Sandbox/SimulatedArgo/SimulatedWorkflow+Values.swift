import KubeClient

/// Parameters, outputs and the texts that use them.
extension SimulatedWorkflow {
    /// Fills in what is known: the inputs of the template, the workflow's own values, and outputs within `boundary`.
    func fillIn(_ tree: JSONValue, inputs: [(name: String, value: String)], boundary: String?) -> JSONValue {
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

    /// The value of `steps.x.outputs.parameters.y`, `tasks.x.outputs.result`, `steps.x.status` and the like.
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

    /// Gives a node of steps or tasks the outputs that its template makes of theirs.
    mutating func giveOutputs(of template: JSONValue, id: String) {
        guard tree[id]?.phase.isFulfilled == false else { return }
        var parameters: [JSONValue] = []
        for declaration in template["outputs"]?["parameters"]?.elements ?? [] {
            let source = declaration["valueFrom"]?["parameter"] ?? declaration["value"] ?? ""
            let filled = fillIn(source, inputs: tree[id]?.inputs ?? [], boundary: id)
            guard let value = filled.scalarText, Placeholders.argo.variables(in: filled).isEmpty else { continue }
            var parameter = declaration
            parameter["value"] = .string(value)
            parameters.append(parameter)
            if let global = declaration["globalName"]?.stringValue { addGlobal(global, value) }
        }
        if !parameters.isEmpty { tree[id]?.outputs["parameters"] = .array(parameters) }
    }
}
