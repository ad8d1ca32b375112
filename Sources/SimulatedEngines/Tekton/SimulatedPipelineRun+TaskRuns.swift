import APIServer
import KubeClient

/// The claims and TaskRuns of a run.
extension SimulatedPipelineRun {
    /// The writes that create the claims of workspaces with a template.
    var claimCreations: [RunAction<PipelineReference>] {
        TektonWorkspaces.claims(for: workspaces, owner: owner, runUID: uid).map { claim in
            .write(.create(TektonWorkspaces.claims, namespace: key.namespace, claim))
        }
    }

    /// The run's workspaces with the run's parameters and the results of its tasks substituted.
    var workspaces: [JSONValue] {
        (specification["workspaces"]?.elements ?? []).map { workspace in
            guard workspace.present("volumeClaimTemplate") == nil else { return workspace }
            return workspaceValues.applied(to: workspace)
        }
    }

    private var workspaceValues: TektonReplacements {
        var values = TektonReplacements()
        for parameter in specification["params"]?.elements ?? [] {
            values.set(parameter: parameter["name"]?.stringValue ?? "", to: TektonValue(parameter["value"]))
        }
        for (index, task) in (plan?.tasks ?? []).enumerated() {
            for (name, value) in taskRuns[index].results(isMatrix: task.isMatrix) {
                let variable = "tasks.\(task.name).results.\(name)"
                switch TektonValue(value) {
                case .string(let text): values.set(variable, to: text)
                case .object(let members): for (key, text) in members { values.set("\(variable).\(key)", to: text) }
                case .array: continue
                }
            }
        }
        return values
    }

    /// The bindings of a pipeline task's workspaces; throws the problem that fails the run.
    private func bindings(of json: JSONObject, taskSpec: JSONObject) throws(PipelineProblem) -> [JSONValue] {
        var wanted = json["workspaces"]?.elements ?? []
        if json["taskSpec"] != nil {
            let names = wanted.compactMap { $0["name"]?.stringValue }
            wanted += TektonWorkspaces.used(in: taskSpec).filter { !names.contains($0) }.map { ["name": .string($0)] }
        }
        var bindings: [JSONValue] = []
        let available = workspaces
        for workspace in wanted {
            let name = workspace["name"]?.stringValue ?? ""
            let source = workspace["workspace"]?.stringValue ?? ""
            let sourceName = source.isEmpty ? name : source
            if let found = available.first(where: { $0["name"]?.stringValue == sourceName }) {
                let subPath = workspace["subPath"]?.stringValue ?? ""
                let binding = TektonWorkspaces.binding(name: name, subPath: subPath, of: found, runUID: uid)
                bindings.append(contextReplacements.applied(to: binding))
                continue
            }
            let declaration = taskSpec["workspaces"]?.elements.first { $0["name"]?.stringValue == name }
            guard declaration?["optional"] == true else {
                throw .cannotCreateTaskRun(
                    "expected workspace \"\(sourceName)\" to be provided by pipelinerun for pipeline task "
                        + "\"\(json["name"]?.stringValue ?? "")\"")
            }
        }
        return bindings
    }

    /// The state machines of a task's TaskRuns, and the objects to create: one for each combination of a matrix.
    func makeTaskRuns(
        _ index: Int, plan: PipelinePlan
    ) throws(PipelineProblem) -> [(taskRun: SimulatedTaskRun, object: JSONValue)] {
        let task = plan.tasks[index]
        let json = resolvedTask(index, plan: plan)
        guard let matrix = TektonMatrix(json["matrix"]) else {
            let name = ChildName.make(key.name, "-\(task.name)")
            return [try makeTaskRun(name, task, json, names: [task.name], plan)]
        }
        for other in plan.tasks.indices where plan.tasks[other].isMatrix {
            let matrix = resolvedTask(other, plan: plan)["matrix"] ?? [:]
            if let why = TektonMatrix.wrongType(in: matrix, task: plan.tasks[other].name) { throw .invalidMatrix(why) }
        }
        // A cluster would try; the sandbox does not start what far exceeds the limit.
        if let lateProblem, matrix.count > 16 * TektonMatrix.maximumCombinations { throw lateProblem }
        let combinations = matrix.combinations
        var created: [(SimulatedTaskRun, JSONValue)] = []
        for (number, name) in TektonMatrix.names(run: key.name, task: task.name, count: matrix.count).enumerated() {
            var json = json
            let own = combinations.indices.contains(number) ? combinations[number] : []
            json["params"] = .array(own + (json["params"]?.elements ?? []))
            created.append(try makeTaskRun(name, task, json, names: ["\(task.name)-\(number)", task.name], plan))
        }
        return created
    }

