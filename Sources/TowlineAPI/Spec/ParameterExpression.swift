/// The text by which an engine recognizes an expression in a parameter value that it would expand.
///
/// Both engines substitute in several passes, and a value that one pass inserted is expanded by the next. The schema in
/// `crds/` has the same rules in CEL.
public enum ParameterExpression {
    /// What follows `$(` in Tekton's variables, before a `.` or a `[`.
    ///
    /// Tekton replaces exact names, such as `$(params.TARGET)`, and leaves everything else alone: `$(date)` reaches the
    /// shell. Which names exist depends on the pipeline, so every name below these roots counts. `finally` is in no
    /// variable, but Tekton's webhook refuses `$(finally.TASK.results.NAME)`.
    static let tektonRoots = [
        "params", "inputs", "context", "tasks", "finally", "step", "steps", "results", "workspaces", "credentials",
        "artifacts",
    ]

    /// The beginning of the first expression in `value` that `engine` would expand, such as `$(params.`; nil for none.
    ///
    /// The end of an expression is not looked for: text that follows the value in the workflow may close it.
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
