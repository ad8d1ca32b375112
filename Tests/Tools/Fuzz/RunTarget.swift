import Engines
import KubeClient
import Status
import TestSupport
import TowlineAPI

extension FuzzTarget {
    /// The runs and children of an engine, and the status that results from them.
    static func runs(of name: EngineName) throws -> FuzzTarget {
        let engine = EngineRegistry.engine(name)
        let recordings = try Recording.all(of: name.rawValue)
        let lists = Damage(corpus: recordings.map(\.taskRunList))
        let schema = try StatusSchema(of: "workflowexecutions")
        return FuzzTarget(name: name.rawValue, corpus: recordings.flatMap(\.encodedRun)) { text, random in
            var cursor = JSONCursor(text)
            guard let run = try? engine.decodeRun(&cursor) else { return false }
            try check(run.state)
            let again = try? engine.decodeRun(&cursor)
            try require(again == nil || cursor.offset <= text.count, "read beyond the end")
            for shutdown in [Shutdown.stop, .terminate] {
                try require(
                    engine.shutdownPatch(shutdown, for: run) == nil || !run.state.isFinished, "stops a finished run")
            }
            var state = run.state
            if !engine.childListings(for: run).isEmpty || random.below(4) == 0,
                let children = try? children(lists.text(isJSON: true, &random), of: engine)
            {
                state = engine.state(of: run, children: children)
                try check(state)
                try require(state.isFinished == run.state.isFinished, "children changed whether the run ended")
                try require(
                    run.state.executed == nil || state.executed == run.state.executed,
                    "children changed whether a step started")
            }
            try require(
                state.isFinished || state.executed != false, "an unfinished run is known to have executed nothing")
            if random.below(8) == 0 { try checkStatus(of: state, engine, schema) }
            return true
        }
    }

    private static func children(_ list: [UInt8], of engine: any Engine) throws(JSONError) -> [EngineChild] {
        var children: [EngineChild] = []
        var cursor = JSONCursor(list)
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            guard key == "items", try cursor.kind() == .array else {
                try cursor.skipValue()
                return
            }
            try cursor.forEachElement { (cursor) throws(JSONError) in
                children.append(try engine.decodeChild(&cursor))
            }
        }
        return children
    }

    private static func check(_ state: RunState) throws(Violation) {
        try require(!state.message.isEmpty && state.message.utf8.count <= 1024, "message of \(state.message.count)")
        try require(state.engineReason.utf8.count <= 128, "engineReason of \(state.engineReason.utf8.count)")
        if let progress = state.progress {
            try require(progress.done >= 0 && progress.done <= progress.total, "progress \(progress)")
        }
        try require(state.outputs.count <= 64, "\(state.outputs.count) outputs")
        let size = state.outputs.reduce(0) { $0 + $1.value.utf8.count }
        try require(size <= 33 << 10, "outputs of \(size) bytes")
        guard let failure = state.failure else { return }
        try require(failure.message.map { $0.utf8.count <= 1024 } ?? true, "failure.message is too long")
        try require(failure.reason.flatMap(Reason.init) != nil, "failure.reason \(failure.reason ?? "-")")
        try require(state.outcome != .success, "a success with a failure")
    }

    private static func checkStatus(of state: RunState, _ engine: any Engine, _ schema: StatusSchema) throws {
        let observation = Observation(
            reason: state.reason, message: state.message, engine: engine.name, engineReason: state.engineReason,
            progress: state.progress?.description, executed: state.executed, failure: state.failure,
            outputs: state.outputs)
        let now = ServerTime(seconds: 1_767_225_600)
        guard let status = ExecutionStatus().after(.observed(observation), generation: 1, now: now) else { return }
        let whole = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: nil)
        let patch = try JSONValue(parsing: StatusPatch(of: whole, to: status).body)
        let problems = schema.problems(of: patch["status"] ?? .null)
        try require(problems.isEmpty, problems.joined(separator: "; "))
    }
}

/// The schema of the status in `crds/`; the API server rejects any status that violates it.
struct StatusSchema: Sendable {
    private let schema: JSONValue

    /// - Parameter plural: the kind, as in the name of the file in `crds/`.
    init(of plural: String) throws {
        let path = "crds/towline.dev_\(plural).yaml"
        let definition = try Repository.documents(path).first
        let version = definition?["spec"]?["versions"]?[0]
        guard let schema = version?["schema"]?["openAPIV3Schema"]?["properties"]?["status"] else {
            throw Violation(description: "\(path) has no schema of a status")
        }
        self.schema = schema
    }

    /// The violations of a status. Lengths are counted in bytes, which is stricter than the schema's characters.
    func problems(of status: JSONValue) -> [String] { problems(status, schema, "status") }

    private func problems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        if value.isNull { return [] }
        switch schema["type"]?.stringValue {
        case "string": return textProblems(value, schema, path)
        case "integer": return value.integerValue == nil ? ["\(path) is not an integer"] : []
        case "boolean": return value.boolValue == nil ? ["\(path) is not a boolean"] : []
        case "array": return listProblems(value, schema, path)
        default: return objectProblems(value, schema, path)
        }
    }

    private func textProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let text = value.stringValue else { return ["\(path) is not a string"] }
        if let words = schema["enum"]?.arrayValue, !words.contains(value) { return ["\(path) is \(text)"] }
        if let limit = schema["maxLength"]?.integerValue, text.utf8.count > limit { return ["\(path) is too long"] }
        if let least = schema["minLength"]?.integerValue, text.utf8.count < least { return ["\(path) is too short"] }
        if let pattern = schema["pattern"]?.stringValue, (try? Regex(pattern).firstMatch(in: text)) == nil {
            return ["\(path) does not match: \(text)"]
        }
        if schema["format"] == "date-time", ServerTime(rfc3339: text) == nil { return ["\(path) is not a time"] }
        return []
    }

    private func listProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let elements = value.arrayValue, let items = schema["items"] else { return ["\(path) is not a list"] }
        var found = elements.flatMap { problems($0, items, path + "[]") }
        if let limit = schema["maxItems"]?.integerValue, elements.count > limit { found.append("\(path) is too long") }
        if let key = schema["x-kubernetes-list-map-keys"]?[0]?.stringValue {
            let names = elements.map { $0[key]?.stringValue ?? "" }
            if Set(names).count != names.count { found.append("\(path) repeats a \(key)") }
        }
        return found
    }

    private func objectProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let members = value.objectValue else { return ["\(path) is not an object"] }
        var found: [String] = []
        for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where members[name] == nil {
            found.append("\(path).\(name) is missing")
        }
        if let limit = schema["maxProperties"]?.integerValue, members.count > limit {
            found.append("\(path) is too long")
        }
        for member in members {
            guard let field = schema["properties"]?[member.key] ?? schema["additionalProperties"] else {
                found.append("\(path).\(member.key) is unknown")
                continue
            }
            found += problems(member.value, field, "\(path).\(member.key)")
        }
        return found
    }
}
