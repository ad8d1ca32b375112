package import KubeClient

/// The static type of an expression.
package indirect enum CELType: Sendable {
    /// Known only at run time.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case type
    case list(CELType)
    case map(CELType, CELType)
    /// An object with declared fields.
    case object(any CELObjectSchema)
    case optional(CELType)
    /// A type parameter of a function signature: any type, the same in the whole signature.
    case parameter(Character)
}

extension CELType: CustomStringConvertible {
    package var description: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .object: "object"
        case .optional(let inner): "optional_type(\(inner))"
        case .parameter(let name): String(name)
        }
    }
}

/// The types bound to the type parameters of one signature.
struct CELTypeBindings {
    private var bound: [Character: CELType] = [:]

    /// Returns true if a value of type `actual` can be passed where `declared` is expected, and binds parameters.
    mutating func accept(_ declared: CELType, _ actual: CELType) -> Bool {
        switch (declared, actual) {
        case (.dyn, _), (_, .dyn): return true
        case (.parameter(let name), _):
            if let known = bound[name] {
                // A null does not bind the type.
                if case .null = known {
                    bound[name] = actual
                } else if case .null = actual {
                    return true
                } else {
                    return accept(known, actual)
                }
            } else {
                bound[name] = actual
            }
            return true
        case (.list(let left), .list(let right)), (.optional(let left), .optional(let right)):
            return accept(left, right)
        case (.map(let key, let value), .map(let otherKey, let otherValue)):
            return accept(key, otherKey) && accept(value, otherValue)
        case (.object, .object), (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double),
            (.string, .string),
            (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration), (.type, .type):
            return true
        default: return false
        }
    }

    /// The type with its parameters replaced by their bindings.
    func resolved(_ type: CELType) -> CELType {
        switch type {
        case .parameter(let name): bound[name] ?? .dyn
        case .list(let element): .list(resolved(element))
        case .map(let key, let value): .map(resolved(key), resolved(value))
        case .optional(let inner): .optional(resolved(inner))
        default: type
        }
    }
}

/// The schema of an object, as far as expressions need it.
package protocol CELObjectSchema: AnyObject, Sendable {
    /// False for a map with arbitrary keys, which are not escaped in expressions.
    var declaresFields: Bool { get }

    /// The type of a declared field; nil if the field is not declared or has no type.
    func type(ofField name: String) -> CELType?

    /// The value of a field, with the type from the schema.
    func value(_ json: JSONValue, ofField name: String) -> CELValue
}

/// The escaping of field names that are not valid identifiers.
enum EscapedName {
    private static let reserved: Set<String> = [
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let",
        "loop", "package", "namespace", "return",
    ]

    /// The field that an identifier stands for: `foo__dash__bar` is `foo-bar`.
    static func unescaped(_ identifier: String) -> String {
        guard identifier.utf8.starts(with: "__".utf8) || identifier.contains("__") else { return identifier }
        let bytes = Array(identifier.utf8)
        if bytes.count > 4, bytes.starts(with: "__".utf8), bytes.suffix(2).elementsEqual("__".utf8) {
            let word = String(decoding: bytes[2..<(bytes.count - 2)], as: UTF8.self)
            if reserved.contains(word) { return word }
        }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let match = replacements.first { bytes[index...].starts(with: $0.escaped.utf8) }
            if let match {
                result += Array(match.plain.utf8)
                index += match.escaped.utf8.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let replacements: [(escaped: String, plain: String)] = [
        ("__underscores__", "__"), ("__dot__", "."), ("__dash__", "-"), ("__slash__", "/"),
    ]
}
