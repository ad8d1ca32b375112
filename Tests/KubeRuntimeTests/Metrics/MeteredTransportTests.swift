import Exposition
import KubeClient
import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct MeteredTransportTests {
    /// Answers all requests with the same status, or fails.
    private struct Server: HTTPTransport {
        let status: Int?

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            guard let status else { throw TransportError(.unreachable, "a text of the server") }
            return HTTPResponse(status: status, headers: ["Server": "a text of the server"])
        }

        func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
            guard let status else { throw TransportError(.connectionLost, "a text of the server") }
            return HTTPStream(status: status, body: FakeBody())
        }
    }

    private let registry = MetricsRegistry()
    private let time = VirtualTime()

    private func ask(_ status: Int?) async {
        let transport = MeteredTransport(
            Server(status: status), server: "https://10.0.0.1:6443/cluster", time: time, registry: registry)
        for method in [HTTPMethod.get, .post, .put, .patch, .delete] {
            _ = try? await transport.send(HTTPRequest(method, "/api/v1/namespaces/secret-name/pods"))
        }
        _ = try? await transport.open(HTTPRequest(.get, "/api/v1/namespaces/secret-name/pods?watch=1"))
    }

    private func page() throws -> Exposition {
        try Exposition(String(decoding: registry.exposition(), as: UTF8.self))
    }

    @Test func `status code labels are a closed set`() async throws {
        for status in [-1, 0, 7, 99, 600, 999, Int.max, Int.min] + Array(100..<600) { await ask(status) }
        await ask(nil)
        let family = try #require(try page().family("rest_client_requests_total"))
        let codes = Set(family.samples.compactMap { $0.labels["code"] })
        #expect(codes.count < 40)
        for code in codes where code != "<error>" && code != "other" {
            #expect(code.wholeMatch(of: /[1-5]([0-9][0-9]|xx)/) != nil, "\(code)")
        }
        #expect(Set(family.samples.map { $0.labels["host"] }) == ["10.0.0.1:6443"])
        #expect(Set(family.samples.compactMap { $0.labels["method"] }) == ["GET", "POST", "PUT", "PATCH", "DELETE"])
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        for outside in ["secret-name", "a text", "cluster"] { #expect(!text.contains(outside)) }
    }

    @Test func `counts requests by code, method and host`() async throws {
        await ask(200)
        await ask(503)
        await ask(nil)
        let page = try page()
        func count(_ code: String, _ method: String) -> Double? {
            page.value("rest_client_requests_total", ["code": code, "method": method, "host": "10.0.0.1:6443"])
        }
        #expect(count("200", "GET") == 2, "including the watch")
        #expect(count("503", "PATCH") == 1)
        #expect(count("<error>", "GET") == 2)
        #expect(
            page.value("rest_client_request_duration_seconds_count", ["verb": "GET", "host": "10.0.0.1:6443"]) == 2,
            "neither watches nor what was not answered")
    }

    @Test(arguments: [
        ("https://10.0.0.1:6443", "10.0.0.1:6443"), ("https://[::1]:443/x/y", "[::1]:443"), ("http://host", "host"),
    ])
    func `the host label is the host of the server's URL`(server: String, host: String) {
        #expect(MeteredTransport.host(of: server) == host)
    }
}
