import KubeClient
import KubeRuntime
import Testing

@Suite struct CurlTransportCredentialTests {
    /// A token that changes with each refresh, at most so often, and then fails where told to.
    private final class RotatingToken: CredentialSource {
        let refreshes = Locked(0)
        private let limit: Int

        init(limit: Int) {
            self.limit = limit
        }

        func credential(refresh: Bool) async throws(CredentialError) -> Credential {
            let version = refreshes.withLock { count in
                if refresh, count < limit { count += 1 }
                return count
            }
            return Credential(bearerToken: "token-\(version)")
        }
    }

    private struct NoCredential: CredentialSource {
        func credential(refresh: Bool) async throws(CredentialError) -> Credential {
            throw .unavailable("no token file")
        }
    }

    /// Runs a body against a server that accepts one token, and returns how many requests reached it.
    private func serving(
        _ accepted: String, _ credentials: any CredentialSource, _ body: (CurlTransport) async throws -> Void
    ) async throws -> Int {
        let count = Locked(0)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            count.withLock { $0 += 1 }
            let isAccepted = request.headers["Authorization"] == "Bearer \(accepted)"
            return .text(isAccepted ? "ok" : "no", status: isAccepted ? 200 : 401)
        }
        let configuration = ClusterConfiguration(
            server: "http://127.0.0.1:\(server.port)", credentials: credentials, origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "towline/test")
        try await body(transport)
        await transport.shutdown()
        await server.shutdown()
        return count.withLock { $0 }
    }

    @Test func a401RefreshesTheCredentialOnce() async throws {
        let token = RotatingToken(limit: 1)
        let requests = try await serving("token-1", token) { transport in
            for _ in 0..<2 {
                let response = try await transport.send(HTTPRequest(.post, "/"))
                #expect(response.status == 200)
            }
        }
        #expect(requests == 3)
    }

    @Test func aStreamIsOpenedWithTheFreshCredential() async throws {
        let requests = try await serving("token-1", RotatingToken(limit: 1)) { transport in
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            let body = try await stream.body.next()
            #expect(stream.status == 200 && body == Array("ok".utf8))
        }
        #expect(requests == 2)
    }

    @Test func aRefusalThatLastsIsReturned() async throws {
        let requests = try await serving("other", RotatingToken(limit: 9)) { transport in
            let response = try await transport.send(HTTPRequest(.get, "/"))
            #expect(response.status == 401)
        }
        #expect(requests == 2)
    }

    @Test func anUnchangedCredentialIsNotSentAgain() async throws {
        let requests = try await serving("other", StaticCredential(Credential(bearerToken: "x"))) { transport in
            let response = try await transport.send(HTTPRequest(.get, "/"))
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            #expect(response.status == 401 && stream.status == 401)
        }
        #expect(requests == 2)
    }

    @Test func withoutACredentialNothingIsSent() async throws {
        let requests = try await serving("x", NoCredential()) { transport in
            await #expect(throws: TransportError(.credential, "no token file")) {
                try await transport.send(HTTPRequest(.get, "/"))
            }
        }
        #expect(requests == 0)
    }
}
