import KubeClient

extension RunReference {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var reference = RunReference(apiVersion: "", kind: "", name: "", uid: "")
        try cursor.object("status.runRef") { (key, cursor) throws(JSONError) in
            switch key {
            case "apiVersion": reference.apiVersion = try cursor.string("status.runRef.apiVersion") ?? ""
            case "kind": reference.kind = try cursor.string("status.runRef.kind") ?? ""
            case "name": reference.name = try cursor.string("status.runRef.name") ?? ""
            case "uid": reference.uid = try cursor.string("status.runRef.uid") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = reference
    }
}

extension Failure {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var failure = Failure()
        try cursor.object("status.failure") { (key, cursor) throws(JSONError) in
            switch key {
            case "task": failure.task = try cursor.string("status.failure.task")
            case "step": failure.step = try cursor.string("status.failure.step")
            case "exitCode": failure.exitCode = try cursor.integer("status.failure.exitCode")
            case "reason": failure.reason = try cursor.string("status.failure.reason")
            case "message": failure.message = try cursor.string("status.failure.message")
            default: try cursor.skipValue()
            }
        }
        self = failure
    }
}

extension Output {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Output] {
        var outputs: [Output] = []
        try cursor.list("status.outputs") { (cursor) throws(JSONError) in
            var output = Output(name: "", value: "")
            try cursor.object("status.outputs[]") { (key, cursor) throws(JSONError) in
                switch key {
                case "name": output.name = try cursor.string("status.outputs[].name") ?? ""
                case "value": output.value = try cursor.string("status.outputs[].value") ?? ""
                default: try cursor.skipValue()
                }
            }
            outputs.append(output)
        }
        return outputs
    }
}

extension Link {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Link] {
        var links: [Link] = []
        try cursor.list("status.links") { (cursor) throws(JSONError) in
            var link = Link(name: "", url: "")
            try cursor.object("status.links[]") { (key, cursor) throws(JSONError) in
                switch key {
                case "name": link.name = try cursor.string("status.links[].name") ?? ""
                case "url": link.url = try cursor.string("status.links[].url") ?? ""
                default: try cursor.skipValue()
                }
            }
            links.append(link)
        }
        return links
    }
}

extension Condition {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Condition] {
        var conditions: [Condition] = []
        try cursor.list("status.conditions") { (cursor) throws(JSONError) in
            conditions.append(try Condition(reading: &cursor))
        }
        return conditions
    }

    private init(reading cursor: inout JSONCursor) throws(JSONError) {
        var condition = Condition(
            type: "", status: .unknown, observedGeneration: 0, lastTransitionTime: .earliest, reason: "",
            message: "")
        try cursor.object("status.conditions[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "type":
                let text = try cursor.string("status.conditions[].type") ?? ""
                condition.type = ConditionType(rawValue: text)?.rawValue ?? text
            case "status":
                let text = try cursor.string("status.conditions[].status") ?? ""
                condition.status = ConditionStatus(rawValue: text) ?? .unknown
            case "observedGeneration":
                condition.observedGeneration = try cursor.integer("status.conditions[].observedGeneration") ?? 0
            case "lastTransitionTime":
                let time = try cursor.timestamp("status.conditions[].lastTransitionTime")
                condition.lastTransitionTime = time ?? .earliest
            case "reason":
                // A literal of the vocabulary costs no memory of its own.
                let text = try cursor.string("status.conditions[].reason") ?? ""
                condition.reason =
                    Reason(rawValue: text)?.rawValue ?? RetentionReason(rawValue: text)?.rawValue ?? text
            case "message": condition.message = try cursor.string("status.conditions[].message") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = condition
    }
}
