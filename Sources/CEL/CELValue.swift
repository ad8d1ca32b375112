package import KubeClient

/// A value of the expression language.
package indirect enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case timestamp(Timestamp)
    /// Within ±292 years, the range of 64-bit nanoseconds.
    case duration(Duration)
    case list(CELList)
    /// The entries of a map literal, in source order; keys are unique.
    case map([CELEntry])
    /// An API object; its members are converted when they are read.
    case object(JSONObject, (any CELObjectSchema)?)
    case optional(CELValue?)
    /// A type as a value, such as `int`.
    case type(String)
}

/// An entry of a map.
package struct CELEntry: Sendable {
    let key: CELValue
    let value: CELValue
}

/// A list. Sets and keyed lists are compared without regard to order.
package struct CELList: Sendable {
    /// How elements are identified: `x-kubernetes-list-type`.
    package enum ListType: Hashable, Sendable {
        case atomic
        case set
        case map(keys: [String])
    }

    let elements: [CELValue]
    let type: ListType

    /// Creates a list; a plain one by default.
    package init(_ elements: [CELValue], type: ListType = .atomic) {
        self.elements = elements
        self.type = type
    }
}

extension CELValue {
    static func list(_ elements: [CELValue]) -> CELValue { .list(CELList(elements)) }

    /// Converts JSON without a schema.
    package init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let text): self = .string(text)
        case .array(let elements): self = .list(elements.map { CELValue($0) })
        case .object(let object): self = .object(object, nil)
        }
    }

    /// The type name, as returned by `type()`.
    var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map, .object: "map"
        case .optional: "optional_type"
        case .type: "type"
        }
    }

    /// The cost of reading the value without nested content.
    var size: Int {
        switch self {
        case .string(let text): 1 + text.utf8.count / 10
        case .bytes(let bytes): 1 + bytes.count / 10
        case .list(let list): 1 + list.elements.count
        case .map(let entries): 1 + entries.count
        case .object(let object, _): 1 + object.count
        default: 1
        }
    }

    /// True for values that `optional.ofNonZeroValue` treats as absent.
    var isZero: Bool {
        switch self {
        case .null, .bool(false), .int(0), .uint(0), .double(0), .optional(nil): true
        case .string(let text): text.isEmpty
        case .bytes(let bytes): bytes.isEmpty
        case .list(let list): list.elements.isEmpty
        case .map(let entries): entries.isEmpty
        case .object(let object, _): object.isEmpty
        case .duration(let duration): duration == .zero
        default: false
        }
    }

    /// The value for a key of a map or object; nil if absent.
    func member(_ key: CELValue) -> CELValue? {
        switch self {
        case .map(let entries): return entries.first { $0.key.equals(key) }?.value
        case .object(let object, let schema):
            guard case .string(let name) = key, let json = object[name] else { return nil }
            return schema?.value(json, ofField: name) ?? CELValue(json)
        default: return nil
        }
    }

    /// The entries of a map or object; nil for other types.
    var entries: [CELEntry]? {
        switch self {
        case .map(let entries): entries
        case .object(let object, let schema):
            object.map { member in
                CELEntry(
                    key: .string(member.key),
                    value: schema?.value(member.value, ofField: member.key) ?? CELValue(member.value))
            }
        default: nil
        }
    }
}

