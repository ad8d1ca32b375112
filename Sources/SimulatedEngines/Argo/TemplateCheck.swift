import KubeClient

/// Validation before a workflow starts, with Argo's messages.
extension SimulatedWorkflow {
    /// Reads the workflow's parameters; returns the problem of the first invalid one.
    mutating func readParameters() -> WorkflowProblem? {
        globals = [
            "workflow.name": key.name, "workflow.namespace": key.namespace, "workflow.uid": uid,
            "workflow.serviceAccountName": effective["serviceAccountName"]?.stringValue ?? "default",
            "workflow.mainEntrypoint": effective["entrypoint"]?.stringValue ?? "",
        ]
        globals["workflow.priority"] = effective["priority"]?.scalarText
        for parameter in effective["arguments"]?["parameters"]?.elements ?? [] {
            let name = parameter["name"]?.stringValue ?? ""
            if let problem = enumProblem(name, parameter) { return problem }
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

    /// The problem of a value that is not in the parameter's `enum`.
    private func enumProblem(_ name: String, _ parameter: JSONValue) -> WorkflowProblem? {
        guard let allowed = parameter["enum"]?.arrayValue, let value = parameter["value"]?.scalarText,
            !allowed.contains(where: { $0.scalarText == value })
        else { return nil }
        let path = "spec.arguments.\(name)"
        return WorkflowProblem(
            phase: .failed, message: "invalid spec: \(path).value should be present in \(path).enum list")
    }

    /// The problem of the first argument whose name is invalid.
    ///
    /// Indices count the workflow's own arguments first, then those of the template that it does not set.
    func argumentNameProblem() -> WorkflowProblem? {
        let own = specification["arguments"]?["parameters"]?.elements ?? []
        let inherited = plan?.specification["arguments"]?["parameters"]?.elements ?? []
        var names: [String] = []
        for parameter in specification["workflowTemplateRef"] == nil ? own : own + inherited {
            let name = parameter["name"]?.stringValue ?? ""
            if names.contains(name), specification["workflowTemplateRef"] != nil { continue }
            let place = "spec.arguments.parameters[\(names.count)]"
            if name.isEmpty { return invalid("\(place).name is required") }
            guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }) else {
                return invalid(
                    "\(place).name: '\(name)' is invalid: Parameter/Artifact name must consist of alpha-numeric "
                        + "characters, '_' or '-' e.g. my_param_1, MY-PARAM-1")
            }
            if names.contains(name) { return invalid("\(place).name '\(name)' is not unique") }
            names.append(name)
        }
        return nil
    }

    private func invalid(_ why: String) -> WorkflowProblem {
        WorkflowProblem(phase: .failed, message: "invalid spec: \(why)")
    }

    func nameProblem() -> WorkflowProblem? {
        guard key.name.utf8.count > 63 else { return nil }
        return WorkflowProblem(
            phase: .failed,
            message: "invalid spec: workflow name \"\(key.name)\" must not be more than 63 characters long "
                + "(currently \(key.name.utf8.count))")
    }

    func entrypointProblem() -> WorkflowProblem? {
        guard let entrypoint = effective["entrypoint"]?.stringValue, !entrypoint.isEmpty else {
            return invalid("spec.entrypoint is required")
        }
        if templates[entrypoint] != nil { return nil }
        return invalid(
            specification["workflowTemplateRef"] == nil
                ? "template name '\(entrypoint)' undefined"
                : "template reference \(plan?.name ?? "").\(entrypoint) not found")
    }

