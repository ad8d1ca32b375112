import KubeClient

/// One validation error, worded as by the API server.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    enum Kind: String, Hashable, Sendable {
        case required = "Required value"
        case invalid = "Invalid value"
        case typeInvalid = "Type mismatch"
        case notSupported = "Unsupported value"
        case duplicate = "Duplicate value"
        case forbidden = "Forbidden"
        case tooLong = "Too long"
        case tooMany = "Too many"
    }

    let kind: Kind
    /// The path of the field; `<nil>` for the whole object.
    package let field: String
    let badValue: JSONValue?
    let detail: String

    init(_ kind: Kind, _ field: String, _ badValue: JSONValue? = nil, _ detail: String = "") {
        self.kind = kind
        self.field = field.isEmpty ? "<nil>" : field
        self.badValue = badValue
        self.detail = detail
    }

    /// The message without the path.
    package var body: String {
        var text = kind == .typeInvalid ? Kind.invalid.rawValue : kind.rawValue
        switch kind {
        case .required, .forbidden, .tooLong: break
        default: if let badValue { text += ": " + Self.rendered(badValue) }
        }
        return detail.isEmpty ? text : text + ": " + detail
    }

    package var description: String { "\(field): \(body)" }

    /// The `reason` of the cause in a `Status` object.
    package var reason: String {
        switch kind {
        case .required: "FieldValueRequired"
        case .invalid: "FieldValueInvalid"
        case .typeInvalid: "FieldValueTypeInvalid"
        case .notSupported: "FieldValueNotSupported"
        case .duplicate: "FieldValueDuplicate"
        case .forbidden: "FieldValueForbidden"
        case .tooLong: "FieldValueTooLong"
        case .tooMany: "FieldValueTooMany"
        }
    }

    /// An element of `details.causes` in a `Status` object.
    var cause: JSONValue {
        ["reason": .string(reason), "message": .string(body), "field": .string(field)]
    }

    /// True if this error prevents rules from being evaluated, because expressions rely on the violated constraint.
    var blocksRules: Bool {
        switch kind {
        case .required, .tooLong, .tooMany, .typeInvalid: true
        default: false
        }
    }

    private static func rendered(_ value: JSONValue) -> String {
        let text = value.encodedString
        // A message must not repeat a large object.
        return text.utf8.count <= 1024 ? text : String(text.prefix(1024)) + "…"
    }
}

/// All validation errors of an object; never empty when thrown.
package struct FieldErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package let errors: [FieldError]

    /// A single error, or a bracketed list without duplicates.
    package var description: String {
        var seen = Set<String>()
        let lines = errors.map(\.description).filter { seen.insert($0).inserted }
        return lines.count == 1 ? lines[0] : "[" + lines.joined(separator: ", ") + "]"
    }
}

/// The path of a field, formatted as by the API server: `spec.tasks[0].params[name]`.
package struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    enum Segment: Hashable, Sendable {
        case field(String)
        case index(Int)
        /// A map key.
        case key(String)
    }

    var segments: [Segment]

    /// A path of field names.
    package init(_ fields: String...) { segments = fields.map(Segment.field) }

    /// The path of a field inside this one.
    package func field(_ name: String) -> FieldPath { appending(.field(name)) }
    /// The path of a list element.
    package func index(_ index: Int) -> FieldPath { appending(.index(index)) }
    func key(_ key: String) -> FieldPath { appending(.key(key)) }

    func appending(_ segment: Segment) -> FieldPath {
        var path = self
        path.segments.append(segment)
        return path
    }

    package var description: String {
        var text = ""
        for segment in segments {
            switch segment {
            case .field(let name): text += text.isEmpty ? name : "." + name
            case .index(let index): text += "[\(index)]"
            case .key(let key): text += "[\(key)]"
            }
        }
        return text
    }
}
