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

/// The syntax of names, checked by hand because a regular expression engine needs more memory than this module.
enum Grammar {
    /// A DNS-1123 subdomain: labels of lowercase letters, digits and inner dashes, joined by dots.
    static func isObjectName(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.first, let last = label.last else { return false }
            return isLowerAlphanumeric(first) && isLowerAlphanumeric(last)
                && label.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// The names that both engines accept: Tekton requires a letter or underscore first, Argo forbids dots.
    static func isParameterName(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= SpecLimits.parameterNameLength else { return false }
        return (isLetter(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy {
                isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
            }
    }

    /// `sha256:` and 64 lowercase hexadecimal digits.
    static func isDigest(_ text: String) -> Bool {
        let prefix = "sha256:"
        let digits = text.utf8.dropFirst(prefix.utf8.count)
        return text.hasPrefix(prefix) && digits.count == 64
            && digits.allSatisfy { isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
    }

    /// A repository with an optional tag and an optional digest.
    static func isImageReference(_ text: String) -> Bool {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first, let first = name.utf8.first, isLetter(first) || isDigit(first) else {
            return false
        }
        let allowed = Array("._-/:".utf8)
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || allowed.contains($0) }
            && parts.dropFirst().allSatisfy { isDigest(String($0)) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}
