import Foundation
import KubeClient
import Testing

/// TLS against `openssl s_server`, with certificates made for the occasion.
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

    @Test func checksTheServersCertificate() async throws {
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

    @Test func anotherNameIsCheckedInPlaceOfTheHost() async throws {
        let fixture = try await TLSFixture(subject: "kubernetes", alternative: "DNS:kubernetes")
        defer { fixture.stop() }
        let authority = CertificateAuthority(data: try fixture.file("ca.pem"))
        let named = TLSConfiguration(certificateAuthority: authority, serverName: "kubernetes")
        #expect(try await status(fixture, named) == 200)
        #expect(await failure { try await status(fixture, TLSConfiguration(certificateAuthority: authority)) } == .tls)
        let wrong = TLSConfiguration(certificateAuthority: authority, serverName: "elsewhere")
        #expect(await failure { try await status(fixture, wrong) } == .tls)
    }

    @Test func presentsAClientCertificate() async throws {
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
