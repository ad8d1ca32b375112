import KubeClient

extension JSONValue {
    var metadata: JSONObject { self["metadata"]?.objectValue ?? JSONObject() }

    /// Empty when the object has none.
    var uid: String { metadata["uid"]?.stringValue ?? "" }

    /// Where the object lives; nil when it has no name.
    var objectKey: ObjectKey? {
        let metadata = metadata
        guard let name = metadata["name"]?.stringValue, !name.isEmpty else { return nil }
        return ObjectKey(namespace: metadata["namespace"]?.stringValue ?? "", name: name)
    }

    /// The elements of an array; none when this is something else.
    var elements: [JSONValue] { arrayValue ?? [] }

    /// A string, or a number or truth value as text, the way manifests write parameter values.
    var scalarText: String? {
        switch self {
        case .string(let value): value
        case .integer(let value): String(value)
        case .double(let value): String(value)
        case .bool(let value): String(value)
        case .null, .array, .object: nil
        }
    }
}

extension JSONObject {
    /// The text of a member; empty when absent or no string.
    func text(_ key: String) -> String { self[key]?.stringValue ?? "" }
}
