import Foundation
import KubeClient
import KubeRuntime
import Testing

@Suite struct CurlTransportTests {
    private func transport(
        _ port: UInt16, host: String = "127.0.0.1", credentials: any CredentialSource = StaticCredential(.none),
        impersonation: Impersonation? = nil
    ) throws -> CurlTransport {
        let configuration = ClusterConfiguration(
            server: "http://\(host):\(port)/prefix", credentials: credentials, impersonation: impersonation,
            origin: "test")
        return try CurlTransport(configuration: configuration, userAgent: "towline/test (linux/any)")
    }

    private func server(_ handler: @escaping HTTPServer.Handler) throws -> HTTPServer {
        try HTTPServer(host: "127.0.0.1", port: 0, handler: handler)
    }

    /// A body of 64 KiB pieces that counts how many were sent.
    private func flood(pieces: Int, _ taken: Locked<Int>) -> HTTPServerResponse {
        HTTPServerResponse(
            status: 200,
            body: .stream { writer in
                for _ in 0..<pieces {
                    try await writer.write([UInt8](repeating: 0x78, count: 64 << 10))
                    taken.withLock { $0 += 1 }
                }
            })
    }

    private let echo: HTTPServer.Handler = { request in
        let headers = request.headers.fields.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        return .text(
            "\(request.method) \(request.path)\n\(headers)\n\n\(String(decoding: request.body, as: UTF8.self))")
    }

