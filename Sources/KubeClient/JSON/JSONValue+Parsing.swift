extension JSONValue {
    /// Reads one JSON text; of a key that stands twice in an object the last value wins.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        var cursor = JSONCursor(bytes)
        self = try cursor.readValue()
        try cursor.expectEnd()
    }

    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Reads one JSON text and also returns the paths of keys that stand twice (`spec.name`), at most 100 of them.
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
        case .string: return .string(try readString())
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
        // Few keys are compared one by one; many get an index, so that hostile input costs no quadratic time.
        var places: [String: Int] = [:]
        try forEachField { (key, cursor) throws(JSONError) in
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
