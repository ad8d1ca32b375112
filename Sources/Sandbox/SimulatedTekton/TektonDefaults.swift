import KubeClient

/// What Tekton fills in when it reads a Pipeline or Task, as it then shows in statuses.
enum TektonDefaults {
    static func pipelineSpec(_ spec: JSONObject) -> JSONObject {
        var result = spec
        result["params"] = spec["params"].map(parameters)
        for key in ["tasks", "finally"] {
            result[key] = spec[key].map { list in .array(list.elements.map(pipelineTask)) }
        }
        result["results"] = spec["results"].map { list in
            .array(list.elements.map { setting(["description": ""], in: $0) })
        }
        return result
    }

    private static func pipelineTask(_ task: JSONValue) -> JSONValue {
        var result = task
        if let embedded = task["taskSpec"]?.objectValue {
            var spec = taskSpec(embedded)
            if spec["metadata"] == nil { spec["metadata"] = [:] }
            if spec["spec"] == nil { spec["spec"] = .null }
            result["taskSpec"] = .object(spec)
        }
        if let reference = task["taskRef"] { result["taskRef"] = setting(["kind": "Task"], in: reference) }
        return result
    }

    static func taskSpec(_ spec: JSONObject) -> JSONObject {
        var result = spec
        result["params"] = spec["params"].map(parameters)
        result["steps"] = spec["steps"].map { list in
            .array(list.elements.map { setting(["computeResources": [:]], in: $0) })
        }
        result["results"] = spec["results"].map { list in
            .array(list.elements.map { setting(["type": "string"], in: $0) })
        }
        return result
    }

    private static func parameters(_ list: JSONValue) -> JSONValue {
        .array(
            list.elements.map { parameter in
                let type: JSONValue =
                    switch parameter["default"] {
                    case .array: "array"
                    case .object: "object"
                    default: "string"
                    }
                return setting(["type": type], in: parameter)
            })
    }

    /// Adds the members that are absent.
    private static func setting(_ defaults: JSONObject, in value: JSONValue) -> JSONValue {
        guard var object = value.objectValue else { return value }
        for member in defaults where object[member.key] == nil { object[member.key] = member.value }
        return .object(object)
    }
}
