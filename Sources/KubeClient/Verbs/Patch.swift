/// A change of an object, in one of the forms the server understands for every kind.
public enum Patch: Sendable, Hashable {
    /// A JSON merge patch (RFC 7396).
    case merge([UInt8])
    /// A list of operations (RFC 6902).
    case json([UInt8])
    /// Server-side apply: all fields the manager wants to own; `force` takes them from other managers.
    case apply([UInt8], force: Bool)

    var body: [UInt8] {
        switch self {
        case .merge(let body), .json(let body), .apply(let body, _): body
        }
    }

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .apply: "application/apply-patch+yaml"
        }
    }

    /// True when a second arrival does nothing the first did not do.
    ///
    /// That holds for apply, and for a merge patch that names the version it was made for: its second arrival is
    /// refused with a conflict.
    var isRepeatable: Bool {
        switch self {
        case .apply: true
        case .json: false
        case .merge(let body): UndecodableObject(salvaging: JSONCursor(body), error: "").metadata.hasVersion
        }
    }
}

extension ObjectMetadata {
    fileprivate var hasVersion: Bool { !resourceVersion.isEmpty }
}
