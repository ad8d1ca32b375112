import KubeClient

/// Steps and results in a TaskRun's status.
extension SimulatedTaskRun {
    /// A placeholder digest, since no image is pulled.
    static let imageID = "sha256:" + String(repeating: "0", count: 64)

    private var steps: [JSONValue] { template.taskSpec["steps"]?.elements ?? [] }

    /// The names of the steps; a step without a name gets its index.
    var stepNames: [String] {
        steps.enumerated().map { index, step in
            let name = step["name"]?.stringValue ?? ""
            return name.isEmpty ? "unnamed-\(index)" : name
        }
    }

    var containers: [SimulatedPod.Container] {
        let environment = template.specification["podTemplate"]?["env"]?.elements ?? []
        let mounts = template.taskSpec["stepTemplate"]?["volumeMounts"]?.elements ?? []
        let resources = template.specification["computeResources"].map {
            TaskResources.perStep($0, steps: steps.count)
        }
        return zip(stepNames, steps).map { name, step in
            var step = step
            step["resources"] = resources ?? step["computeResources"]
            for (key, added) in [("env", environment), ("volumeMounts", mounts)] where !added.isEmpty {
                step[key] = .array((step[key]?.elements ?? []) + added)
            }
            return SimulatedPod.Container(name: "step-\(name)", template: step)
        }
    }

    /// The pod's specification besides its containers: the account, the volumes, and the fields of the pod template.
    var podSpecification: JSONObject {
        var template = template.specification["podTemplate"]?.objectValue ?? JSONObject()
        let volumes = (self.template.taskSpec["volumes"]?.elements ?? []) + (template["volumes"]?.elements ?? [])
        template["env"] = nil
        template["volumes"] = volumes.isEmpty ? nil : .array(volumes)
        template["serviceAccountName"] = self.template.specification["serviceAccountName"]
        return template
    }

    /// Initializes the status of an attempt; a retry keeps the steps of the previous attempt.
    mutating func beginStatus(podName: String, at now: Timestamp) {
        status["podName"] = .string(podName)
        status["startTime"] = .string(now.rfc3339)
        status["taskSpec"] = .object(template.taskSpec)
        status["provenance"] = ["featureFlags": Tekton.featureFlags]
        if status["steps"] == nil {
            status["steps"] = .array(stepNames.map { ["name": .string($0), "provenance": [:]] })
        }
    }

    /// Sets the container and the state of every step; `change` adds the state.
    mutating func setSteps(_ change: (inout JSONObject) -> Void) {
        status["steps"] = .array(
            stepNames.map { name in
                var step: JSONObject = [
                    "name": .string(name), "container": .string("step-\(name)"), "imageID": .string(Self.imageID),
                    "provenance": [:],
                ]
                change(&step)
                return .object(step)
            })
    }

    /// Marks all steps as terminated; a step that was running keeps its start time.
    ///
    /// - Parameters:
    ///   - message: The message of the last step.
    ///   - text: Makes the message of each step from its name; set when the task was aborted.
    mutating func terminateSteps(
        codes: [Int], reason: String, message: String?, at now: Timestamp, text: ((String) -> String)? = nil
    ) {
        let names = stepNames
        let old = status["steps"]?.elements ?? []
        let wasAborted = text != nil
        status["steps"] = .array(
            names.indices.map { index in
                let code = codes.indices.contains(index) ? codes[index] : 1
                let wasSkipped = !wasAborted && code != 0 && index > 0
                let ended = JSONValue.string(now.rfc3339)
                var began = wasAborted ? status["startTime"] ?? ended : ended
                if old.indices.contains(index), let seen = old[index][path: ["running", "startedAt"]] { began = seen }
                var terminated: JSONObject = [
                    "exitCode": .integer(Int64(code)), "reason": .string(wasSkipped ? "Error" : reason),
                    "startedAt": began, "finishedAt": ended,
                ]
                if let text { terminated["message"] = .string(text(names[index])) }
                if let message, index == names.count - 1 { terminated["message"] = .string(message) }
                return [
                    "name": .string(names[index]), "container": .string("step-\(names[index])"),
                    "imageID": .string(Self.imageID), "provenance": [:], "terminated": .object(terminated),
                    "terminationReason": .string(wasSkipped ? "Skipped" : reason),
                ]
            })
    }

    /// The declared results, with values from annotations or a placeholder.
    func makeResults() -> [JSONValue] {
        (template.taskSpec["results"]?.elements ?? []).map { declaration in
            let name = declaration["name"]?.stringValue ?? ""
            let type = declaration["type"]?.stringValue ?? "string"
            let text = template.behavior.result(name, of: template.names)
            var value = JSONValue.string(text ?? "simulated")
            if type != "string" {
                let parsed = text.flatMap { try? JSONValue(parsing: $0) }
                value = parsed ?? (type == "array" ? ["simulated"] : ["simulated": "simulated"])
            }
            return ["name": .string(name), "type": .string(type), "value": value]
        }
    }

    /// The results in the form of a container's termination message; nil if none.
    static func terminationMessage(_ results: [JSONValue]) -> String? {
        if results.isEmpty { return nil }
        let entries = results.map { result in
            let value = result["value"]?.stringValue ?? result["value"]?.encodedString ?? ""
            let entry: JSONObject = ["key": result["name"] ?? "", "value": .string(value), "type": 1]
            return JSONValue.object(entry).encodedString
        }
        return "[\(entries.joined(separator: ","))]"
    }
}
