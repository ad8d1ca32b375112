import APIServer
import Foundation
import KubeClient
import KubeRuntime
import Sandbox

/// A sandbox that serves on a free port during a test.
package struct RunningServer {
    package let server: SandboxServer
    package let transport: CurlTransport

    /// Starts a server, runs the test and shuts down, also if the test fails.
    package static func run(
        _ environment: SandboxEnvironment = .deterministic(), _ body: (RunningServer) async throws -> Void
    ) async throws {
        let server = try SandboxServer(environment: environment)
        try server.cluster.load([Fixture.widgetDefinition])
        let configuration = ClusterConfiguration(server: server.url, origin: "test")
        let transport = try CurlTransport(configuration: configuration, userAgent: "sandbox-test/1")
        let running = Task { await server.run() }
        let outcome: Result<Void, any Error>
        do {
            try await body(RunningServer(server: server, transport: transport))
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        await transport.shutdown()
        await server.shutdown()
        running.cancel()
        await running.value
        try outcome.get()
    }

    /// Sends a request and returns the status and the body as JSON.
    package func send(
        _ method: HTTPMethod, _ target: String, _ body: JSONValue? = nil, type: String = "application/json",
        accept: String = "application/json"
    ) async throws -> (status: Int, body: JSONValue, headers: HTTPHeaders) {
        var request = HTTPRequest(method, target)
        request.accept = accept
        if let body {
            request.contentType = type
            request.body = body.encoded
        }
        let response = try await transport.send(request)
        let text = (try? JSONValue(parsing: response.body)) ?? .string(String(decoding: response.body, as: UTF8.self))
        return (response.status, text, response.headers)
    }

    /// Reads `count` events of a watch, or all until the stream ends.
    package func watch(_ target: String, count: Int = .max, accept: String = "application/json") async throws
        -> [JSONValue]
    {
        var request = HTTPRequest(.get, target)
        request.accept = accept
        let stream = try await transport.open(request)
        var pending: [UInt8] = []
        var events: [JSONValue] = []
        while events.count < count, let bytes = try await stream.body.next() {
            pending.append(contentsOf: bytes)
            while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                events.append(try JSONValue(parsing: Array(pending[..<end])))
                pending.removeFirst(end + 1)
            }
        }
        stream.body.cancel()
        return events
    }
}
