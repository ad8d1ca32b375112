package import KubeClient

extension JSONValue {
    /// Compares JSON documents: numbers by value, strings by code point, objects without order.
    package func isEqualJSON(to other: JSONValue) -> Bool {
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.integer(let left), .integer(let right)): return left == right
        case (.double(let left), .double(let right)): return left == right
        case (.integer(let whole), .double(let real)), (.double(let real), .integer(let whole)):
            return Int64(exactly: real) == whole
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEqualJSON(to: $1) }
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            for (member, candidate) in zip(left, right) {
                let match = candidate.key == member.key ? candidate.value : right[member.key]
                guard let match, member.value.isEqualJSON(to: match) else { return false }
            }
            return true
        default: return false
        }
    }

    /// The number of values in the document and its nesting depth; a scalar counts as one value with depth 0.
    package var measured: (count: Int, depth: Int) {
        let children: [JSONValue]
        switch self {
        case .array(let elements): children = elements
        case .object(let object): children = object.map(\.value)
        default: return (1, 0)
        }
        var count = 1
        var depth = 0
        for child in children {
            let inner = child.measured
            count += inner.count
            depth = max(depth, inner.depth)
        }
        return (count, depth + 1)
    }
}
