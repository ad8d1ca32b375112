import KubeClient

/// A set of fields of one object, as a tree of the steps to them.
struct FieldSet: Hashable, Sendable {
    /// The place this node stands for is itself in the set.
    var isMember = false
    private(set) var children: [PathElement: FieldSet] = [:]

    static let member = FieldSet(isMember: true)

    var isEmpty: Bool { !isMember && children.isEmpty }

    /// The fields below one step; setting an empty set removes the step.
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

    /// The paths of all members, as messages write them, in order.
    var paths: [String] { paths(below: "") }

    private func paths(below prefix: String) -> [String] {
        let inner = children.map { (prefix + $0.key.description, $0.value) }.sorted { $0.0 < $1.0 }
        return (isMember ? [prefix] : []) + inner.flatMap { $0.1.paths(below: $0.0) }
    }
}

extension FieldSet {
    private init(isMember: Bool) { self.isMember = isMember }

    /// Reads `fieldsV1`; what is no step is left out.
    init(fieldsV1 value: JSONValue) {
        let object = value.objectValue ?? JSONObject()
        isMember = object.isEmpty || object["."] != nil
        for member in object where member.key != "." {
            if let element = PathElement(encoded: member.key) { children[element] = FieldSet(fieldsV1: member.value) }
        }
    }

    /// The set as `fieldsV1`, steps in order.
    var fieldsV1: JSONValue {
        var members: [JSONObject.Member] = []
        if isMember, !children.isEmpty { members.append(JSONObject.Member(key: ".", value: [:])) }
        for (text, child) in children.map({ ($0.key.encoded, $0.value) }).sorted(by: { $0.0 < $1.0 }) {
            members.append(JSONObject.Member(key: text, value: child.fieldsV1))
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}
