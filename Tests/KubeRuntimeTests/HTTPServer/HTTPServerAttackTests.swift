import Foundation
import KubeClient
import KubeRuntime
import Testing

/// Clients that use more than their share, and one that only wants its response.
@Suite struct HTTPServerAttackTests {
    private static let page = [UInt8](repeating: 0x78, count: 200 << 10)
    private static let request = "GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n"

    private let handled = Locked(0)

    private func server(_ limits: HTTPServerLimits) throws -> HTTPServer {
        let handled = handled
        return try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { _ in
            handled.withLock { $0 += 1 }
            return HTTPServerResponse(status: 200, body: .bytes(Self.page))
        }
    }

    /// Requests the page on a separate connection, and expects all of it soon.
    private func scrape(_ server: HTTPServer, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let start = ContinuousClock.now
        let socket = try TestSocket(port: server.port)
        socket.send("GET /metrics HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        let answer = await socket.readAll()
        #expect(
            answer.hasPrefix("HTTP/1.1 200 ") && answer.utf8.count > Self.page.count, sourceLocation: sourceLocation)
        #expect(ContinuousClock.now - start < .seconds(5), sourceLocation: sourceLocation)
    }

    /// Waits until the server is idle.
    private func waitUntilQuiet(_ server: HTTPServer) async throws {
        var last = (server.usage, handled.withLock { $0 })
        var quietRounds = 0
        for _ in 0..<1000 where quietRounds < 10 {
            try await Task.sleep(for: .milliseconds(10))
            let now = (server.usage, handled.withLock { $0 })
            quietRounds = now == last ? quietRounds + 1 : 0
            last = now
        }
    }

    @Test func `a client that pipelines and never reads costs one response`() async throws {
        let server = try server(.diagnostics)
        var attackers = [try TestSocket(port: server.port, receiveBuffer: 4096)]
        let flood = String(repeating: Self.request, count: 1000)
        for _ in 0..<200 {
            _ = attackers.first?.sendWhatFits(flood)
            try await Task.sleep(for: .milliseconds(2))
        }
        try await waitUntilQuiet(server)
        // The size of the kernel's buffers, and one waiting response.
        #expect(handled.withLock { $0 } < 10)
        #expect(server.usage.mostBufferedBytes < Self.page.count + 64 << 10, "\(server.usage)")
        try await scrape(server)
        attackers = []
        await server.shutdown()
    }

