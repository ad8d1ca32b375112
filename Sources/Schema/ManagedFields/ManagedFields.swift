package import KubeClient

/// The owners of the fields of an object: `metadata.managedFields`.
package struct ManagedFields: Hashable, Sendable {
    enum Operation: String, Hashable, Sendable {
        case apply = "Apply"
        case update = "Update"
    }

    /// The identity of an owner.
    struct Owner: Hashable, Sendable {
        let name: String
        let operation: Operation
        /// Empty for the object itself.
        let subresource: String
        /// For an apply, not part of the identity: an applier can change its version and stays the same owner.
        let apiVersion: String

        static func == (left: Owner, right: Owner) -> Bool {
            left.name == right.name && left.operation == right.operation && left.subresource == right.subresource
                && (left.operation == .apply || left.apiVersion == right.apiVersion)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(name)
            hasher.combine(operation)
            hasher.combine(subresource)
        }
    }

    struct Entry: Hashable, Sendable {
        let owner: Owner
        var fields: FieldSet
        /// When the owner last changed its fields, in RFC 3339.
        var time: String?
    }

    private(set) var entries: [Entry] = []

    init() {}

    /// Reads `metadata.managedFields`; entries in formats other than `FieldsV1` are ignored.
    package init(_ value: JSONValue?) {
        for entry in value?.arrayValue ?? [] {
            guard let name = entry["manager"]?.stringValue, let fields = entry["fieldsV1"],
                let operation = entry["operation"]?.stringValue.flatMap(Operation.init(rawValue:))
            else { continue }
            let owner = Owner(
                name: name, operation: operation, subresource: entry["subresource"]?.stringValue ?? "",
                apiVersion: entry["apiVersion"]?.stringValue ?? "")
            entries.append(Entry(owner: owner, fields: FieldSet(fieldsV1: fields), time: entry["time"]?.stringValue))
        }
    }

    /// The fields of an owner; assigning an empty set removes the owner.
    subscript(owner: Owner) -> FieldSet {
        get { entries.first { $0.owner == owner }?.fields ?? FieldSet() }
        set {
            let time = entries.first { $0.owner == owner }?.time
            entries.removeAll { $0.owner == owner }
            if !newValue.isEmpty { entries.append(Entry(owner: owner, fields: newValue, time: time)) }
        }
    }

    mutating func setTime(_ time: Timestamp, of owner: Owner) {
        for index in entries.indices where entries[index].owner == owner { entries[index].time = time.rfc3339 }
    }

    /// Removes fields from all owners except one.
    mutating func remove(_ fields: FieldSet, exceptFrom keeper: Owner) {
        for index in entries.indices where entries[index].owner != keeper {
            entries[index].fields = entries[index].fields.subtracting(fields)
        }
        entries.removeAll { $0.fields.isEmpty }
    }

    var union: FieldSet { entries.reduce(FieldSet()) { $0.union($1.fields) } }

    /// True if the same owners own the same fields; times are ignored.
    package func isSameOwnership(as other: ManagedFields) -> Bool {
        entries.count == other.entries.count && entries.allSatisfy { entry in other[entry.owner] == entry.fields }
    }

    /// The value of `metadata.managedFields`: applies first, then by time.
    var encoded: JSONValue {
        let sorted = entries.sorted { left, right in
            Self.rank(left) < Self.rank(right)
        }
        return .array(sorted.map(\.encoded))
    }

    private static func rank(_ entry: Entry) -> (String, String, String, String, String) {
        let owner = entry.owner
        return (owner.operation.rawValue, entry.time ?? "", owner.name, owner.apiVersion, owner.subresource)
    }
}

extension ManagedFields.Entry {
    fileprivate var encoded: JSONValue {
        var object: JSONValue = [
            "manager": .string(owner.name), "operation": .string(owner.operation.rawValue),
            "apiVersion": .string(owner.apiVersion),
        ]
        if let time { object["time"] = .string(time) }
        object["fieldsType"] = "FieldsV1"
        object["fieldsV1"] = fields.fieldsV1
        if !owner.subresource.isEmpty { object["subresource"] = .string(owner.subresource) }
        return object
    }
}
