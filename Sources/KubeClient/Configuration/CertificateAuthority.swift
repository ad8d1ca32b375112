/// The certificates that a server's certificate is checked against: PEM bytes, or a file that may change.
public struct CertificateAuthority: Sendable {
    /// The path of the file; nil when the bytes were given.
    public let path: String?
    private let data: [UInt8]
    private let file: RefreshedValue<[UInt8]>?

    public init(data: [UInt8]) {
        self.path = nil
        self.data = data
        self.file = nil
    }

    public init(path: String, clock: WallClock = .system) {
        self.path = path
        self.data = []
        self.file = RefreshedValue(
            label: "towline.certificate-authority", settlingTime: .zero, clock: clock
        ) {
            PEMSource.file(path).contents().map { BoundedFile.loaded($0, at: clock.now()) }
        }
    }

    public init(_ source: PEMSource, clock: WallClock = .system) {
        switch source {
        case .data(let bytes): self.init(data: bytes)
        case .file(let path): self.init(path: path, clock: clock)
        }
    }

    /// The PEM bytes of now.
    ///
    /// A file is read again when the last reading is older than ten seconds, off the threads that tasks share; while it
    /// cannot be read, the bytes that were read last serve. Compare with the bytes a connection was opened with to see
    /// a rotation.
    public func certificates() async throws(CredentialError) -> [UInt8] {
        guard let file else { return data }
        return try await file.current()
    }
}
