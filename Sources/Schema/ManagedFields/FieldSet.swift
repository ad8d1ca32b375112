import CEL
import KubeClient

/// A set of fields of an object, as a tree of path elements.
struct FieldSet: Hashable, Sendable {
    /// True if the field at this node is in the set itself.
    var isMember = false
    private(set) var children: [PathElement: FieldSet] = [:]

    static let member = FieldSet(isMember: true)

    var isEmpty: Bool { !isMember && children.isEmpty }

    /// The fields below a path element; assigning an empty set removes the element.
    subscript(element: PathElement) -> FieldSet? {
        get { children[element] }
        set { children[element] = newValue?.isEmpty == true ? nil : newValue }
    }

    subscript(field name: String) -> FieldSet? {
        get { self[.field(name)] }
        set { self[.field(name)] = newValue }
    }

    func union(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(isMember: isMember || other.isMember)
        result.children = children.merging(other.children) { $0.union($1) }
        return result
    }

    func subtracting(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(isMember: isMember && !other.isMember)
        for (element, child) in children {
            result[element] = other.children[element].map { child.subtracting($0) } ?? child
        }
        return result
    }

    func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet(isMember: isMember && other.isMember)
        for (element, child) in children {
            if let counterpart = other.children[element] { result[element] = child.intersection(counterpart) }
        }
        return result
    }

    /// The paths of all fields, sorted, as shown in messages.
    var paths: [String] { paths(below: "") }

    private func paths(below prefix: String) -> [String] {
        let inner = children.map { (prefix + $0.key.description, $0.value) }.sorted { $0.0 < $1.0 }
        return (isMember ? [prefix] : []) + inner.flatMap { $0.1.paths(below: $0.0) }
    }
}

extension FieldSet {
    private init(isMember: Bool) { self.isMember = isMember }

    /// Reads `fieldsV1`; keys that are not path elements are ignored.
    init(fieldsV1 value: JSONValue) {
        let object = value.objectValue ?? JSONObject()
        isMember = object.isEmpty || object["."] != nil
        for member in object where member.key != "." {
            if let element = PathElement(encoded: member.key) { children[element] = FieldSet(fieldsV1: member.value) }
        }
    }

    /// The set as `fieldsV1`, with sorted keys.
    var fieldsV1: JSONValue {
        var members: [JSONObject.Member] = []
        if isMember, !children.isEmpty { members.append(JSONObject.Member(key: ".", value: [:])) }
        for (text, child) in children.map({ ($0.key.encoded, $0.value) }).sorted(by: { $0.0 < $1.0 }) {
            members.append(JSONObject.Member(key: text, value: child.fieldsV1))
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}

/// One step of a path in a field set.
enum PathElement: Hashable, Sendable {
    /// A member of an object.
    case field(String)
    /// The element of a keyed list with these key values, sorted by name.
    case key([KeyField])
    /// An element of a set.
    case value(JSONValue)
    case index(Int)

    struct KeyField: Hashable, Sendable {
        let name: String
        let value: JSONValue
    }

    /// Parses the form in `fieldsV1`: `f:name`, `k:{"name":"a"}`, `v:"x"`, `i:0`. Returns nil if it is not valid.
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
    /// The form in messages: `.name`, `[name="a"]`, `[="x"]`, `[0]`.
    var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let fields): "[" + fields.map { "\($0.name)=\($0.value.encodedString)" }.joined(separator: ",") + "]"
        case .value(let value): "[=\(value.encodedString)]"
        case .index(let index): "[\(index)]"
        }
    }
}
