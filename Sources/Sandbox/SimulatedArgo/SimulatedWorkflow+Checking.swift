import KubeClient

/// What the engine looks at before it starts a workflow, and its words for what is wrong.
extension SimulatedWorkflow {
    /// Reads the parameters of the workflow; the problem is one that has no value.
    mutating func readParameters() -> WorkflowProblem? {
        globals = [
            "workflow.name": key.name, "workflow.namespace": key.namespace, "workflow.uid": uid,
            "workflow.serviceAccountName": effective["serviceAccountName"]?.stringValue ?? "default",
        ]
        for parameter in effective["arguments"]?["parameters"]?.elements ?? [] {
            let name = parameter["name"]?.stringValue ?? ""
            if let problem = problemOfChoice(name, parameter) { return problem }
            if let value = parameter["value"]?.scalarText ?? parameter["valueFrom"]?["default"]?.scalarText {
                globals["workflow.parameters.\(name)"] = value
            } else if parameter["valueFrom"] == nil {
                let path = "spec.arguments.\(name)"
                return WorkflowProblem(
                    phase: .failed, message: "invalid spec: \(path).value or \(path).valueFrom is required")
            }
        }
        return nil
    }

    /// A value that is none of those the template allows.
    private func problemOfChoice(_ name: String, _ parameter: JSONValue) -> WorkflowProblem? {
        guard let allowed = parameter["enum"]?.arrayValue, let value = parameter["value"]?.scalarText,
            !allowed.contains(where: { $0.scalarText == value })
        else { return nil }
        let path = "spec.arguments.\(name)"
        return WorkflowProblem(
            phase: .failed, message: "invalid spec: \(path).value should be present in \(path).enum list")
    }

    func problemOfName() -> WorkflowProblem? {
        guard key.name.utf8.count > 63 else { return nil }
        return WorkflowProblem(
            phase: .failed,
            message: "invalid spec: workflow name \"\(key.name)\" must not be more than 63 characters long "
                + "(currently \(key.name.utf8.count))")
    }

    func problemOfEntrypoint() -> WorkflowProblem? {
        guard let entrypoint = effective["entrypoint"]?.stringValue, !entrypoint.isEmpty else {
            return WorkflowProblem(phase: .failed, message: "invalid spec: spec.entrypoint is required")
        }
        if templates[entrypoint] != nil { return nil }
        return WorkflowProblem(
            phase: .failed,
            message: "invalid spec: template \(entrypoint) not found in workflow template \(plan?.name ?? "")")
    }

    func problemOfTemplates() -> WorkflowProblem? {
        let arguments = effective["arguments"]?["parameters"]?.elements ?? []
        var check = TemplateCheck(templates)
        for name in [effective["entrypoint"], effective["onExit"]].compactMap({ $0?.stringValue }) where !name.isEmpty {
            let missing = templates[name] == nil ? "template name '\(name)' undefined" : nil
            guard let problem = missing ?? check.problem(of: name, arguments: arguments) else { continue }
            return WorkflowProblem(phase: .failed, message: "invalid spec: \(problem)")
        }
        return nil
    }
}
