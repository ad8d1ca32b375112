import Glibc
import KubeRuntime
import Testing

@testable import KubeClient

/// Malformed and hostile responses.
@Suite struct CurlTransportResponseTests {
    private func transport(_ port: UInt16) throws -> CurlTransport {
        try CurlTransport(
            configuration: ClusterConfiguration(server: "http://127.0.0.1:\(port)", origin: "test"),
            userAgent: "towline/test (linux/any)")
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    ])
    func `a malformed response means a lost connection`(answer: String) async throws {
        let server = try RawServer(answer)
        let transport = try transport(server.port)
        let sent = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.post, "/")) }
        #expect(sent?.kind == .connectionLost)
        let opened = await #expect(throws: TransportError.self) {
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            while try await stream.body.next() != nil {}
        }
        #expect(opened?.kind == .connectionLost)
        // libcurl sends a request again only if a kept connection is dead.
        #expect(server.requests.count == 2)
        await transport.shutdown()
    }

    /// The error response announces more bytes than it sends and keeps the connection open.
    @Test func `times out on an endless error response to a watch`() async throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { _ in
            HTTPServerResponse(
                status: 503,
                body: .stream { writer in
                    try await writer.write(Array("busy".utf8))
                    try await Task.sleep(for: .seconds(100))
                })
        }
        let transport = try transport(server.port)
        var client = KubeClient(transport: transport)
        client.retry.limit = 0
        client.requestTimeout = .milliseconds(500)
        let start = ContinuousClock.now
        let type = ResourceType(group: "", version: "v1", plural: "pods", kind: "Pod")
        let error = await #expect(throws: KubeError.self) {
            _ = try await client.watch(type, namespace: nil, WatchOptions(start: .any)) {
                (cursor) throws(JSONError) in try cursor.skipValue()
            }
        }
        #expect(error?.isTransient == true)
        #expect(start.duration(to: .now) < .seconds(20))
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `does not follow redirects`() async throws {
        let server = try RawServer("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
        let transport = try transport(server.port)
        #expect(try await transport.send(HTTPRequest(.get, "/")).status == 302)
        await transport.shutdown()
    }

    @Test func `skips interim responses`() async throws {
        let text = "HTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\nHTTP/1.1 200 OK\r\nX-B: 2\r\nContent-Length: 2\r\n\r\nok"
        let server = try RawServer(text)
        let transport = try transport(server.port)
        let response = try await transport.send(HTTPRequest(.get, "/"))
        #expect(response.status == 200 && response.headers["X-A"] == nil && response.headers["x-b"] == "2")
        let stream = try await transport.open(HTTPRequest(.get, "/"))
        #expect(stream.status == 200)
        #expect(try await stream.body.next() == Array("ok".utf8))
        await transport.shutdown()
    }

    /// The place of the endless lines of a head.
    enum EndlessHead: CaseIterable {
        case answer, interimAnswers, trailers

        /// Slightly more than the limit; the limit of libcurl is 300 KB.
        var text: String {
            func lines(_ count: Int) -> String {
                String(repeating: "X: \(String(repeating: "y", count: 995))\r\n", count: count)
            }
            switch self {
            case .answer: return "HTTP/1.1 200 OK\r\n" + lines(270) + "Content-Length: 0\r\n\r\n"
            case .interimAnswers:
                return String(repeating: "HTTP/1.1 103 Early Hints\r\n\(lines(10))\r\n", count: 27)
                    + "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            case .trailers:
                return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + lines(270) + "\r\n"
            }
        }
    }

    @Test(arguments: EndlessHead.allCases) func `rejects an endless head`(_ head: EndlessHead) async throws {
        let server = try RawServer(head.text)
        let transport = try transport(server.port)
        let error = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/")) }
        #expect(error?.kind == .tooLarge)
        #expect(error?.message.contains("256 KiB") == true)
        await transport.shutdown()
    }
}

@Suite struct ServerAddressTests {
    @Test(arguments: [
        ("https://10.0.0.1:6443", "https://10.0.0.1:6443/x"), ("https://h", "https://h:443/x"),
        ("http://h/", "http://h:80/x"),
        ("https://[::1]:8443/k8s/clusters/c-1/", "https://[::1]:8443/k8s/clusters/c-1/x"),
    ])
    func `URLs start with the address`(text: String, url: String) throws {
        #expect(try ServerAddress(text).url("/x", naming: nil) == url)
    }

    @Test func `replaces the host with the server name`() throws {
        #expect(try ServerAddress("https://10.0.0.1:6443/p").url("/x", naming: "api") == "https://api:6443/p/x")
    }

    @Test(arguments: [
        "", "h:1", "ftp://h", "https://", "https://:1", "https://h:0", "https://h:99999", "https://h:x",
        "https://u:p@h",
        "https://h?x", "https://h#x", "https://::1:443", "https://[::1", "https://[::1]x", "https://h h", "https://ü",
    ])
    func `rejects invalid addresses`(text: String) {
        let error = #expect(throws: TransportError.self) { try ServerAddress(text) }
        #expect(error?.kind == .invalidRequest)
    }

    @Test func `recognizes loopback addresses`() throws {
        let addresses = try ["http://127.0.0.1:1", "http://[::1]:1", "https://10.0.0.1"].map { try ServerAddress($0) }
        #expect(addresses.map(\.isLoopback) == [true, true, false])
    }
}

@Suite struct TCPKeepAliveTests {
    /// The sum of these values is the longest time to detect a dead peer.
    @Test func `sets the keep-alive options of the socket`() {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        TCPKeepAlive.enable(on: descriptor)
        func option(_ level: Int32, _ name: Int32) -> Int32 {
            var value: Int32 = -1
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, name, &value, &size)
            return value
        }
        let tcp = Int32(IPPROTO_TCP)
        #expect(option(SOL_SOCKET, SO_KEEPALIVE) == 1)
        let idle = option(tcp, TCP_KEEPIDLE)
        let interval = option(tcp, TCP_KEEPINTVL)
        let limit = option(tcp, TCP_USER_TIMEOUT) / 1000
        #expect(idle == 10 && interval == 5 && limit == 15)
        #expect(max(idle + interval, limit) + interval <= 30)
    }
}
