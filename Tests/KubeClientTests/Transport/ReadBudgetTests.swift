import Eventually
import KubeRuntime
import Testing

@testable import KubeClient

/// Only a few large responses are in memory at a time.
@Suite struct ReadBudgetTests {
    @Test func `leases are limited and given back`() {
        let budget = ReadBudget()
        var leases = (0..<ReadBudget.leaseCount).map { _ in budget.take() }
        #expect(!leases.contains(nil))
        #expect(budget.take() == nil)
        leases.removeLast()
        #expect(budget.take() != nil, "the lease was dropped at once")
        #expect(budget.take() != nil, "and so was this one")
        withExtendedLifetime(leases) {}
    }

    @Test func `waiting requests get leases in the order of arrival`() async {
        let budget = ReadBudget()
        var held = (0..<ReadBudget.leaseCount).map { _ in budget.take() }
        let order = Locked<[Int]>([])
        let leases = Locked<[ResponseLease]>([])
        var tasks: [Task<Void, Never>] = []
        for number in 0..<3 {
            tasks.append(
                Task {
                    guard let lease = await budget.wait() else { return }
                    order.withLock { $0.append(number) }
                    leases.withLock { $0.append(lease) }
                })
            await eventually("request \(number) waits") { budget.waiterCount == number + 1 }
        }
        #expect(budget.take() == nil, "no one overtakes")
        held.removeAll()
        await eventually("the first ones have leases") { order.withLock { $0.count } == ReadBudget.leaseCount }
        #expect(order.withLock { $0 }.sorted() == Array(0..<ReadBudget.leaseCount))
        leases.withLock { $0.removeAll() }
        for task in tasks { await task.value }
        #expect(order.withLock { $0.last } == 2)
    }

    @Test func `a canceled request stops waiting and leaves the lease to others`() async {
        let budget = ReadBudget()
        var held = (0..<ReadBudget.leaseCount).map { _ in budget.take() }
        let task = Task { await budget.wait() == nil }
        await eventually("it waits") { budget.waiterCount == 1 }
        task.cancel()
        #expect(await task.value)
        #expect(budget.waiterCount == 0)
        held.removeAll()
        #expect(budget.take() != nil)
    }

    @Test func `a request waits no longer than its deadline, and gives back a lease that comes too late`() async {
        let budget = ReadBudget()
        var held = (0..<ReadBudget.leaseCount).map { _ in budget.take() }
        #expect(await budget.wait(until: .now + .milliseconds(20)) == nil)
        #expect(budget.waiterCount == 0)
        held.removeAll()
        #expect(await budget.wait(until: .now + .seconds(60)) != nil)
        let leases = (0..<ReadBudget.leaseCount).map { _ in budget.take() }
        #expect(!leases.contains(nil), "none is lost")
    }

    // MARK: The transport

    private func transport(_ server: HTTPServer) throws -> CurlTransport {
        let configuration = ClusterConfiguration(
            server: "http://127.0.0.1:\(server.port)", credentials: StaticCredential(.none), origin: "test")
        return try CurlTransport(configuration: configuration, userAgent: "towline/test (linux/any)")
    }

    /// Serves bodies of one MiB, and of one byte below `/small`.
    private func server() throws -> HTTPServer {
        try HTTPServer(host: "127.0.0.1", port: 0) { request in
            .text(String(repeating: "x", count: request.path.hasPrefix("/small") ? 1 : 1 << 20))
        }
    }

    @Test func `large responses wait until others are dropped, and small ones do not`() async throws {
        let server = try server()
        let transport = try transport(server)
        let held = Locked<[HTTPResponse]>([])
        let tasks = (0..<6).map { _ in
            Task {
                let response = try await transport.send(HTTPRequest(.get, "/large"))
                held.withLock { $0.append(response) }
            }
        }
        for number in 1...3 {
            await eventually("two are held") { held.withLock { $0.count } == ReadBudget.leaseCount }
            for _ in 0..<5 {
                #expect(try await transport.send(HTTPRequest(.get, "/small")).body.count == 1)
            }
            #expect(held.withLock { $0.count } == ReadBudget.leaseCount, "round \(number)")
            #expect(held.withLock { $0.allSatisfy { $0.body.count == 1 << 20 } })
            held.withLock { $0.removeAll() }
        }
        for task in tasks { try await task.value }
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `the timeout of a request includes the wait for other large responses`() async throws {
        let server = try server()
        let transport = try transport(server)
        var held: [HTTPResponse] = []
        for _ in 0..<ReadBudget.leaseCount { held.append(try await transport.send(HTTPRequest(.get, "/"))) }
        var request = HTTPRequest(.get, "/")
        request.timeout = .seconds(5)
        do {
            _ = try await transport.send(request)
            Issue.record("there is no room for the response")
        } catch {
            #expect(error.kind == .timedOut && error.description.contains("had to wait for other large responses"))
        }
        held.removeAll()
        #expect(try await transport.send(request).body.count == 1 << 20)
        await transport.shutdown()
        await server.shutdown()
    }

    /// Responses to writes need no lease, so another limit bounds them: no object is that large.
    @Test(arguments: [HTTPMethod.patch, .post, .put, .delete])
    func `the response to a write has at most 2 MiB`(_ method: HTTPMethod) async throws {
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            .text(String(repeating: "x", count: (request.path == "/object" ? 2 << 20 : 3 << 20)))
        }
        let transport = try transport(server)
        #expect(try await transport.send(HTTPRequest(method, "/object")).body.count == 2 << 20)
        await #expect {
            try await transport.send(HTTPRequest(method, "/more"))
        } throws: { error in
            (error as? TransportError)?.kind == .tooLarge && "\(error)".contains("more than 2 MiB")
        }
        #expect(try await transport.send(HTTPRequest(.get, "/more")).body.count == 3 << 20)
        await transport.shutdown()
        await server.shutdown()
    }

    @Test func `a write is not repeated because its response is large`() async throws {
        let writes = Locked(0)
        let server = try HTTPServer(host: "127.0.0.1", port: 0) { request in
            if request.method == "PATCH" { writes.withLock { $0 += 1 } }
            return .text(String(repeating: "x", count: 1 << 20))
        }
        let transport = try transport(server)
        var held: [HTTPResponse] = []
        for _ in 0..<ReadBudget.leaseCount { held.append(try await transport.send(HTTPRequest(.get, "/"))) }
        var patch = HTTPRequest(.patch, "/")
        patch.body = Array("{}".utf8)
        #expect(try await transport.send(patch).body.count == 1 << 20)
        #expect(writes.withLock { $0 } == 1)
        withExtendedLifetime(held) {}
        await transport.shutdown()
        await server.shutdown()
    }
}
