import KubeClient

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
