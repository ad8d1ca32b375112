import Dispatch
import Glibc
import KubeClient
import KubeRuntime
import Testing

@Suite struct CurlTransportCredentialTests {
    /// A token that changes with each refresh, up to a limit.
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

    /// Runs `body` against a server that accepts one token; returns the number of requests to the server.
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

    @Test func `refreshes the credential once after a 401`() async throws {
        let token = RotatingToken(limit: 1)
        let requests = try await serving("token-1", token) { transport in
            for _ in 0..<2 {
                let response = try await transport.send(HTTPRequest(.post, "/"))
                #expect(response.status == 200)
            }
        }
        #expect(requests == 3)
    }

    @Test func `opens a stream with the refreshed credential`() async throws {
        let requests = try await serving("token-1", RotatingToken(limit: 1)) { transport in
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            let body = try await stream.body.next()
            #expect(stream.status == 200 && body == Array("ok".utf8))
        }
        #expect(requests == 2)
    }

    @Test func `returns a 401 after one refresh`() async throws {
        let requests = try await serving("other", RotatingToken(limit: 9)) { transport in
            let response = try await transport.send(HTTPRequest(.get, "/"))
            #expect(response.status == 401)
        }
        #expect(requests == 2)
    }

    @Test func `does not send an unchanged credential again`() async throws {
        let requests = try await serving("other", StaticCredential(Credential(bearerToken: "x"))) { transport in
            let response = try await transport.send(HTTPRequest(.get, "/"))
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            #expect(response.status == 401 && stream.status == 401)
        }
        #expect(requests == 2)
    }

    @Test func `sends nothing without a credential`() async throws {
        let requests = try await serving("x", NoCredential()) { transport in
            await #expect(throws: TransportError(.credential, "no token file")) {
                try await transport.send(HTTPRequest(.get, "/"))
            }
        }
        #expect(requests == 0)
    }
}

@Suite(.timeLimit(.minutes(1))) struct CurlTransportProxyTests {
    private func transport(server: String, proxy: String?) throws -> CurlTransport {
        let configuration = ClusterConfiguration(server: server, proxyURL: proxy, origin: "test")
        return try CurlTransport(configuration: configuration, userAgent: "towline/test")
    }

    @Test func `sends plain HTTP requests to the proxy`() async throws {
        let proxy = try RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let transport = try transport(server: "http://api.invalid:6443", proxy: "http://127.0.0.1:\(proxy.port)")
        let response = try await transport.send(HTTPRequest(.get, "/version"))
        #expect(response.body == Array("ok".utf8))
        #expect(proxy.requests.first?.hasPrefix("GET http://api.invalid:6443/version HTTP/1.1") == true)
        await transport.shutdown()
    }

    /// libcurl quotes a proxy's URL that it cannot use.
    @Test(arguments: [
        "http://jane:hunter2@a b:1", "http://jane:hunter2@127.0.0.1:99999", "http://jane:hunter2@127.0.0.1:x",
        "http://jane:hunter2/3@127.0.0.1:x", "https://jane:hunter2@[::g]:1", "socks5://jane:hunter2@:1",
        "http://jane:hunter2@127.0.0.1:1", "socks5://jane:hunter2@proxy.invalid:1",
    ])
    func `no error contains the password of a proxy`(_ proxy: String) async throws {
        let transport = try transport(server: "http://api.invalid:6443", proxy: proxy)
        let error = await #expect(throws: TransportError.self) {
            _ = try await transport.send(HTTPRequest(.get, "/version"))
        }
        let description = error.map { "\($0)" } ?? ""
        #expect(!description.isEmpty && !description.contains("hunter2"), "\(description)")
        await transport.shutdown()
    }

    @Test func `opens a tunnel through the proxy for HTTPS`() async throws {
        let proxy = try RawServer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        let transport = try transport(
            server: "https://api.invalid:6443", proxy: "http://user:word@127.0.0.1:\(proxy.port)")
        await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/version")) }
        let request = proxy.requests.first ?? ""
        #expect(request.hasPrefix("CONNECT api.invalid:6443 HTTP/1.1"))
        #expect(request.contains("Proxy-Authorization: Basic dXNlcjp3b3Jk"))
        #expect(!request.contains("/version"))
        await transport.shutdown()
    }

    @Test func `supports SOCKS proxies`() async throws {
        let proxy = try RawServer("never sent, since what a SOCKS client says has no empty line")
        let transport = try transport(server: "http://api.invalid:6443", proxy: "socks5://127.0.0.1:\(proxy.port)")
        await #expect { try await transport.send(HTTPRequest(.get, "/version", timeout: .seconds(1))) } throws: {
            ($0 as? TransportError)?.kind == .unreachable
        }
        await transport.shutdown()
        while proxy.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        #expect(proxy.requests.first?.utf8.first == 5, "the version of the protocol")
    }

    @Test func `a SOCKS proxy resolves the server's name`() async throws {
        let proxy = try SOCKSListener()
        let transport = try transport(server: "http://api.invalid:6443", proxy: "socks5://127.0.0.1:\(proxy.port)")
        await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/version")) }
        await transport.shutdown()
        // Version 5, connect, the length and the bytes of the name, and the port.
        #expect(proxy.request == [5, 1, 0, 3, 11] + Array("api.invalid".utf8) + [0x19, 0x2B])
    }

    @Test func `requests compression unless it is disabled`() async throws {
        for asks in [true, false] {
            let proxy = try RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            let configuration = ClusterConfiguration(
                server: "http://api.invalid:6443", proxyURL: "http://127.0.0.1:\(proxy.port)",
                asksForCompression: asks, origin: "test")
            let transport = try CurlTransport(configuration: configuration, userAgent: "towline/test")
            _ = try await transport.send(HTTPRequest(.get, "/version"))
            #expect(proxy.requests.first?.contains("Accept-Encoding: gzip") == asks)
            await transport.shutdown()
        }
    }

    @Test func `reports an unreachable proxy`() async throws {
        let transport = try transport(server: "http://127.0.0.1:1", proxy: "http://127.0.0.1:1")
        await #expect { try await transport.send(HTTPRequest(.get, "/version")) } throws: {
            ($0 as? TransportError)?.kind == .unreachable
        }
        await transport.shutdown()
    }
}

/// Records the request of a SOCKS client and closes the connection.
private final class SOCKSListener: Sendable {
    let port: UInt16
    private let received = Locked<[UInt8]>([])

    var request: [UInt8] { received.withLock { $0 } }

    init() throws {
        let (descriptor, boundPort) = try listenOnLoopback()
        port = boundPort
        let received = received
        DispatchQueue(label: "socks-listener").async {
            let client = accept(descriptor, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 512)
            // The methods of the client; the proxy chooses no authentication.
            _ = recv(client, &buffer, buffer.count, 0)
            _ = Glibc.send(client, [5, 0] as [UInt8], 2, Int32(MSG_NOSIGNAL))
            let count = recv(client, &buffer, buffer.count, 0)
            received.withLock { $0 = Array(buffer.prefix(max(0, count))) }
            close(client)
            close(descriptor)
        }
    }
}
