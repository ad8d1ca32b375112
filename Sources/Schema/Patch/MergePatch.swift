package import KubeClient

/// A partial document whose members replace those of the object; null removes (RFC 7386).
package enum MergePatch {
    /// The target with the patch merged into it.
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

/// Why a patch is refused.
package struct PatchError: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The patch itself is no patch of its type; the API answers 400.
        case malformed
        /// The patch asks for more work than the server does; the API answers 413.
        case tooLarge
        /// The patch is well formed and does not fit the object; the API answers 422.
        case inapplicable
    }

    package let kind: Kind
    package let message: String

    package static func malformed(_ message: String) -> PatchError { PatchError(kind: .malformed, message: message) }
    package static func tooLarge(_ message: String) -> PatchError { PatchError(kind: .tooLarge, message: message) }
    package static func inapplicable(_ message: String) -> PatchError {
        PatchError(kind: .inapplicable, message: message)
    }

    /// The HTTP status the API server answers with.
    package var statusCode: Int {
        switch kind {
        case .malformed: 400
        case .tooLarge: 413
        case .inapplicable: 422
        }
    }
}
