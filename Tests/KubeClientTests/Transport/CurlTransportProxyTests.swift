import KubeClient
import Testing

@Suite(.timeLimit(.minutes(1))) struct CurlTransportProxyTests {
    private func transport(server: String, proxy: String?) throws -> CurlTransport {
        let configuration = ClusterConfiguration(server: server, proxyURL: proxy, origin: "test")
        return try CurlTransport(configuration: configuration, userAgent: "towline/test")
    }

    @Test func plainRequestsGoToTheProxyAsAWhole() async throws {
        let proxy = try RawServer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        let transport = try transport(server: "http://api.invalid:6443", proxy: "http://127.0.0.1:\(proxy.port)")
        let response = try await transport.send(HTTPRequest(.get, "/version"))
        #expect(response.body == Array("ok".utf8))
        #expect(proxy.requests.first?.hasPrefix("GET http://api.invalid:6443/version HTTP/1.1") == true)
        await transport.shutdown()
    }

    @Test func secureRequestsAskTheProxyForATunnel() async throws {
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

    @Test func socksProxiesAreSpokenTo() async throws {
        let proxy = try RawServer("never sent, since what a SOCKS client says has no empty line")
        let transport = try transport(server: "http://api.invalid:6443", proxy: "socks5://127.0.0.1:\(proxy.port)")
        await #expect { try await transport.send(HTTPRequest(.get, "/version", timeout: .seconds(1))) } throws: {
            ($0 as? TransportError)?.kind == .unreachable
        }
        await transport.shutdown()
        while proxy.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        #expect(proxy.requests.first?.utf8.first == 5, "the version of the protocol")
    }

    @Test func aProxyThatIsNotThereIsUnreachable() async throws {
        let transport = try transport(server: "http://127.0.0.1:1", proxy: "http://127.0.0.1:1")
        await #expect { try await transport.send(HTTPRequest(.get, "/version")) } throws: {
            ($0 as? TransportError)?.kind == .unreachable
        }
        await transport.shutdown()
    }
}
