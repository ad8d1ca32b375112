import KubeClient
import TestSupport

/// What the schema in `crds/` says about a status: the API server refuses for good what does not fit it.
struct StatusSchema: Sendable {
    private let schema: JSONValue

    init() throws {
        let path = "crds/towline.dev_workflowexecutions.yaml"
        let definition = try Repository.documents(path).first
        let version = definition?["spec"]?["versions"]?[0]
        guard let schema = version?["schema"]?["openAPIV3Schema"]?["properties"]?["status"] else {
            throw Violation(description: "\(path) has no schema of a status")
        }
        self.schema = schema
    }

    /// What a status breaks; lengths are counted in bytes, which are never fewer than the characters that are meant.
    func problems(of status: JSONValue) -> [String] { problems(status, schema, "status") }

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
        if schema["format"] == "date-time", ServerTime(rfc3339: text) == nil { return ["\(path) is no time"] }
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
