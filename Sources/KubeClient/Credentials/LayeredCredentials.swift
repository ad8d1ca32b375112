/// The parts of several sources put together: of each part the first source that has it wins.
///
/// A user may have a client certificate and a token; a source whose parts are already there is not asked.
public struct LayeredCredentials: CredentialSource {
    private let sources: [any CredentialSource]

    public init(_ sources: [any CredentialSource]) {
        self.sources = sources
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        var whole = Credential.none
        for source in sources where whole.authorization == nil || whole.clientCertificate == nil {
            let next = try await source.credential(refresh: refresh)
            whole = Credential(
                authorization: whole.authorization ?? next.authorization,
                clientCertificate: whole.clientCertificate ?? next.clientCertificate)
        }
        return whole
    }
}
