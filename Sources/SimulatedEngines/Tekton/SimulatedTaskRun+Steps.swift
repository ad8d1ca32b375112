import KubeClient

/// The steps of a TaskRun's status, and its results.
extension SimulatedTaskRun {
    /// Nothing is pulled, so no image has a digest.
    static let imageID = "sha256:" + String(repeating: "0", count: 64)

    private var steps: [JSONValue] { template.taskSpec["steps"]?.elements ?? [] }

    /// The names of the steps; those without one are counted.
    var stepNames: [String] {
        steps.enumerated().map { index, step in
            let name = step["name"]?.stringValue ?? ""
            return name.isEmpty ? "unnamed-\(index)" : name
        }
    }

    var containers: [SimulatedPod.Container] {
        zip(stepNames, steps).map { SimulatedPod.Container(name: "step-\($0)", template: $1) }
    }

    /// What the status has from the start of an attempt on; a later attempt keeps the steps of the one before.
    mutating func beginStatus(podName: String, at now: Timestamp) {
        status["podName"] = .string(podName)
        status["startTime"] = .string(now.rfc3339)
        status["taskSpec"] = .object(template.taskSpec)
        status["provenance"] = ["featureFlags": Tekton.featureFlags]
        if status["steps"] == nil {
            status["steps"] = .array(stepNames.map { ["name": .string($0), "provenance": [:]] })
        }
    }

    /// Gives every step its container and the state that `change` sets.
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

    /// Shows all steps as ended; a step that ran before keeps the time of its start.
    ///
    /// `message` goes to the last step, `text` makes the message of every step of its name.
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

    /// The declared results with the values that annotations give them, or a made-up one.
    func makeResults() -> [JSONValue] {
        (template.taskSpec["results"]?.elements ?? []).map { declaration in
            let name = declaration["name"]?.stringValue ?? ""
            let type = declaration["type"]?.stringValue ?? "string"
            let text = template.behavior.result(name, of: [template.pipelineTask])
            var value = JSONValue.string(text ?? "simulated")
            if type != "string" {
                let parsed = text.flatMap { try? JSONValue(parsing: $0) }
                value = parsed ?? (type == "array" ? ["simulated"] : ["simulated": "simulated"])
            }
            return ["name": .string(name), "type": .string(type), "value": value]
        }
    }

    /// The results as the container hands them to the kubelet; nil when there are none.
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
