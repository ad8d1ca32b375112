import Foundation
import KubeClient
import Testing

/// TLS against `openssl s_server`, with new certificates.
@Suite(.enabled(if: TLSFixture.isPossible, "needs the openssl command"))
struct CurlTransportTLSTests {
    private func status(_ fixture: TLSFixture, _ tls: TLSConfiguration, _ credential: Credential = .none) async throws
        -> Int
    {
        let configuration = ClusterConfiguration(
            server: "https://127.0.0.1:\(fixture.port)", tls: tls, credentials: StaticCredential(credential),
            origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "towline/test")
        do {
            let status = try await transport.send(HTTPRequest(.get, "/", timeout: .seconds(10))).status
            await transport.shutdown()
            return status
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    private func failure(_ body: () async throws -> Int) async -> TransportError.Kind? {
        do {
            _ = try await body()
            return nil
        } catch {
            return (error as? TransportError)?.kind
        }
    }

    @Test func `verifies the server's certificate`() async throws {
        let fixture = try await TLSFixture(subject: "127.0.0.1", alternative: "IP:127.0.0.1")
        defer { fixture.stop() }
        let authority = CertificateAuthority(data: try fixture.file("ca.pem"))
        #expect(try await status(fixture, TLSConfiguration(certificateAuthority: authority)) == 200)
        #expect(try await status(fixture, TLSConfiguration(skipsVerification: true)) == 200)
        #expect(await failure { try await status(fixture, TLSConfiguration()) } == .tls)
        let other = CertificateAuthority(data: try fixture.file("other.pem"))
        #expect(await failure { try await status(fixture, TLSConfiguration(certificateAuthority: other)) } == .tls)
        let nonsense = CertificateAuthority(data: Array("no certificate".utf8))
        #expect(await failure { try await status(fixture, TLSConfiguration(certificateAuthority: nonsense)) } == .tls)
    }

    @Test func `verifies the server name instead of the host`() async throws {
        let fixture = try await TLSFixture(subject: "kubernetes", alternative: "DNS:kubernetes")
        defer { fixture.stop() }
        let authority = CertificateAuthority(data: try fixture.file("ca.pem"))
        let named = TLSConfiguration(certificateAuthority: authority, serverName: "kubernetes")
        #expect(try await status(fixture, named) == 200)
        #expect(await failure { try await status(fixture, TLSConfiguration(certificateAuthority: authority)) } == .tls)
        let wrong = TLSConfiguration(certificateAuthority: authority, serverName: "elsewhere")
        #expect(await failure { try await status(fixture, wrong) } == .tls)
    }

    @Test func `presents a client certificate`() async throws {
        let fixture = try await TLSFixture(subject: "127.0.0.1", alternative: "IP:127.0.0.1", asksForClient: true)
        defer { fixture.stop() }
        let tls = TLSConfiguration(certificateAuthority: CertificateAuthority(data: try fixture.file("ca.pem")))
        let pair = ClientCertificate(certificate: try fixture.file("server.pem"), key: try fixture.file("server.key"))
        #expect(try await status(fixture, tls, Credential(clientCertificate: pair)) == 200)
        #expect(await failure { try await status(fixture, tls) } != nil)
        let broken = ClientCertificate(certificate: pair.certificate, key: Array("no key".utf8))
        #expect(await failure { try await status(fixture, tls, Credential(clientCertificate: broken)) } == .tls)
    }
}

/// Tokens, certificates and authorities that change while a transport is in use.
@Suite(.enabled(if: TLSFixture.isPossible, "needs the openssl command"))
struct CurlTransportRotationTests {
    let files: CredentialFixture

    init() throws { files = try CredentialFixture() }

    private func install(_ name: String, _ bytes: [UInt8]) throws -> String {
        try files.write(name, String(decoding: bytes, as: UTF8.self))
    }

    private func transport(_ server: TLSFixture, _ credentials: any CredentialSource) throws -> CurlTransport {
        let authority = CertificateAuthority(path: files.directory + "/ca.pem", clock: files.clock)
        let configuration = ClusterConfiguration(
            server: "https://127.0.0.1:\(server.port)", tls: TLSConfiguration(certificateAuthority: authority),
            credentials: credentials, origin: "test")
        return try CurlTransport(configuration: configuration, userAgent: "towline/test")
    }

    /// The client's subject as the server reports it.
    private func client(_ transport: CurlTransport) async throws -> String {
        let response = try await transport.send(HTTPRequest(.get, "/", timeout: .seconds(10)))
        let page = String(decoding: response.body, as: UTF8.self)
        let line = page.split(whereSeparator: \.isNewline).last { $0.contains("Subject: CN") }
        return line.map { String($0.split(separator: "=").last ?? "").filter { $0 != " " } } ?? "anonymous"
    }

    @Test func `uses a renewed client certificate without a restart`() async throws {
        let server = try await TLSFixture(subject: "127.0.0.1", alternative: "IP:127.0.0.1", asksForClient: true)
        defer { server.stop() }
        try await server.issue("first")
        try await server.issue("second")
        _ = try install("ca.pem", try server.file("ca.pem"))
        let certificate = try install("tls.crt", try server.file("first.pem"))
        let key = try install("tls.key", try server.file("first.key"))
        let transport = try transport(
            server,
            CertificateFilesCredential(certificate: .file(certificate), key: .file(key), clock: files.clock))
        #expect(try await client(transport) == "first")

        _ = try install("tls.crt", try server.file("second.pem"))
        _ = try install("tls.key", try server.file("second.key"))
        #expect(try await client(transport) == "first", "files are not read for every request")
        files.advance(.seconds(10))
        #expect(try await client(transport) == "second")
        await transport.shutdown()
    }

    @Test func `trusts a new authority and no longer the old one`() async throws {
        let old = try await TLSFixture(subject: "127.0.0.1", alternative: "IP:127.0.0.1")
        defer { old.stop() }
        _ = try install("ca.pem", try old.file("other.pem"))
        let transport = try transport(old, StaticCredential(.none))
        await #expect(throws: TransportError.self) { try await client(transport) }

        _ = try install("ca.pem", try old.file("ca.pem"))
        files.advance(.seconds(10))
        #expect(try await client(transport) == "anonymous")

        // An incomplete file, or one without a certificate, changes nothing.
        try files.write("ca.pem", "half a fi")
        files.advance(.seconds(10))
        #expect(try await client(transport) == "anonymous")

        _ = try install("ca.pem", try old.file("other.pem"))
        files.advance(.seconds(10))
        await #expect(throws: TransportError.self) { try await client(transport) }
        await transport.shutdown()
    }
}