    @Test func `a pipelining client that reads late still gets every response`() async throws {
        let server = try server(.diagnostics)
        let client = try TestSocket(port: server.port, receiveBuffer: 4096)
        client.send(String(repeating: Self.request, count: 20))
        client.send("GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        try await waitUntilQuiet(server)
        let answers = await client.readAll()
        #expect(answers.components(separatedBy: "HTTP/1.1 200 OK").count == 22)
        await server.shutdown()
    }

    @Test func `silent connections and half requests make room for a scrape`() async throws {
        var limits = HTTPServerLimits.diagnostics
        limits.connections = 16
        let server = try server(limits)
        var attackers: [TestSocket] = []
        for number in 0..<200 {
            let attacker = try TestSocket(port: server.port)
            if number % 2 == 0 { attacker.send("GET / HTTP/1.1\r\nX: ") }
            attackers.append(attacker)
            if number % 20 == 19 { try await scrape(server) }
        }
        try await waitUntilQuiet(server)
        #expect(server.usage.mostConnections <= 16)
        #expect(server.usage.dropped >= 184)
        await server.shutdown()
    }

    @Test func `slow readers are dropped when their responses use too much memory`() async throws {
        var limits = HTTPServerLimits.diagnostics
        limits.buffered = 1 << 20
        limits.socketBuffer = 4 << 10
        let server = try server(limits)
        var attackers: [TestSocket] = []
        for number in 0..<100 {
            let attacker = try TestSocket(port: server.port, receiveBuffer: 4096)
            attacker.send(Self.request)
            attackers.append(attacker)
            if number % 20 == 19 { try await scrape(server) }
        }
        try await waitUntilQuiet(server)
        // One response may be added before another one is dropped.
        #expect(server.usage.mostBufferedBytes <= 1 << 20 + Self.page.count + 64 << 10, "\(server.usage)")
        #expect(server.usage.dropped > 50)
        attackers = []
        await server.shutdown()
    }

    @Test func `large half requests are dropped when they use too much memory`() async throws {
        let limits = HTTPServerLimits(body: 1 << 20, buffered: 2 << 20)
        let server = try server(limits)
        let half =
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + String(repeating: "x", count: 300_000)
        var attackers: [TestSocket] = []
        for _ in 0..<40 {
            let attacker = try TestSocket(port: server.port)
            attacker.send(half)
            attackers.append(attacker)
        }
        try await waitUntilQuiet(server)
        // An array doubles when it grows, and another client is dropped only then.
        #expect(server.usage.mostBufferedBytes <= 3 << 20 + 256 << 10, "\(server.usage)")
        #expect(server.usage.dropped > 0)
        try await scrape(server)
        await server.shutdown()
    }

    @Test func `requests with endless queries are refused before they are parsed`() async throws {
        let server = try server(.diagnostics)
        let query = String(repeating: "a&", count: 8_000)
        for _ in 0..<8 {
            let attacker = try TestSocket(port: server.port)
            attacker.send("GET /?\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(await attacker.readAll().hasPrefix("HTTP/1.1 414 "))
        }
        #expect(handled.withLock { $0 } == 0)
        #expect(server.usage.mostBufferedBytes < 8 * (64 << 10), "\(server.usage)")
        try await scrape(server)
        await server.shutdown()
    }

    @Test func `a page that is larger than the kernel's buffers arrives as a whole`() async throws {
        #expect(HTTPServerLimits.diagnostics.socketBuffer ?? .max <= Self.page.count / 8)
        let server = try server(.diagnostics)
        for _ in 0..<5 { try await scrape(server) }
        await server.shutdown()
    }

    @Test func `a request that arrives byte by byte has a deadline`() async throws {
        var limits = HTTPServerLimits.diagnostics
        limits.requestTimeout = .milliseconds(300)
        let server = try server(limits)
        let attacker = try TestSocket(port: server.port)
        async let isClosed = attacker.isClosedByServer()
        let dripping = Task {
            while !Task.isCancelled {
                _ = attacker.sendWhatFits("G")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(await isClosed)
        dripping.cancel()
        await server.shutdown()
    }

    @Test func `a response that is read byte by byte has a deadline`() async throws {
        var limits = HTTPServerLimits.diagnostics
        limits.answerTimeout = .milliseconds(300)
        limits.socketBuffer = 4 << 10
        let server = try server(limits)
        let attacker = try TestSocket(port: server.port, receiveBuffer: 4096)
        attacker.send(Self.request)
        var received = 0
        while let count = await attacker.readSome(upTo: 100), received < Self.page.count {
            received += count
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(received < Self.page.count)
        #expect(server.usage.connections == 0)
        await server.shutdown()
    }

    @Test func `the number of running handlers is bounded and each request is served`() async throws {
        let (atWork, most) = (Locked(0), Locked(0))
        var limits = HTTPServerLimits.diagnostics
        limits.handlers = 3
        let server = try HTTPServer(host: "127.0.0.1", port: 0, limits: limits) { request in
            let count = atWork.withLock { count in
                count += 1
                return count
            }
            most.withLock { $0 = max($0, count) }
            for _ in 0..<20 { await Task.yield() }
            atWork.withLock { $0 -= 1 }
            return .text(request.path)
        }
        var clients: [TestSocket] = []
        for number in 0..<60 {
            let client = try TestSocket(port: server.port)
            client.send("GET /\(number) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            clients.append(client)
        }
        for (number, client) in clients.enumerated() {
            let answer = await client.readAll()
            #expect(answer.hasSuffix("\r\n\r\n/\(number)"))
        }
        #expect(most.withLock { $0 } <= 3)
        await server.shutdown()
    }
}
