import Foundation
import KubeClient
import KubeRuntime
import Testing

@Suite struct HTTPServerTests {
    private func server(
        idleTimeout: Duration = .seconds(60), _ handler: @escaping HTTPServer.Handler
    ) throws -> HTTPServer {
        let limits = HTTPServerLimits(
            body: 1000, idleTimeout: idleTimeout, requestTimeout: idleTimeout, answerTimeout: idleTimeout)
        return try HTTPServer(host: "127.0.0.1", port: 0, limits: limits, handler: handler)
    }

    private let echo: HTTPServer.Handler = { request in
        .text("\(request.method) \(request.path) \(String(decoding: request.body, as: UTF8.self))")
    }

    @Test func `answers several requests on one connection`() async throws {
        let server = try server(echo)
        let socket = try TestSocket(port: server.port)
        socket.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(
            await socket.read(until: "GET /a ")
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n\r\nGET /a ")
        socket.send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok")
        #expect(await socket.read(until: "POST /b ok").hasSuffix("\r\n\r\nPOST /b ok"))
        socket.send("HEAD /c HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        #expect(await socket.readAll().hasSuffix("Content-Length: 8\r\nConnection: close\r\n\r\n"))
        await server.shutdown()
    }

    @Test func `answers pipelined requests in order`() async throws {
        let server = try server(echo)
        let socket = try TestSocket(port: server.port)
        let requests = (0..<100).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
        socket.send(requests + "GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let answers = await socket.readAll().components(separatedBy: "\r\n\r\n").compactMap { part in
            part.hasPrefix("GET ") ? part.split(separator: " ")[1].description : nil
        }
        #expect(answers == (0..<100).map { "/\($0)" } + ["/end"])
        await server.shutdown()
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", "HTTP/1.1 400 "), ("GET / HTTP/3.0\r\nHost: h\r\n\r\n", "HTTP/1.1 505 "),
        (
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n\(String(repeating: "x", count: 1001))",
            "HTTP/1.1 413 "
        ),
        ("GET /\(String(repeating: "x", count: 40_000)) HTTP/1.1\r\n", "HTTP/1.1 431 "),
    ])
    func `answers a malformed request and closes the connection`(request: String, answer: String) async throws {
        let server = try server(echo)
        let socket = try TestSocket(port: server.port)
        socket.send(request)
        let text = await socket.readAll()
        #expect(text.hasPrefix(answer) && text.contains("Connection: close"))
        await server.shutdown()
    }

    @Test func `sends 100 Continue`() async throws {
        let server = try server(echo)
        let socket = try TestSocket(port: server.port)
        socket.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(await socket.read(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
        socket.send("ok")
        #expect(await socket.read(until: "ok").hasSuffix("POST / ok"))
        await server.shutdown()
    }

    @Test func `streams in chunks and keeps the connection`() async throws {
        let server = try server { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("one".utf8))
                    try await writer.write([])
                    try await writer.write(Array("sixteen letters!".utf8))
                })
        }
        let socket = try TestSocket(port: server.port)
        for _ in 0..<2 {
            socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(
                await socket.read(until: "0\r\n\r\n")
                    == "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n10\r\nsixteen letters!\r\n0\r\n\r\n"
            )
        }
        let old = try TestSocket(port: server.port)
        old.send("GET / HTTP/1.0\r\n\r\n")
        #expect(await old.readAll() == "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonesixteen letters!")
        await server.shutdown()
    }

    @Test func `an aborted stream has no last chunk`() async throws {
        struct Broken: Error {}
        let server = try server { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("one".utf8))
                    throw Broken()
                })
        }
        let socket = try TestSocket(port: server.port)
        socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(await socket.readAll().hasSuffix("3\r\none\r\n"))
        await server.shutdown()
    }

    @Test func `a client that does not read suspends the writer`() async throws {
        let written = Locked(0)
        let server = try server { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    for _ in 0..<300 {
                        try await writer.write([UInt8](repeating: 0x78, count: 64 << 10))
                        written.withLock { $0 += 1 }
                    }
                })
        }
        let socket = try TestSocket(port: server.port, receiveBuffer: 4096)
        socket.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        // The kernel accepts some megabytes; then the count stops.
        var last = -1
        var standstills = 0
        for _ in 0..<600 where standstills < 20 {
            try await Task.sleep(for: .milliseconds(10))
            let count = written.withLock { $0 }
            standstills = count == last && count > 0 ? standstills + 1 : 0
            last = count
        }
        #expect(standstills == 20 && last < 150, "\(last) pieces of 64 KiB")
        let body = await socket.readAll()
        #expect(body.utf8.count > 300 * 64 << 10 && body.hasSuffix("0\r\n\r\n"))
        await server.shutdown()
    }

    @Test func `a stream fails when its client disconnects`() async throws {
        let (gone, signal) = AsyncStream<Bool>.makeStream()
        let server = try server { _ in
            HTTPServerResponse(
                status: 200,
                body: .stream { writer in
                    try await writer.write(Array("x".utf8))
                    // A watch without events: only cancellation can end it.
                    try? await Task.sleep(for: .seconds(100))
                    signal.yield(Task.isCancelled && writer.isClosed)
                })
        }
        do {
            let socket = try TestSocket(port: server.port)
            socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = await socket.read(until: "x\r\n")
        }
        #expect(await gone.first { _ in true } == true)
        await server.shutdown()
    }

    @Test func `an idle client is disconnected`() async throws {
        let server = try server(idleTimeout: .milliseconds(100), echo)
        let silent = try TestSocket(port: server.port)
        let slow = try TestSocket(port: server.port)
        slow.send("GET / HTTP/1.1\r\nHos")
        let isClosed = await (silent.isClosedByServer(), slow.isClosedByServer())
        #expect(isClosed.0 && isClosed.1)
        await server.shutdown()
    }

    @Test func `shutdown ends streams and finishes responses`() async throws {
        let (started, signal) = AsyncStream<Void>.makeStream()
        let (release, releaseSignal) = AsyncStream<Void>.makeStream()
        let server = try server { request in
            signal.yield()
            guard request.path == "/stream" else {
                _ = await release.first { _ in true }
                return .text("done")
            }
            return HTTPServerResponse(status: 200, body: .stream { _ in try? await Task.sleep(for: .seconds(100)) })
        }
        let stream = try TestSocket(port: server.port)
        stream.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n")
        let unary = try TestSocket(port: server.port)
        unary.send("GET /unary HTTP/1.1\r\nHost: h\r\n\r\n")
        var starts = started.makeAsyncIterator()
        await starts.next()
        await starts.next()
        let port = server.port
        async let end: Void = server.shutdown()
        let streamed = await stream.readAll()
        #expect(streamed.hasSuffix("0\r\n\r\n"))
        releaseSignal.yield()
        let answered = await unary.readAll()
        #expect(answered.hasSuffix("Connection: close\r\n\r\ndone"))
        await end
        #expect(throws: TestSocket.Failure.self) { try TestSocket(port: port) }
    }

    @Test func `the error for a busy port names it`() throws {
        let server = try server(echo)
        let error = #expect(throws: ListenError.self) {
            try HTTPServer(host: "127.0.0.1", port: server.port, handler: echo)
        }
        #expect(error?.description == "cannot listen on 127.0.0.1:\(server.port): Address already in use")
    }
}