    @Test func `sends method, target, headers and body`() async throws {
        let server = try server(echo)
        let transport = try transport(
            server.port,
            impersonation: Impersonation(
                user: "jane", uid: "7", groups: ["a", "b"], extra: ["Example.com/x y": ["1"]]))
        var request = HTTPRequest(.patch, "/api/v1/pods?a=b%20c")
        request.body = Array("{}".utf8)
        request.contentType = "application/merge-patch+json"
        request.headers.append("X-Empty", "")
        let response = try await transport.send(request)
        #expect(response.status == 200 && response.headers["content-type"] == "text/plain; charset=utf-8")
        #expect(
            String(decoding: response.body, as: UTF8.self) == """
                PATCH /prefix/api/v1/pods
                Host: 127.0.0.1:\(server.port)
                User-Agent: towline/test (linux/any)
                Accept: application/json
                Content-Type: application/merge-patch+json
                Impersonate-User: jane
                Impersonate-Uid: 7
                Impersonate-Group: a
                Impersonate-Group: b
                Impersonate-Extra-example.com%2Fx%20y: 1
                X-Empty: \("")
                Content-Length: 2

                {}
                """)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test(arguments: [HTTPMethod.get, .post, .put, .patch, .delete])
    func `sends every method unchanged`(method: HTTPMethod) async throws {
        let server = try server { .text("\($0.method) \($0.body.count)") }
        let transport = try transport(server.port)
        for size in [0, 10, 0, 2 << 20] {
            var request = HTTPRequest(method, "/")
            request.body = [UInt8](repeating: 0x20, count: size)
            let body = String(decoding: try await transport.send(request).body, as: UTF8.self)
            #expect(body == "\(method.rawValue) \(size)")
        }
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `matches concurrent requests with their responses`() async throws {
        let server = try server { .text($0.path) }
        let transport = try transport(server.port)
        let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
            for index in 0..<200 {
                group.addTask {
                    let response = try await transport.send(HTTPRequest(.get, "/\(index)"))
                    return String(decoding: response.body, as: UTF8.self) == "/prefix/\(index)"
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 200 && answers.allSatisfy { $0 })
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `cancellation ends a hanging request immediately`() async throws {
        let (started, signal) = AsyncStream<Void>.makeStream()
        let server = try server { _ in
            signal.yield()
            try? await Task.sleep(for: .seconds(100))
            return .text("late")
        }
        let transport = try transport(server.port)
        let unary = Task { try await transport.send(HTTPRequest(.get, "/")) }
        let opening = Task { try await transport.open(HTTPRequest(.get, "/")) }
        var starts = started.makeAsyncIterator()
        await starts.next()
        await starts.next()
        let begin = ContinuousClock.now
        unary.cancel()
        opening.cancel()
        #expect((await unary.result).transportFailure == .cancelled)
        #expect((await opening.result).transportFailure == .cancelled)
        #expect(ContinuousClock.now - begin < .seconds(5))
        // A task that is already canceled does not send anything.
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await transport.send(HTTPRequest(.get, "/"))
        }
        #expect((await late.result).transportFailure == .cancelled)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `requests and streams time out`() async throws {
        let server = try server { _ in
            try? await Task.sleep(for: .seconds(100))
            return .text("late")
        }
        let transport = try transport(server.port)
        let request = HTTPRequest(.get, "/", timeout: .milliseconds(50))
        let sent = await #expect(throws: TransportError.self) { try await transport.send(request) }
        #expect(sent?.kind == .timedOut)
        let opened = await #expect(throws: TransportError.self) { try await transport.open(request) }
        #expect(opened?.kind == .timedOut)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `a stream continues after the timeout of its head`() async throws {
        let server = try server { _ in
            HTTPServerResponse(
                status: 200, headers: ["X-A": "b"],
                body: .stream { writer in
                    try await writer.write(Array("one".utf8))
                    try await Task.sleep(for: .milliseconds(700))
                    try await writer.write(Array("two".utf8))
                })
        }
        let transport = try transport(server.port)
        var opened: HTTPStream?
        for _ in 0..<40 where opened == nil {
            // On a busy machine the head can time out.
            opened = try? await transport.open(HTTPRequest(.get, "/", timeout: .milliseconds(500)))
        }
        let stream = try #require(opened)
        #expect(stream.status == 200 && stream.headers["x-a"] == "b")
        #expect(try await stream.body.next() == Array("one".utf8))
        #expect(try await stream.body.next() == Array("two".utf8))
        #expect(try await stream.body.next() == nil)
        #expect(try await stream.body.next() == nil)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `a slow reader slows down the server`() async throws {
        let taken = Locked(0)
        let pieces = 400
        let server = try server { _ in flood(pieces: pieces, taken) }
        let transport = try transport(server.port)
        let stream = try await transport.open(HTTPRequest(.get, "/"))
        // The kernel buffers some megabytes; then the count stops.
        var last = -1
        var standstills = 0
        for _ in 0..<600 where standstills < 20 {
            try await Task.sleep(for: .milliseconds(10))
            let count = taken.withLock { $0 }
            standstills = count == last && count > 0 ? standstills + 1 : 0
            last = count
        }
        #expect(standstills == 20 && last < 300, "\(last) pieces of 64 KiB")
        var total = 0
        var largest = 0
        while let bytes = try await stream.body.next() {
            total += bytes.count
            largest = max(largest, bytes.count)
        }
        #expect(total == pieces * 64 << 10)
        #expect(largest <= 80 << 10, "the transport held \(largest) bytes")
        await transport.shutdown()
        await server.shutdown()
    }

    /// The kernel's buffers count as memory of the pod, and grow while a stream is read fast.
    @Test func `the kernel buffers little of a stream that is no longer read`() async throws {
        let taken = Locked(0)
        let pieces = 1_000
        let server = try HTTPServer(
            host: "127.0.0.1", port: 0, limits: HTTPServerLimits(socketBuffer: 64 << 10)
        ) { _ in flood(pieces: pieces, taken) }
        let transport = try transport(server.port)
        let stream = try await transport.open(HTTPRequest(.get, "/"))
        var total = 0
        while total < 20 << 20, let bytes = try await stream.body.next() { total += bytes.count }
        var last = -1
        var standstills = 0
        for _ in 0..<600 where standstills < 20 {
            try await Task.sleep(for: .milliseconds(10))
            let count = taken.withLock { $0 }
            standstills = count == last ? standstills + 1 : 0
            last = count
        }
        #expect(last * (64 << 10) - total < 2 << 20, "\(last) pieces of 64 KiB after \(total) bytes")
        stream.body.cancel()
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `releasing a stream ends it`() async throws {
        let (gone, signal) = AsyncStream<Void>.makeStream()
        let server = try server { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([0x78])
                    try? await Task.sleep(for: .seconds(100))
                    signal.yield()
                })
        }
        let transport = try transport(server.port)
        var ends = gone.makeAsyncIterator()
        do {
            let stream = try await transport.open(HTTPRequest(.get, "/"))
            #expect(try await stream.body.next() == [0x78])
        }
        await ends.next()
        let stream = try await transport.open(HTTPRequest(.get, "/"))
        #expect(try await stream.body.next() == [0x78])
        let reader = Task { try await stream.body.next() }
        stream.body.cancel()
        #expect((await reader.result).transportFailure == .cancelled)
        await ends.next()
        await transport.shutdown()
        await server.shutdown()
    }

    /// The ports of the clients that are connected to a local port.
    private func clients(of port: UInt16) throws -> Set<UInt16> {
        // The kernel says that the file is empty, so it is read to its end.
        let file = try #require(FileHandle(forReadingAtPath: "/proc/net/tcp"))
        let table = try #require(try file.readToEnd())
        let rows = String(decoding: table, as: UTF8.self).split(separator: "\n").dropFirst()
        let established = rows.map { $0.split(separator: " ") }.filter { $0.count > 3 && $0[3] == "01" }
        let ends = established.map { row in [row[1], row[2]].map { UInt16($0.suffix(4), radix: 16) } }
        return Set(ends.filter { $0[0] == port }.compactMap { $0[1] })
    }

    /// More streams than connections are kept for other requests.
    @Test func `requests share a connection beside many streams`() async throws {
        let server = try server { request in
            guard request.path.hasSuffix("/stream") else { return .text("") }
            return HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write([0x78])
                    try? await Task.sleep(for: .seconds(100))
                })
        }
        let transport = try transport(server.port)
        var streams: [HTTPStream] = []
        for _ in 0..<40 {
            let stream = try await transport.open(HTTPRequest(.get, "/stream"))
            #expect(try await stream.body.next() == [0x78])
            streams.append(stream)
        }
        var seen: Set<UInt16> = []
        for _ in 0..<10 {
            _ = try await transport.send(HTTPRequest(.get, "/"))
            seen.formUnion(try clients(of: server.port))
        }
        #expect(seen.count == 41)
        for stream in streams { stream.body.cancel() }
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `reports an unreachable server`() async throws {
        let server = try server(echo)
        let port = server.port
        await server.shutdown()
        let transport = try transport(port)
        let error = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/")) }
        #expect(error?.kind == .unreachable)
        #expect(error?.message.hasPrefix("127.0.0.1:\(port): ") == true)
        await transport.shutdown()
    }

