/// Where the credential of each request comes from.
public protocol CredentialSource: Sendable {
    /// The credential to send now; cheap when nothing has changed, so call it for every request.
    ///
    /// - Parameter refresh: true after the server answered 401 to the last credential, which may then be dropped
    ///   before its time. Try the request once more with what comes back.
    func credential(refresh: Bool) async throws(CredentialError) -> Credential
}

/// Why there is no credential.
public enum CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What failed, where, and what mends it; without secrets.
    case unavailable(String)
    /// The task that asked was cancelled.
    case cancelled

    public var description: String {
        switch self {
        case .unavailable(let message): message
        case .cancelled: "cancelled while waiting for a credential"
        }
    }
}

/// A credential that never changes.
public struct StaticCredential: CredentialSource {
    private let value: Credential

    public init(_ credential: Credential) {
        value = credential
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential { value }
}