extension CELValue {
    /// `==`: numbers compare by value across types, other types are never equal to each other, sets ignore order.
    func equals(_ other: CELValue) -> Bool {
        if let order = Self.numericOrder(self, other) { return order == .equal }
        switch (self, other) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.bytes(let left), .bytes(let right)): return left == right
        case (.timestamp(let left), .timestamp(let right)): return left == right
        case (.duration(let left), .duration(let right)): return left == right
        case (.type(let left), .type(let right)): return left == right
        case (.list(let left), .list(let right)): return left.equals(right)
        case (.optional(nil), .optional(nil)): return true
        case (.optional(let left?), .optional(let right?)): return left.equals(right)
        case (.object(let left, let one), .object(let right, let other)):
            if one === other, JSONValue.object(left).isEqualJSON(to: .object(right)) { return true }
            return left.count == right.count && hasEqualEntries(other: .object(right, other))
        case (.map, .map), (.map, .object), (.object, .map): return hasEqualEntries(other: other)
        default: return false
        }
    }

    private func hasEqualEntries(other: CELValue) -> Bool {
        guard let mine = entries, let theirs = other.entries, mine.count == theirs.count else { return false }
        return mine.allSatisfy { entry in other.member(entry.key).map { $0.equals(entry.value) } ?? false }
    }

    enum Order { case less, equal, greater, unordered }

    /// The order of two values; nil if `<` is not defined for their types.
    func order(to other: CELValue) -> Order? {
        if let order = Self.numericOrder(self, other) { return order }
        return switch (self, other) {
        case (.bool(let left), .bool(let right)): Self.order(left ? 1 : 0, right ? 1 : 0)
        case (.string(let left), .string(let right)): Self.order(left.unicodeScalars, right.unicodeScalars)
        case (.bytes(let left), .bytes(let right)): Self.order(left, right)
        case (.timestamp(let left), .timestamp(let right)): Self.order(left, right)
        case (.duration(let left), .duration(let right)): Self.order(left, right)
        default: nil
        }
    }

    private static func order<Value: Comparable>(_ left: Value, _ right: Value) -> Order {
        left < right ? .less : right < left ? .greater : .equal
    }

    private static func order<Values: Sequence>(_ left: Values, _ right: Values) -> Order
    where Values.Element: Comparable {
        if left.lexicographicallyPrecedes(right) { return .less }
        return right.lexicographicallyPrecedes(left) ? .greater : .equal
    }

    private static func numericOrder(_ left: CELValue, _ right: CELValue) -> Order? {
        switch (left, right) {
        case (.int(let left), .int(let right)): order(left, right)
        case (.uint(let left), .uint(let right)): order(left, right)
        case (.double(let left), .double(let right)):
            left.isNaN || right.isNaN ? .unordered : order(left, right)
        case (.int(let left), .uint(let right)): left < 0 ? .less : order(UInt64(left), right)
        case (.uint(let left), .int(let right)): right < 0 ? .greater : order(left, UInt64(right))
        // Integers and doubles are compared exactly, without rounding.
        case (.int(let left), .double(let right)): right.isNaN ? .unordered : order(left, to: right)
        case (.double(let left), .int(let right)): left.isNaN ? .unordered : order(right, to: left).reversed
        case (.uint(let left), .double(let right)): right.isNaN ? .unordered : order(left, to: right)
        case (.double(let left), .uint(let right)): left.isNaN ? .unordered : order(right, to: left).reversed
        default: nil
        }
    }

    private static func order<Whole: FixedWidthInteger>(_ left: Whole, to right: Double) -> Order {
        if let exact = Whole(exactly: right) { return order(left, exact) }
        if right >= Double(Whole.max) { return .less }
        if right < Double(Whole.min) { return .greater }
        // For a fraction, the integer part decides; if it is equal, the sign of the fraction decides.
        guard let whole = Whole(exactly: right.rounded(.towardZero)) else { return .unordered }
        return left == whole ? (right > 0 ? .less : .greater) : order(left, whole)
    }
}

extension CELValue.Order {
    fileprivate var reversed: CELValue.Order {
        switch self {
        case .less: .greater
        case .greater: .less
        default: self
        }
    }
}

extension CELList {
    func equals(_ other: CELList) -> Bool {
        guard elements.count == other.elements.count else { return false }
        switch type {
        case .atomic: return zip(elements, other.elements).allSatisfy { $0.equals($1) }
        case .set: return elements.allSatisfy { element in other.elements.contains { $0.equals(element) } }
        case .map(let keys):
            return elements.allSatisfy { element in
                other.elements.first { $0.hasSameKeys(as: element, keys) }.map { $0.equals(element) } ?? false
            }
        }
    }

    /// `+`: appends to a plain list, merges by identity into a set or keyed list.
    func joined(with other: CELList) -> CELList {
        var result = elements
        switch type {
        case .atomic: result += other.elements
        case .set:
            for element in other.elements where !result.contains(where: { $0.equals(element) }) {
                result.append(element)
            }
        case .map(let keys):
            for element in other.elements {
                if let index = result.firstIndex(where: { $0.hasSameKeys(as: element, keys) }) {
                    result[index] = element
                } else {
                    result.append(element)
                }
            }
        }
        return CELList(result, type: type)
    }
}

extension CELValue {
    fileprivate func hasSameKeys(as other: CELValue, _ keys: [String]) -> Bool {
        keys.allSatisfy { key in
            switch (member(.string(key)), other.member(.string(key))) {
            case (nil, nil): true
            case (let left?, let right?): left.equals(right)
            default: false
            }
        }
    }
}
