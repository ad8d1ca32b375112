package import KubeClient

/// A JSON merge patch (RFC 7386): members replace those of the object, and null removes a member.
package enum MergePatch {
    /// The target with the patch applied.
    package static func apply(_ patch: JSONValue, to target: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.objectValue ?? JSONObject()
        for change in changes {
            if change.value.isNull {
                result[change.key] = nil
            } else {
                result[change.key] = apply(change.value, to: result[change.key] ?? .null)
            }
        }
        return .object(result)
    }
}

/// Why a patch is rejected.
package struct PatchError: Error, Hashable, Sendable {
    /// The kind of failure, which determines the HTTP status.
    package enum Kind: Hashable, Sendable {
        /// The patch is not valid; the API responds with 400.
        case malformed
        /// The patch needs too much work; the API responds with 413.
        case tooLarge
        /// The patch is valid but does not apply to the object; the API responds with 422.
        case inapplicable
    }

    package let kind: Kind
    package let message: String

    package static func malformed(_ message: String) -> PatchError { PatchError(kind: .malformed, message: message) }
    static func tooLarge(_ message: String) -> PatchError { PatchError(kind: .tooLarge, message: message) }
    static func inapplicable(_ message: String) -> PatchError {
        PatchError(kind: .inapplicable, message: message)
    }

    /// The HTTP status of the response.
    package var statusCode: Int {
        switch kind {
        case .malformed: 400
        case .tooLarge: 413
        case .inapplicable: 422
        }
    }
}
