import KubeClient

/// One step to a field in a set of fields.
enum PathElement: Hashable, Sendable {
    /// A member of an object.
    case field(String)
    /// The element of a keyed list that has these values, ordered by name.
    case key([KeyField])
    /// An element of a set.
    case value(JSONValue)
    case index(Int)

    struct KeyField: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// Reads the form of `fieldsV1`: `f:name`, `k:{"name":"a"}`, `v:"x"`, `i:0`; nil when the text is none.
    init?(encoded text: String) {
        let rest = String(text.dropFirst(2))
        switch text.prefix(2) {
        case "f:": self = .field(rest)
        case "k:":
            guard case .object(let object)? = try? JSONValue(parsing: rest) else { return nil }
            self = .key(object.map { KeyField(name: $0.key, value: $0.value) }.sorted { $0.name < $1.name })
        case "v:":
            guard let value = try? JSONValue(parsing: rest) else { return nil }
            self = .value(value)
        case "i:":
            guard let index = Int(rest) else { return nil }
            self = .index(index)
        default: return nil
        }
    }

    var encoded: String {
        switch self {
        case .field(let name): "f:" + name
        case .key(let fields):
            "k:"
                + JSONValue.object(
                    JSONObject(uniqueMembers: fields.map { JSONObject.Member(key: $0.name, value: $0.value) })
                ).encodedString
        case .value(let value): "v:" + value.encodedString
        case .index(let index): "i:\(index)"
        }
    }
}

extension PathElement: CustomStringConvertible {
    /// The form of messages: `.name`, `[name="a"]`, `[="x"]`, `[0]`.
    var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let fields): "[" + fields.map { "\($0.name)=\($0.value.encodedString)" }.joined(separator: ",") + "]"
        case .value(let value): "[=\(value.encodedString)]"
        case .index(let index): "[\(index)]"
        }
    }
}
