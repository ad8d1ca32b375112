import KubeClient
import TowlineAPI

@testable import Engines

/// Where each field of a spec ends up in a run, found by building runs: a field is set to a value that occurs nowhere
/// else, and that value is searched for in the run.
struct FieldTable {
    struct Row {
        /// The path of the field below `spec`, such as `workspaces[].claimName`.
        let field: String
        /// The paths of the value in the run, for each engine; nil if the engine cannot honor the field.
        let targets: [EngineName: [String]?]
        /// The descriptions of the field and of the fields around it.
        let descriptions: [String]
    }

    let rows: [Row]

    /// - Parameter spec: the schema of `spec`.
    init(schema spec: JSONValue) throws {
        rows = try Self.leaves(of: spec, at: []).map { try Self.row(for: $0) }
    }

    // MARK: Fields

    /// One step from a schema to a part of it.
    private enum Step: Hashable {
        /// A member, with the required members beside it.
        case member(String, required: [String])
        case element
        case entry
    }

    private struct Leaf {
        let steps: [Step]
        let schema: JSONValue
        let descriptions: [String]

        var name: String {
            steps.reduce(into: "") { name, step in
                switch step {
                case .member(let key, _): name += name.isEmpty ? key : ".\(key)"
                case .element: name += "[]"
                case .entry: name += ".NAME"
                }
            }
        }
    }

    private static func leaves(of schema: JSONValue, at steps: [Step], _ around: [String] = []) -> [Leaf] {
        // Such a field exists only to be refused with a good message.
        if schema["description"]?.stringValue?.hasPrefix("Not supported: ") == true { return [] }
        let texts = around + [schema["description"]?.stringValue].compactMap(\.self)
        if let items = schema["items"] { return leaves(of: items, at: steps + [.element], texts) }
        if let values = schema["additionalProperties"] { return leaves(of: values, at: steps + [.entry], texts) }
        guard let members = schema["properties"]?.objectValue else {
            return [Leaf(steps: steps, schema: schema, descriptions: texts)]
        }
        let required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        return members.flatMap { leaves(of: $0.value, at: steps + [.member($0.key, required: required)], texts) }
    }

    // MARK: Runs

    private static let number: Int64 = 4321

    private static func row(for leaf: Leaf) throws -> Row {
        var targets: [EngineName: [String]?] = [:]
        for engine in EngineName.allCases {
            let marker = self.marker(for: leaf.schema)
            var spec = value(of: leaf.steps[...], marker)
            try spec.add("workflowRef", ["workflowId": "w", "engine": .string(engine.rawValue)])
            // The fields that depend on another one, and a source for the workspace.
            if leaf.name.hasPrefix("workflowRef.container") || leaf.name == "workflowRef.imagePullSecret" {
                try spec.add("workflowRef", ["containerImage": "registry.example/w"])
            }
            var cursor = JSONCursor(spec.encoded)
            let decoded = try ExecutionSpec(reading: &cursor)
            let isRefused = decoded.validate().contains { $0.message.hasPrefix("can only be") }
            targets[engine] = isRefused ? .some(nil) : try paths(to: marker, leaf, decoded, engine)
        }
        return Row(field: leaf.name, targets: targets, descriptions: leaf.descriptions)
    }

    private static func marker(for schema: JSONValue) -> JSONValue {
        if let first = schema["enum"]?.arrayValue?.last { return first }
        return switch schema["type"]?.stringValue {
        case "boolean": true
        case "integer", "number": .integer(number)
        default: "marker"
        }
    }

    /// The smallest spec that sets the field.
    private static func value(of steps: ArraySlice<Step>, _ marker: JSONValue) -> JSONValue {
        guard let first = steps.first else { return marker }
        let inner = value(of: steps.dropFirst(), marker)
        switch first {
        case .element: return [inner]
        case .entry: return ["NAME": inner]
        case .member(let key, let required):
            var object: JSONObject = [:]
            for name in required where name != key { object[name] = "x" }
            object[key] = inner
            return .object(object)
        }
    }

    private static func paths(
        to marker: JSONValue, _ leaf: Leaf, _ spec: ExecutionSpec, _ engine: EngineName
    ) throws -> [String] {
        let allowed = RunLabels(allowedPrefixes: ["NAME"])
        func run(_ spec: ExecutionSpec) throws -> JSONValue {
            let execution = WorkflowExecution(key: ObjectKey(namespace: "n", name: "e"), uid: "u", spec: spec)
            let built = EngineRegistry.engine(engine).makeRun(
                for: execution, named: "r", labels: allowed.labels(for: execution))
            return try JSONValue(parsing: built ?? Array("{}".utf8))
        }
        let bare = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w", engine: engine))
        let before = Set(texts(in: try run(bare), at: ""))
        return texts(in: try run(spec), at: "").filter { found in
            !before.contains(found) && matches(found.text, marker)
        }.map(\.path)
    }

    private struct Found: Hashable {
        let path: String
        let text: String
    }

    /// All scalars of a run; elements with a name are identified by it, as users do.
    private static func texts(in value: JSONValue, at path: String) -> [Found] {
        switch value {
        case .object(let members):
            return members.flatMap { texts(in: $0.value, at: path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case .array(let elements):
            return elements.flatMap { element -> [Found] in
                let name = element["name"]?.stringValue
                let isResolverParameter = path == "spec.pipelineRef.params"
                return texts(in: element, at: isResolverParameter ? "\(path)[\(name ?? "")]" : "\(path)[]")
            }
        case .string(let text): return [Found(path: path, text: text)]
        case .bool(let flag): return [Found(path: path, text: "\(flag)")]
        case .integer(let number): return [Found(path: path, text: "\(number)")]
        case .double, .null: return []
        }
    }

    private static func matches(_ text: String, _ marker: JSONValue) -> Bool {
        switch marker {
        case .string(let word): return text.contains(word)
        case .bool: return text == "true"
        case .integer(let number): return text == "\(number)" || text == Duration.seconds(number).goText
        default: return false
        }
    }
}

extension FieldTable {
    /// The table of `docs/engines.md`.
    var text: String {
        let head = ["| field of `spec` | Tekton | Argo |", "|---|---|---|"]
        return (head + rows.map { "| `\($0.field)` | \(cell($0, .tekton)) | \(cell($0, .argo)) |" })
            .joined(separator: "\n")
    }

    private func cell(_ row: Row, _ engine: EngineName) -> String {
        guard let targets = row.targets[engine] ?? nil else { return "refused" }
        return targets.isEmpty ? "-" : targets.map { "`\($0)`" }.joined(separator: ", ")
    }
}

extension JSONValue {
    /// Adds members to the object in `key` that it does not have yet.
    fileprivate mutating func add(_ key: String, _ members: JSONObject) throws {
        guard var object = objectValue else { return }
        var inner = object[key]?.objectValue ?? [:]
        for member in members where inner[member.key] == nil || inner[member.key] == "x" {
            inner[member.key] = member.value
        }
        object[key] = .object(inner)
        self = .object(object)
    }
}