    func templateProblem() -> WorkflowProblem? {
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

/// Checks templates before a workflow starts: calls of unknown templates, and calls without a required input.
///
/// Argo checks more. A problem that is not found here shows when the template executes.
struct TemplateCheck {
    /// The nesting depth up to which calls are checked.
    private static let maximumDepth = 100
    private static let kinds = [
        "container", "containerSet", "steps", "script", "resource", "dag", "suspend", "data", "http", "plugin",
    ]

    private let templates: [String: JSONValue]
    private var checked: Set<String> = []

    init(_ templates: [String: JSONValue]) {
        self.templates = templates
    }

    /// Argo's message about the first problem of a template and those it calls; nil if none.
    ///
    /// - Parameter text: The text of a ``TemplateKey``.
    mutating func problem(of text: String, arguments: [JSONValue], depth: Int = 0) -> String? {
        guard let template = templates[text], depth <= Self.maximumDepth else { return nil }
        let name = TemplateKey(text).name
        if !Self.kinds.contains(where: { template[$0] != nil }) {
            return
                "templates.\(name) template type unspecified. choose one of: container, containerSet, steps, script, "
                + "resource, dag, suspend, template, template ref"
        }
        if let input = Self.missingInput(of: template, arguments) {
            return "templates.\(name) inputs.parameters.\(input) was not supplied"
        }
        guard checked.insert(text).inserted else { return nil }
        for (index, group) in (template["steps"]?.elements ?? []).enumerated() {
            for step in group.elements {
                let place = "templates.\(name).steps[\(index)].\(step["name"]?.stringValue ?? "")"
                if let problem = problem(ofCall: step, depth: depth) { return "\(place) \(problem)" }
            }
        }
        return template["dag"].flatMap { problem(ofGraph: $0["tasks"]?.elements ?? [], name, depth: depth) }
    }

    private mutating func problem(ofCall step: JSONValue, depth: Int) -> String? {
        guard let text = step["template"]?.stringValue, !text.isEmpty, text.firstRange(of: "{{") == nil else {
            return nil
        }
        guard templates[text] != nil else {
            let key = TemplateKey(text)
            return step["templateRef"] == nil
                ? "template name '\(key.name)' undefined" : "template reference \(key.objectName).\(key.name) not found"
        }
        return problem(of: text, arguments: step["arguments"]?["parameters"]?.elements ?? [], depth: depth + 1)
    }

    private mutating func problem(ofGraph tasks: [JSONValue], _ template: String, depth: Int) -> String? {
        if tasks.isEmpty { return "templates.\(template) must have at least one task" }
        if let problem = Self.problem(ofOrder: tasks) { return "templates.\(template) sorting failed: \(problem)" }
        for task in tasks {
            let place = "templates.\(template).tasks.\(task["name"]?.stringValue ?? "")"
            if let problem = problem(ofCall: task, depth: depth) { return "\(place) \(problem)" }
        }
        return nil
    }

    /// The first input that has no default and gets no value.
    private static func missingInput(of template: JSONValue, _ arguments: [JSONValue]) -> String? {
        for input in template["inputs"]?["parameters"]?.elements ?? [] {
            let isGiven = arguments.contains { $0["name"] == input["name"] }
            guard !isGiven, input["value"] == nil, input["default"] == nil, input["valueFrom"] == nil else { continue }
            return input["name"]?.stringValue ?? ""
        }
        return nil
    }

    /// The problem of tasks that depend on an unknown task or on each other; nil if none.
    private static func problem(ofOrder tasks: [JSONValue]) -> String? {
        var waiting: [String: Set<String>] = [:]
        for task in tasks {
            let name = task["name"]?.stringValue ?? ""
            guard waiting[name] == nil else { return "duplicated nodeName \(name)" }
            waiting[name] = dependencies(of: task)
        }
        for (_, needed) in waiting.sorted(by: { $0.key < $1.key }) {
            if let unknown = needed.sorted().first(where: { waiting[$0] == nil }) {
                return "invalid dependency \(unknown)"
            }
        }
        var successors: [String: [String]] = [:]
        for (name, needed) in waiting { for other in needed { successors[other, default: []].append(name) } }
        var free = waiting.filter { $0.value.isEmpty }.map(\.key)
        var sorted = 0
        while let name = free.popLast() {
            sorted += 1
            for successor in successors[name] ?? [] {
                waiting[successor]?.remove(name)
                if waiting[successor]?.isEmpty == true { free.append(successor) }
            }
        }
        return sorted == tasks.count ? nil : "graph with cycle"
    }

    private static func dependencies(of task: JSONValue) -> Set<String> {
        if let depends = task["depends"]?.stringValue, !depends.isEmpty {
            return Set(DependsExpression(depends)?.tasks ?? [])
        }
        return Set((task["dependencies"]?.elements ?? []).compactMap(\.stringValue))
    }
}
