/// Any JSON value, for objects without a fixed type.
///
/// Lists and watches do not use it: they decode bytes directly into small structs with ``JSONCursor``.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without a fraction or exponent that fits 64 bits.
    case integer(Int64)
    /// Every other number; always finite.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    public var isNull: Bool { self == .null }

    public var boolValue: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of an integer, or of a double that is an integer of 64 bits.
    public var integerValue: Int64? {
        switch self {
        case .integer(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var doubleValue: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var stringValue: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var arrayValue: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var objectValue: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member `key` of an object; nil if it is absent or the value is not an object.
    ///
    /// Setting a member turns any other value into an object; setting nil removes the member.
    public subscript(key: String) -> JSONValue? {
        get { objectValue?[key] }
        set {
            var object = objectValue ?? JSONObject()
            if case .object = self { self = .null }
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element at `index` of an array; nil if it is out of range or the value is not an array.
    public subscript(index: Int) -> JSONValue? {
        guard let array = arrayValue, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// The value at a path of object keys.
    public subscript(path path: [String]) -> JSONValue? {
        get {
            var value: JSONValue? = self
            for key in path { value = value?[key] }
            return value
        }
        set {
            guard let first = path.first else {
                self = newValue ?? .null
                return
            }
            if path.count == 1 {
                self[first] = newValue
            } else {
                var child = self[first] ?? .object(JSONObject())
                if newValue == nil, self[first] == nil { return }
                child[path: Array(path.dropFirst())] = newValue
                self[first] = child
            }
        }
    }
}

// Not ExpressibleByNilLiteral: in code that returns an optional value, `nil` would silently become JSON's null.
extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in elements { object[key] = value }
        self = .object(object)
    }
}

extension JSONValue {
    /// Parses one JSON text; the last value of a duplicate key wins.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var cursor = JSONCursor(bytes)
        self = try cursor.readValue()
        try cursor.expectEnd()
    }

    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Parses one JSON text and returns the paths of duplicate keys, such as `spec.name`; at most 100 of them.
    public static func parsingReportingDuplicates(
        _ bytes: [UInt8]
    ) throws(JSONError) -> (value: JSONValue, duplicates: [String]) {
        var cursor = JSONCursor(bytes)
        var duplicates: [String] = []
        let value = try cursor.readValue(path: "", duplicates: &duplicates)
        try cursor.expectEnd()
        return (value, duplicates)
    }
}

extension JSONCursor {
    /// Reads the next value as a tree.
    public mutating func readValue() throws(JSONError) -> JSONValue {
        var duplicates: [String]?
        return try readValue(path: "", duplicates: &duplicates)
    }

    fileprivate mutating func readValue(path: String, duplicates: inout [String]) throws(JSONError) -> JSONValue {
        var found: [String]? = []
        let value = try readValue(path: path, duplicates: &found)
        duplicates = found ?? []
        return value
    }

    private mutating func readValue(path: String, duplicates: inout [String]?) throws(JSONError) -> JSONValue {
        switch try kind() {
        case .null:
            try consumeLiteral("null")
            return .null
        case .bool: return .bool(try readBool())
        case .string: return .string(try readExactString())
        case .number: return try readNumber()
        case .array:
            var elements: [JSONValue] = []
            try forEachElement { (cursor) throws(JSONError) in
                let place = duplicates == nil ? "" : "\(path)[\(elements.count)]"
                elements.append(try cursor.readValue(path: place, duplicates: &duplicates))
            }
            return .array(elements)
        case .object: return try readObject(path: path, duplicates: &duplicates)
        }
    }

    private mutating func readObject(path: String, duplicates: inout [String]?) throws(JSONError) -> JSONValue {
        var members: [JSONObject.Member] = []
        // Few keys are compared one by one; many keys get an index, so that hostile input cannot cause quadratic time.
        var places: [String: Int] = [:]
        try forEachField(isExact: true) { (key, cursor) throws(JSONError) in
            let place = duplicates == nil ? "" : path.isEmpty ? key : "\(path).\(key)"
            let value = try cursor.readValue(path: place, duplicates: &duplicates)
            if members.count == 16 {
                for (index, member) in members.enumerated() { places[member.key] = index }
            }
            let earlier = members.count < 16 ? members.firstIndex { $0.key == key } : places[key]
            if let earlier {
                members[earlier].value = value
                if let count = duplicates?.count, count < 100 { duplicates?.append(place) }
            } else {
                if members.count >= 16 { places[key] = members.count }
                members.append(JSONObject.Member(key: key, value: value))
            }
        }
        return .object(JSONObject(uniqueMembers: members))
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = self
        let range = try readNumberRange()
        let isWhole = bytes[range].allSatisfy {
            $0 == UInt8(ascii: "-") || $0 <= UInt8(ascii: "9") && $0 >= UInt8(ascii: "0")
        }
        var again = start
        if isWhole, let value = try? again.readInteger() { return .integer(value) }
        again = start
        return .double(try again.readDouble())
    }
}
