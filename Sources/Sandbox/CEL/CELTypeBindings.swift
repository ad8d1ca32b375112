/// The types that stand for the parameters of one signature.
struct CELTypeBindings {
    private var bound: [Character: CELType] = [:]

    /// Whether a value of type `actual` may stand where `declared` is asked for.
    mutating func accept(_ declared: CELType, _ actual: CELType) -> Bool {
        switch (declared, actual) {
        case (.dyn, _), (_, .dyn): return true
        case (.parameter(let name), _):
            if let known = bound[name] {
                // A null says nothing about the other side's type.
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

    /// The type with its parameters replaced by what they stand for.
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
