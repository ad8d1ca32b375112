import KubeClient

/// The TaskRuns that a run creates.
extension SimulatedPipelineRun {
    /// The state machine of a task's TaskRun, and the object to be created.
    func makeTaskRun(_ index: Int, plan: PipelinePlan) -> (SimulatedTaskRun, JSONValue) {
        let task = plan.tasks[index]
        let json = resolvedTask(index, plan: plan)
        let name = ChildName.make(key.name, "-\(task.name)")
        var taskSpec = json["taskSpec"]?.objectValue ?? plan.referencedTasks[task.name] ?? [:]
        taskSpec["metadata"] = nil
        taskSpec["spec"] = nil
        var specification: JSONObject = ["serviceAccountName": .string(serviceAccountName)]
        specification["params"] = json["params"]
        if let reference = json["taskRef"] {
            specification["taskRef"] = reference
        } else {
            specification["taskSpec"] = .object(taskSpec)
        }
        if task.retries > 0 { specification["retries"] = .integer(Int64(task.retries)) }
        specification["timeout"] = json["timeout"]
        specification["podTemplate"] = self.specification["taskRunTemplate"]?["podTemplate"]
        let taskRun = SimulatedTaskRun(
            SimulatedTaskRun.Template(
                namespace: key.namespace, name: name, pipelineTask: task.name,
                labels: labels(of: task), annotations: annotations(of: task),
                taskSpec: Self.fillIn(taskSpec, params: json["params"]),
                behaviour: plan.behaviour, retries: task.retries, timeout: task.timeout,
                continuesOnError: task.continuesOnError, missingServiceAccount: missingServiceAccount))
        var metadata: JSONObject = [
            "name": .string(name), "namespace": .string(key.namespace), "labels": .object(labels(of: task)),
            "ownerReferences": [owner],
        ]
        let annotations = annotations(of: task)
        if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
        let object: JSONValue = [
            "apiVersion": .string(Tekton.apiVersion), "kind": "TaskRun", "metadata": .object(metadata),
            "spec": .object(specification),
        ]
        return (taskRun, object)
    }

    private var serviceAccountName: String {
        specification["taskRunTemplate"]?["serviceAccountName"]?.stringValue ?? "default"
    }

    private var owner: JSONValue {
        [
            "apiVersion": .string(Tekton.apiVersion), "kind": "PipelineRun", "name": .string(key.name),
            "uid": .string(uid), "controller": true, "blockOwnerDeletion": true,
        ]
    }

    private func labels(of task: PipelinePlan.Task) -> JSONObject {
        var labels = self.labels
        labels["tekton.dev/memberOf"] = task.isFinally ? "finally" : "tasks"
        labels["tekton.dev/pipelineRun"] = .string(key.name)
        labels["tekton.dev/pipelineRunUID"] = .string(uid)
        labels["tekton.dev/pipelineTask"] = .string(task.name)
        return labels
    }

    /// The run's own, but for those of Tekton Chains, are handed down; the pod gets them from the TaskRun.
    private func annotations(of task: PipelinePlan.Task) -> JSONObject {
        let own = annotations.members.filter { !$0.key.hasPrefix("chains.tekton.dev/") }
        var annotations = JSONObject(uniqueMembers: own)
        if task.continuesOnError { annotations["pipeline.tekton.dev/pipeline-task-on-error"] = "continue" }
        return annotations
    }

    /// Puts the parameters of a task into its specification.
    private static func fillIn(_ taskSpec: JSONObject, params: JSONValue?) -> JSONObject {
        var values: [String: JSONValue] = [:]
        for declaration in taskSpec["params"]?.elements ?? [] {
            values[declaration["name"]?.stringValue ?? ""] = declaration["default"]
        }
        for parameter in params?.elements ?? [] {
            values[parameter["name"]?.stringValue ?? ""] = parameter["value"]
        }
        guard !values.isEmpty else { return taskSpec }
        var result = taskSpec
        for part in ["steps", "sidecars", "volumes", "stepTemplate"] {
            result[part] = taskSpec[part].map { tree in
                Placeholders.tekton.replace(in: tree) { name in
                    guard case .parameter(let name, let part) = TektonVariable(name) else { return nil }
                    return values[name].flatMap { part.of($0) }
                }
            }
        }
        return result
    }
}
