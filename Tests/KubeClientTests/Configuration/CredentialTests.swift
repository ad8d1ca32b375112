import Foundation
import Testing

@testable import KubeClient

/// A directory that is deleted after the test, and a clock that the test controls.
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

    /// Writes a file in PEM syntax with an arbitrary body and returns its bytes.
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
    @Test func `rereads a token file`() async throws {
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
    func `rejects a file without a valid token`(_ text: String) async throws {
        let fixture = try CredentialFixture()
        let path = try fixture.write("token", text)
        let error = await #expect(throws: CredentialError.self) {
            try await TokenFileCredential(path: path, clock: fixture.clock).credential(refresh: false)
        }
        #expect(error?.description.contains(path) == true)
        let fallback = TokenFileCredential(path: path, fallback: "spare", clock: fixture.clock)
        #expect(try await fallback.credential(refresh: false).authorization == "Bearer spare")
    }

    @Test func `rereads certificate files`() async throws {
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

    @Test func `rereads the file of a certificate authority`() async throws {
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

    @Test func `rejects files that are too large or not regular`() async throws {
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

    @Test func `combines the parts of several sources`() async throws {
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

    @Test func `descriptions contain no secrets`() {
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

@Suite final class RefreshStateTests {
    private let start = Timestamp(seconds: 1_000_000)
    private var state = RefreshState<String>(minimumInterval: .seconds(10))

    private func ask(_ waiter: UInt64, refresh: Bool = false, at now: Timestamp) -> String {
        switch state.request(waiter, refresh: refresh, now: now) {
        case .value(let value): value
        case .failure: "failure"
        case .wait(startsLoad: true): "load"
        case .wait(startsLoad: false): "wait"
        }
    }

    private func loaded(
        _ value: String, refreshAt: Timestamp? = nil, usableUntil: Timestamp? = nil
    ) -> Result<RefreshState<String>.Loaded, CredentialError> {
        .success(.init(value: value, refreshAt: refreshAt, usableUntil: usableUntil))
    }

    private let broken: Result<RefreshState<String>.Loaded, CredentialError> = .failure(.unavailable("broken"))

    @Test func `one load serves all waiting requests`() {
        #expect(ask(1, at: start) == "load")
        #expect(ask(2, at: start) == "wait")
        #expect(ask(3, refresh: true, at: start) == "wait")
        let abandoned = [state.abandon(2), state.abandon(2)]
        #expect(abandoned == [true, false])
        let answers = state.finish(loaded("a"), now: start)
        #expect(Set(answers.map(\.waiter)) == [1, 3])
        #expect(answers.allSatisfy { $0.answer == .success("a") })
        #expect(ask(4, at: start + .seconds(1_000_000)) == "a")
    }

    @Test func `serves the old value during a reload`() {
        _ = ask(1, at: start)
        let due = start + .seconds(60)
        _ = state.finish(loaded("a", refreshAt: due, usableUntil: due + .seconds(5)), now: start)
        #expect(ask(2, at: due - .seconds(1)) == "a")
        #expect(ask(3, at: due) == "load")
        #expect(ask(4, at: due) == "a")
        let answer = state.finish(broken, now: due).first?.answer
        #expect(answer == .success("a"))
        #expect(ask(5, at: due) == "a")
        #expect(ask(6, at: due + .seconds(3)) == "load")
        #expect(ask(7, at: due + .seconds(5)) == "wait")
        for answer in state.finish(broken, now: due + .seconds(6)) {
            #expect(answer.answer == .failure(.unavailable("broken")))
        }
    }

    @Test func `reloads a rejected value once for all requests`() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a"), now: start)
        #expect(ask(2, refresh: true, at: start + .seconds(9)) == "a")
        #expect(ask(3, refresh: true, at: start + .seconds(10)) == "load")
        #expect(ask(4, refresh: true, at: start + .seconds(10)) == "wait")
        let answers = state.finish(loaded("b"), now: start + .seconds(11))
        #expect(answers.count == 2)
        #expect(ask(5, refresh: true, at: start + .seconds(12)) == "b")
    }

    @Test func `does not serve a rejected value if the reload fails`() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a"), now: start)
        let later = start + .seconds(20)
        #expect(ask(2, refresh: true, at: later) == "load")
        let answer = state.finish(broken, now: later).first?.answer
        #expect(answer == .failure(.unavailable("broken")))
        #expect(ask(3, refresh: true, at: later) == "failure")
        #expect(ask(4, at: later) == "a")
    }

    @Test func `caches a failure briefly`() {
        _ = ask(1, at: start)
        _ = state.finish(broken, now: start)
        #expect(ask(2, at: start + .seconds(1)) == "failure")
        #expect(ask(3, at: start + .seconds(2)) == "load")
    }

    @Test func `reloads if the clock was set back`() {
        _ = ask(1, at: start)
        _ = state.finish(loaded("a", refreshAt: start + .seconds(10)), now: start)
        #expect(ask(2, at: start - .seconds(3600)) == "load")
    }
}
