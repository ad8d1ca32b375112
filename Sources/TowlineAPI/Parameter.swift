import KubeClient

/// One parameter of a workflow; name and value are passed to the engine unchanged.
public struct Parameter: Hashable, Sendable {
    public var name: String
    public var value: ParameterValue

    public init(name: String, value: ParameterValue) {
        self.name = name
        self.value = value
    }

    /// A parameter with a string as its value.
    public init(name: String, value: String) {
        self.init(name: name, value: .string(value))
    }
}

/// The value of a parameter. Argo has only strings, so it gets the JSON text of an array or an object.
public enum ParameterValue: Hashable, Sendable {
    /// From `spec.parameters`.
    case string(String)
    /// From `spec.arrayParameters`.
    case array([String])
    /// From `spec.objectParameters`, in the order of the API server's JSON.
    case object([MapEntry])

    /// All strings in the value.
    public var strings: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let elements): elements
        case .object(let entries): entries.map(\.value)
        }
    }

    /// The field of the spec that holds values of this type.
    public var field: StaticString {
        switch self {
        case .string: "spec.parameters"
        case .array: "spec.arrayParameters"
        case .object: "spec.objectParameters"
        }
    }
}

/// One key and its value in an object of strings, such as a node selector.
public struct MapEntry: Hashable, Sendable {
    public var key: String
    public var value: String

    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

extension ParameterValue {
    static func readString(_ cursor: inout JSONCursor) throws(JSONError) -> ParameterValue {
        .string(try cursor.readString())
    }

    static func readArray(_ cursor: inout JSONCursor) throws(JSONError) -> ParameterValue {
        .array(try cursor.strings("value"))
    }

    static func readObject(_ cursor: inout JSONCursor) throws(JSONError) -> ParameterValue {
        .object(try cursor.entries("value"))
    }
}

/// Detects expressions in parameter values that an engine would expand.
///
/// Both engines substitute values in several passes, and a later pass expands what an earlier one inserted. The schema
/// in `crds/` has the same rules in CEL.
public enum ParameterExpression {
    /// What follows `$(` in Tekton's variables, before a `.` or a `[`.
    ///
    /// Tekton replaces exact names, such as `$(params.TARGET)`, and leaves all other text unchanged: `$(date)` reaches
    /// the shell. Which names exist depends on the pipeline, so every name below these roots counts. No variable starts
    /// with `finally`, but Tekton's webhook rejects `$(finally.TASK.results.NAME)`.
    static let tektonRoots = [
        "params", "inputs", "context", "tasks", "finally", "step", "steps", "results", "workspaces", "credentials",
        "artifacts",
    ]

    /// The start of the first expression in `value` that `engine` would expand, such as `$(params.`; nil if none.
    ///
    /// An expression needs no end to count: text that follows the value in the workflow may close it.
    public static func opening(in value: String, for engine: EngineName) -> String? {
        let bytes = Array(value.utf8)
        switch engine {
        case .argo:
            let brace = UInt8(ascii: "{")
            return zip(bytes, bytes.dropFirst()).contains { $0 == brace && $1 == brace } ? "{{" : nil
        case .tekton:
            var rest = bytes[...]
            while let dollar = rest.firstIndex(of: UInt8(ascii: "$")) {
                rest = rest[dollar...].dropFirst()
                guard rest.first == UInt8(ascii: "(") else { continue }
                let name = rest.dropFirst().prefix(while: isLowerLetter)
                let root = String(decoding: name, as: UTF8.self)
                guard tektonRoots.contains(root), let separator = rest.dropFirst(1 + name.count).first,
                    separator == UInt8(ascii: ".") || separator == UInt8(ascii: "[")
                else { continue }
                return "$(\(root)\(Character(Unicode.Scalar(separator)))"
            }
            return nil
        }
    }

    private static func isLowerLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
