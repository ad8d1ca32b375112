import CEL
package import KubeClient

/// A JSON Patch (RFC 6902).
package struct JSONPatch: Sendable {
    /// The API server rejects longer patches.
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

    /// Parses a patch; its operations are applied in order.
    package init(parsing patch: JSONValue) throws(PatchError) {
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

extension JSONPatch {
    /// The document after all operations. If one fails, none is applied.
    package func applied(to document: JSONValue) throws(PatchError) -> JSONValue {
        var edit = Edit(document: document)
        for operation in operations { try edit.perform(operation) }
        return edit.document
    }

    /// A document while a patch is applied.
    private struct Edit {
        var document: JSONValue
        /// The number of values that can still be copied or moved; repeated copies would grow exponentially.
        var budget = 1_000_000

        mutating func perform(_ operation: Operation) throws(PatchError) {
            switch operation {
            case .add(let path, let value): try add(value, at: path)
            case .remove(let path): _ = try remove(at: path)
            case .replace(let path, let value):
                _ = try existing(path, "replace")
                try checkDepth(of: value, at: path)
                try change(at: path) { (slot) throws(PatchError) in slot.replace(value) }
            case .move(let from, let path):
                guard !from.contains(path) else {
                    throw .inapplicable("move operation does not apply: \"\(path)\" lies inside \"\(from)\"")
                }
                let value = try existing(from, "move")
                if from == path { return }
                try charge(for: value)
                _ = try remove(at: from)
                try add(value, at: path)
            case .copy(let from, let path):
                let value = try existing(from, "copy")
                try charge(for: value)
                try add(value, at: path)
            case .test(let path, let expected):
                let found = path.value(in: document)
                guard (found ?? .null).isEqualJSON(to: expected) else {
                    throw .inapplicable("testing value \(path) failed")
                }
            }
        }

        private func existing(_ path: JSONPointer, _ name: String) throws(PatchError) -> JSONValue {
            guard let value = path.value(in: document) else {
                throw .inapplicable("\(name) operation does not apply: doc is missing path: \(path)")
            }
            return value
        }

        private mutating func charge(for value: JSONValue) throws(PatchError) {
            budget -= value.measured.count
            guard budget >= 0 else { throw .tooLarge("the patch copies or moves too many values") }
        }

        private func checkDepth(of value: JSONValue, at path: JSONPointer) throws(PatchError) {
            guard path.tokens.count + value.measured.depth <= JSONPointer.maximumLength else {
                throw .inapplicable(
                    "the patched document would be nested deeper than \(JSONPointer.maximumLength) levels")
            }
        }

        private mutating func add(_ value: JSONValue, at path: JSONPointer) throws(PatchError) {
            try checkDepth(of: value, at: path)
            try change(at: path) { (slot) throws(PatchError) in slot.add(value) }
        }

        private mutating func remove(at path: JSONPointer) throws(PatchError) {
            _ = try existing(path, "remove")
            try change(at: path) { (slot) throws(PatchError) in slot.remove() }
        }

        private mutating func change(
            at path: JSONPointer, _ body: (inout Slot) throws(PatchError) -> Bool
        ) throws(PatchError) {
            guard try Self.descend(&document, path.tokens[...], body) else {
                throw .inapplicable("operation does not apply: doc is missing path: \(path)")
            }
        }

        /// Descends to the container of the last token and changes it. Returns false if the path does not exist.
        private static func descend(
            _ value: inout JSONValue, _ tokens: ArraySlice<String>, _ body: (inout Slot) throws(PatchError) -> Bool
        ) throws(PatchError) -> Bool {
            guard let token = tokens.first, tokens.count > 1 else {
                var slot = Slot(container: value, token: tokens.first)
                value = .null
                let isDone = try body(&slot)
                value = slot.container
                return isDone
            }
            switch value {
            case .object(var object):
                guard var child = object[token] else { return false }
                value = .null
                object[token] = .null
                let isDone = try descend(&child, tokens.dropFirst(), body)
                object[token] = child
                value = .object(object)
                return isDone
            case .array(var elements):
                guard let index = JSONPointer.index(token, below: elements.count) else { return false }
                value = .null
                let isDone = try descend(&elements[index], tokens.dropFirst(), body)
                value = .array(elements)
                return isDone
            default: return false
            }
        }
    }

    /// A position in a container; without a token, the whole document.
    private struct Slot {
        var container: JSONValue
        let token: String?

        mutating func add(_ value: JSONValue) -> Bool {
            guard let token else { return replace(value) }
            switch container {
            case .object(var object):
                container = .null
                object[token] = value
                container = .object(object)
            case .array(var elements):
                guard token == "-" || JSONPointer.index(token, below: elements.count + 1) != nil else { return false }
                container = .null
                elements.insert(value, at: JSONPointer.index(token, below: elements.count) ?? elements.count)
                container = .array(elements)
            default: return false
            }
            return true
        }

        mutating func replace(_ value: JSONValue) -> Bool {
            guard let token else {
                container = value
                return true
            }
            switch container {
            case .object: container[token] = value
            case .array(var elements):
                guard let index = JSONPointer.index(token, below: elements.count) else { return false }
                container = .null
                elements[index] = value
                container = .array(elements)
            default: return false
            }
            return true
        }

        mutating func remove() -> Bool {
            guard let token else {
                container = .null
                return true
            }
            switch container {
            case .object: container[token] = nil
            case .array(var elements):
                guard let index = JSONPointer.index(token, below: elements.count) else { return false }
                container = .null
                elements.remove(at: index)
                container = .array(elements)
            default: return false
            }
            return true
        }
    }
}
