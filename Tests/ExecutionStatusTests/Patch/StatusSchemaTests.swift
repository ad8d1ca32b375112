import ExecutionStatus
import Foundation
import KubeClient
import Testing
import WorkflowAPI

/// What the module writes must be what the schema in `crds/` takes, or the API server refuses the status for good.
@Suite struct StatusSchemaTests {
    private let schema: JSONValue

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../crds/towline.dev_workflowexecutions.yaml").standardizedFileURL
        let definition = try YAML.documents(Array(try Data(contentsOf: file)), source: file.lastPathComponent)[0]
        let version = try #require(definition["spec"]?["versions"]?[0])
        schema = try #require(version["schema"]?["openAPIV3Schema"]?["properties"]?["status"])
    }

    @Test func everyStatusFitsTheSchema() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<100 {
            var status = Status()
            var now = Timestamp(seconds: 1_767_225_600)
            for step in 0..<10 {
                now = generator.time(after: now)
                status = status.after(generator.event(), generation: 1, now: now) ?? status
                // From an empty status the patch holds every field there is.
                let whole = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: nil)
                let written = try #require(JSONValue(parsing: StatusPatch(of: whole, to: status).body)["status"])
                let problems = problems(written, schema, "status")
                #expect(problems == [], "seed \(seed), sequence \(sequence), step \(step)")
            }
        }
    }

    private func problems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        if value.isNull { return [] }
        switch schema["type"]?.stringValue {
        case "string": return textProblems(value, schema, path)
        case "integer": return value.integerValue == nil ? ["\(path) is no integer"] : []
        case "boolean": return value.boolValue == nil ? ["\(path) is no boolean"] : []
        case "array": return listProblems(value, schema, path)
        default: return objectProblems(value, schema, path)
        }
    }

    private func textProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let text = value.stringValue else { return ["\(path) is no string"] }
        if let words = schema["enum"]?.arrayValue, !words.contains(value) { return ["\(path) is \(text)"] }
        if let limit = schema["maxLength"]?.integerValue, text.utf8.count > limit { return ["\(path) is too long"] }
        if let least = schema["minLength"]?.integerValue, text.utf8.count < least { return ["\(path) is too short"] }
        if let pattern = schema["pattern"]?.stringValue, (try? Regex(pattern).firstMatch(in: text)) == nil {
            return ["\(path) does not match: \(text)"]
        }
        if schema["format"] == "date-time", Timestamp(rfc3339: text) == nil { return ["\(path) is no time"] }
        return []
    }

    private func listProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let elements = value.arrayValue, let items = schema["items"] else { return ["\(path) is no list"] }
        var found = elements.flatMap { problems($0, items, path + "[]") }
        if let limit = schema["maxItems"]?.integerValue, elements.count > limit { found.append("\(path) is too long") }
        if let key = schema["x-kubernetes-list-map-keys"]?[0]?.stringValue {
            let names = elements.map { $0[key]?.stringValue ?? "" }
            if Set(names).count != names.count { found.append("\(path) repeats a \(key)") }
        }
        return found
    }

    private func objectProblems(_ value: JSONValue, _ schema: JSONValue, _ path: String) -> [String] {
        guard let members = value.objectValue else { return ["\(path) is no object"] }
        var found: [String] = []
        for name in schema["required"]?.arrayValue?.compactMap(\.stringValue) ?? [] where members[name] == nil {
            found.append("\(path).\(name) is missing")
        }
        for member in members {
            guard let field = schema["properties"]?[member.key] else {
                found.append("\(path).\(member.key) is unknown")
                continue
            }
            found += problems(member.value, field, "\(path).\(member.key)")
        }
        return found
    }
}
