import Foundation
import KubeClient
import Testing

/// A directory that goes away with the test, and a clock that only the test moves.
final class CredentialFixture: Sendable {
    let directory: String
    private let time = Locked(Timestamp(seconds: 1_767_261_600))

    init() throws {
        directory = NSTemporaryDirectory() + "towline-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)
    }

    var clock: WallClock { WallClock { [self] in time.withLock { $0 } } }

    func advance(_ duration: Duration) {
        time.withLock { $0 = $0 + duration }
    }

    /// Writes what looks like a PEM file, with an arbitrary body, and returns its bytes.
    @discardableResult
    func writePEM(_ name: String, _ body: String) throws -> [UInt8] {
        let text = "-----BEGIN CERTIFICATE-----\n\(body)\n-----END CERTIFICATE-----\n"
        try write(name, text)
        return Array(text.utf8)
    }

    @discardableResult
    func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
        let path = directory + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        if executable { try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path) }
        return path
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: directory + "/" + name)
    }
}

@Suite struct FileCredentialTests {
    @Test func aTokenFileIsReadAgain() async throws {
        let fixture = try CredentialFixture()
        let source = TokenFileCredential(path: try fixture.write("token", " first\n"), clock: fixture.clock)
        #expect(try await source.credential(refresh: false).authorization == "Bearer first")
        try fixture.write("token", "second")
        #expect(try await source.credential(refresh: false).authorization == "Bearer first")
        #expect(try await source.credential(refresh: true).authorization == "Bearer second")
        try fixture.write("token", "third")
        fixture.advance(.seconds(10))
        #expect(try await source.credential(refresh: false).authorization == "Bearer third")
        try fixture.remove("token")
        fixture.advance(.seconds(60))
        #expect(try await source.credential(refresh: false).authorization == "Bearer third")
    }

    @Test(arguments: ["", " \n", "a b", "é"])
    func whatIsNoTokenIsAnError(_ text: String) async throws {
        let fixture = try CredentialFixture()
        let path = try fixture.write("token", text)
        let error = await #expect(throws: CredentialError.self) {
            try await TokenFileCredential(path: path, clock: fixture.clock).credential(refresh: false)
        }
        #expect(error?.description.contains(path) == true)
        let fallback = TokenFileCredential(path: path, fallback: "spare", clock: fixture.clock)
        #expect(try await fallback.credential(refresh: false).authorization == "Bearer spare")
    }

    @Test func certificateFilesAreReadAgain() async throws {
        let fixture = try CredentialFixture()
        let one = try fixture.writePEM("tls.crt", "one")
        let source = CertificateFilesCredential(
            certificate: .file(fixture.directory + "/tls.crt"), key: .data([1, 2, 3]), clock: fixture.clock)
        let first = try await source.credential(refresh: false)
        #expect(first.clientCertificate == ClientCertificate(certificate: one, key: [1, 2, 3]))
        try fixture.writePEM("tls.crt", "two")
        fixture.advance(.seconds(10))
        #expect(try await source.credential(refresh: false) != first)
    }

    @Test func aCertificateAuthorityFollowsItsFile() async throws {
        let fixture = try CredentialFixture()
        let one = try fixture.writePEM("ca.crt", "one")
        let authority = CertificateAuthority(path: fixture.directory + "/ca.crt", clock: fixture.clock)
        #expect(try await authority.certificates() == one)
        let two = try fixture.writePEM("ca.crt", "two")
        fixture.advance(.seconds(10))
        #expect(try await authority.certificates() == two)
        try fixture.write("ca.crt", "half a cert")
        fixture.advance(.seconds(10))
        #expect(try await authority.certificates() == two)
        #expect(try await CertificateAuthority(data: [7]).certificates() == [7])
    }

    @Test func filesAreBounded() async throws {
        let fixture = try CredentialFixture()
        let marker = "-----BEGIN CERTIFICATE-----"
        let filling = String(repeating: "x", count: (1 << 20) - marker.utf8.count)
        let path = try fixture.write("ca.crt", marker + filling)
        #expect(try await CertificateAuthority(path: path).certificates().count == 1 << 20)
        try fixture.write("ca.crt", String(repeating: "x", count: 1 << 20) + "x")
        for path in [path, fixture.directory, "/dev/zero", fixture.directory + "/missing"] {
            let error = await #expect(throws: CredentialError.self) {
                try await CertificateAuthority(path: path).certificates()
            }
            #expect(error?.description.hasPrefix("cannot read \(path): ") == true)
        }
    }

    @Test func layersFillEachOther() async throws {
        let pair = ClientCertificate(certificate: [1], key: [2])
        let layers = LayeredCredentials([
            StaticCredential(Credential(clientCertificate: pair)),
            StaticCredential(Credential(bearerToken: "first")),
            StaticCredential(Credential(bearerToken: "second")),
        ])
        #expect(
            try await layers.credential(refresh: false)
                == Credential(authorization: "Bearer first", clientCertificate: pair))
    }

    @Test func descriptionsHoldNoSecret() {
        let credential = Credential(
            authorization: "Bearer hush",
            clientCertificate: ClientCertificate(certificate: [1], key: Array("hush".utf8)))
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), "\([credential])", dumped] {
            #expect(!text.contains("hush"))
            #expect(!text.contains("104"))
        }
        #expect(credential.description == "Credential(Bearer, client certificate)")
        #expect(Credential(username: "a", password: "b").authorization == "Basic YTpi")
    }
}
