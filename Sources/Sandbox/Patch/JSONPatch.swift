import KubeClient

/// A list of changes to a JSON document (RFC 6902).
struct JSONPatch: Sendable {
    /// The API server refuses longer patches.
    static let maximumOperations = 10_000

    enum Operation: Hashable, Sendable {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(from: JSONPointer, to: JSONPointer)
        case copy(from: JSONPointer, to: JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    let operations: [Operation]

    init(parsing patch: JSONValue) throws(PatchError) {
        guard let elements = patch.arrayValue else {
            throw .malformed("error decoding patch: a JSON patch must be an array of operations")
        }
        guard elements.count <= Self.maximumOperations else {
            throw .tooLarge(
                "The allowed maximum operations in a JSON patch is \(Self.maximumOperations), got \(elements.count)")
        }
        var operations: [Operation] = []
        for (index, element) in elements.enumerated() {
            operations.append(try Operation(parsing: element, at: index))
        }
        self.operations = operations
    }
}

extension JSONPatch.Operation {
    fileprivate init(parsing element: JSONValue, at index: Int) throws(PatchError) {
        func pointer(_ field: String) throws(PatchError) -> JSONPointer {
            guard let text = element[field]?.stringValue else {
                throw .malformed("error decoding patch: operation \(index) has no \"\(field)\" string")
            }
            return try JSONPointer(parsing: text)
        }
        func value() throws(PatchError) -> JSONValue {
            guard let value = element["value"] else {
                throw .malformed("error decoding patch: operation \(index) has no \"value\"")
            }
            return value
        }
        switch element["op"]?.stringValue {
        case "add": self = .add(try pointer("path"), try value())
        case "remove": self = .remove(try pointer("path"))
        case "replace": self = .replace(try pointer("path"), try value())
        case "move": self = .move(from: try pointer("from"), to: try pointer("path"))
        case "copy": self = .copy(from: try pointer("from"), to: try pointer("path"))
        case "test": self = .test(try pointer("path"), element["value"] ?? .null)
        case let name?:
            throw .malformed(
                "error decoding patch: operation \(index) has the unknown \"op\" \"\(name)\": "
                    + "use add, remove, replace, move, copy or test")
        case nil: throw .malformed("error decoding patch: operation \(index) has no \"op\" string")
        }
    }
}
