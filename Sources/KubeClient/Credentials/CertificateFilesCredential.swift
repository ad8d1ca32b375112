/// A client certificate and its key, either of which may be a file that somebody else keeps fresh.
///
/// Files are read again when the last reading is older than ten seconds, and after a 401. While they cannot be read,
/// the pair read last serves.
public struct CertificateFilesCredential: CredentialSource {
    private let value: RefreshedValue<Credential>

    public init(certificate: PEMSource, key: PEMSource, clock: WallClock = .system) {
        value = RefreshedValue(label: "towline.client-certificate", settlingTime: .zero, clock: clock) {
            certificate.contents().flatMap { certificate in
                key.contents().map { key in
                    let pair = ClientCertificate(certificate: certificate, key: key)
                    return BoundedFile.loaded(Credential(clientCertificate: pair), at: clock.now())
                }
            }
        }
    }

    public func credential(refresh: Bool) async throws(CredentialError) -> Credential {
        try await value.current(refresh: refresh)
    }
}