    @Test func `rejects an endless body`() async throws {
        let server = try server { _ in flood(pieces: 1100, Locked(0)) }
        let transport = try transport(server.port)
        let error = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/")) }
        #expect(error?.kind == .tooLarge)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `shutdown cancels requests in flight`() async throws {
        let (started, signal) = AsyncStream<Void>.makeStream()
        let server = try server { _ in
            signal.yield()
            try? await Task.sleep(for: .seconds(100))
            return .text("late")
        }
        let transport = try transport(server.port)
        let hung = Task { try await transport.send(HTTPRequest(.get, "/")) }
        _ = await started.first { _ in true }
        await transport.shutdown()
        #expect((await hung.result).transportFailure == .cancelled)
        let late = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/")) }
        #expect(late?.kind == .cancelled)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test(arguments: ["pods", "/a b", "/a\r\nX: y", "/ü"])
    func `does not send malformed targets`(target: String) async throws {
        let transport = try transport(1)
        let error = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, target)) }
        #expect(error?.kind == .invalidRequest)
        await transport.shutdown()
    }

    @Test func `rejects headers with line breaks`() async throws {
        let transport = try transport(1, credentials: StaticCredential(Credential(authorization: "Bearer a\r\nX: y")))
        let error = await #expect(throws: TransportError.self) { try await transport.send(HTTPRequest(.get, "/")) }
        #expect(error == TransportError(.invalidRequest, "the header \"Authorization\" contains control characters"))
        await transport.shutdown()
    }
}

extension Result {
    /// The error of a failed request.
    var transportFailure: TransportError.Kind? {
        if case .failure(let error) = self { (error as? TransportError)?.kind } else { nil }
    }
}
