import KubeClient

/// A condition on an element: `@.type=="Ready"`, or `@.name` alone for one that has the field.
struct JSONPathFilter: Hashable, Sendable {
    enum Comparison: String, Hashable, Sendable, CaseIterable {
        // Longer spellings first: the parser takes the first that fits.
        case equal = "=="
        case notEqual = "!="
        case atMost = "<="
        case atLeast = ">="
        case less = "<"
        case greater = ">"
    }

    let path: [String]
    /// Nil when the field's presence is enough.
    let test: Test?

    struct Test: Hashable, Sendable {
        let comparison: Comparison
        let literal: JSONValue
    }

    func holds(for element: JSONValue) -> Bool {
        guard let value = element[path: path] else { return false }
        guard let test else { return true }
        switch test.comparison {
        case .equal: return value.isEqualJSON(to: test.literal)
        case .notEqual: return !value.isEqualJSON(to: test.literal)
        case .less: return Self.isOrdered(value, test.literal) { $0 < 0 }
        case .greater: return Self.isOrdered(value, test.literal) { $0 > 0 }
        case .atMost: return Self.isOrdered(value, test.literal) { $0 <= 0 }
        case .atLeast: return Self.isOrdered(value, test.literal) { $0 >= 0 }
        }
    }

    private static func isOrdered(_ left: JSONValue, _ right: JSONValue, _ accepts: (Int) -> Bool) -> Bool {
        if let left = left.doubleValue, let right = right.doubleValue {
            return accepts(left < right ? -1 : left > right ? 1 : 0)
        }
        if let left = left.stringValue, let right = right.stringValue {
            return accepts(left < right ? -1 : left > right ? 1 : 0)
        }
        return false
    }
}