    /// One TaskRun; `names` are the names by which annotations refer to it.
    private func makeTaskRun(
        _ name: String, _ task: PipelinePlan.Task, _ json: JSONObject, names: [String], _ plan: PipelinePlan
    ) throws(PipelineProblem) -> (SimulatedTaskRun, JSONValue) {
        let settings = TaskSettings(task: task.name, specification: specification)
        var taskSpec = json["taskSpec"]?.objectValue ?? plan.referencedTasks[task.name] ?? [:]
        let metadata = taskSpec["metadata"]
        taskSpec["metadata"] = nil
        taskSpec["spec"] = nil
        let bindings = try bindings(of: json, taskSpec: taskSpec)
        var specification: JSONObject = ["serviceAccountName": .string(settings.serviceAccountName)]
        specification["params"] = json["params"]
        if let reference = json["taskRef"] {
            specification["taskRef"] = reference
        } else {
            specification["taskSpec"] = .object(taskSpec)
        }
        if task.retries > 0 { specification["retries"] = .integer(Int64(task.retries)) }
        let timeout = settings.timeout ?? task.timeout ?? inheritedTimeout(isFinally: task.isFinally)
        specification["timeout"] = timeout.map { .string($0.goText) }
        specification["podTemplate"] = settings.podTemplate
        specification["computeResources"] = settings.computeResources
        if !bindings.isEmpty { specification["workspaces"] = .array(bindings) }
        let labels = labels(of: task, settings, metadata?["labels"]?.objectValue)
        let annotations = annotations(of: task, settings, metadata?["annotations"]?.objectValue)
        let isMissing = missingServiceAccounts.contains(settings.serviceAccountName)
        let workspaces = TaskWorkspaces(bindings: bindings, taskSpec: taskSpec, isEmbedded: json["taskRef"] == nil)
        let taskRun = SimulatedTaskRun(
            SimulatedTaskRun.Template(
                namespace: key.namespace, name: name, names: names, labels: labels, annotations: annotations,
                taskSpec: workspaces.applied(to: Self.substitute(taskSpec, params: json["params"])),
                specification: specification, behavior: plan.behavior, retries: task.retries,
                timeout: timeout ?? Tekton.defaultTimeout, continuesOnError: task.continuesOnError,
                missingServiceAccount: isMissing ? settings.serviceAccountName : nil, problem: workspaces.problem))
        var object: JSONObject = [
            "name": .string(name), "namespace": .string(key.namespace), "labels": .object(labels),
            "ownerReferences": [owner],
        ]
        if !annotations.isEmpty { object["annotations"] = .object(annotations) }
        return (
            taskRun,
            [
                "apiVersion": .string(Tekton.apiVersion), "kind": "TaskRun", "metadata": .object(object),
                "spec": .object(specification),
            ]
        )
    }

    /// The reference of child objects to this run.
    var owner: JSONValue {
        [
            "apiVersion": .string(Tekton.apiVersion), "kind": "PipelineRun", "name": .string(key.name),
            "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// Labels of the task's settings first, then the run's and Tekton's, then the embedded Task's.
    private func labels(of task: PipelinePlan.Task, _ settings: TaskSettings, _ embedded: JSONObject?) -> JSONObject {
        var own = labels
        own["tekton.dev/memberOf"] = task.isFinally ? "finally" : "tasks"
        own["tekton.dev/pipelineRun"] = .string(key.name)
        own["tekton.dev/pipelineRunUID"] = .string(uid)
        own["tekton.dev/pipelineTask"] = .string(task.name)
        return settings.labels.adding(own).adding(embedded ?? JSONObject())
    }

    /// Like the labels, without the annotations of Tekton Chains; the TaskRun passes them on to its pod.
    private func annotations(of task: PipelinePlan.Task, _ settings: TaskSettings, _ embedded: JSONObject?)
        -> JSONObject
    {
        let own = annotations.members.filter { !$0.key.hasPrefix("chains.tekton.dev/") }
        var result = settings.annotations.adding(JSONObject(uniqueMembers: own)).adding(embedded ?? JSONObject())
        if task.continuesOnError { result["pipeline.tekton.dev/pipeline-task-on-error"] = "continue" }
        return result
    }

    /// The run's timeout for a task without its own timeout; nil if Tekton's default applies anyway.
    private func inheritedTimeout(isFinally: Bool) -> Duration? {
        guard let limit = isFinally ? finallyTimeout : tasksTimeout else { return nil }
        return limit == .zero || limit > Tekton.defaultTimeout ? limit : nil
    }

    /// Substitutes the parameters of a task in its specification.
    private static func substitute(_ taskSpec: JSONObject, params: JSONValue?) -> JSONObject {
        var replacements = TektonReplacements()
        for declaration in taskSpec["params"]?.elements ?? [] {
            guard let value = declaration["default"] else { continue }
            replacements.set(
                parameter: declaration["name"]?.stringValue ?? "", to: TektonValue(value), isDefault: true)
        }
        for parameter in params?.elements ?? [] {
            replacements.set(parameter: parameter["name"]?.stringValue ?? "", to: TektonValue(parameter["value"]))
        }
        return replacements.applied(toTask: taskSpec)
    }
}

extension JSONObject {
    /// This object with the members of another one that it lacks.
    func adding(_ other: JSONObject) -> JSONObject {
        var result = self
        for member in other where result[member.key] == nil { result[member.key] = member.value }
        return result
    }
}
