public import KubeClient

/// Counts the requests that go through another transport, under the names client-go gave them.
public struct MeteredTransport: HTTPTransport {
    private let transport: any HTTPTransport
    private let requests: Counter
    private let durations: Histogram
    private let host: String

    /// - Parameter host: the API server's address, the only value that its label ever has.
    public init(_ transport: any HTTPTransport, host: String, registry: MetricsRegistry) {
        self.transport = transport
        self.host = host
        requests = registry.counter(
            "rest_client_requests_total", help: "Requests to the API server, by answer.",
            labels: ["code", "method", "host"])
        durations = registry.histogram(
            "rest_client_request_duration_seconds",
            help: "Time until the answer was complete; watches are not counted.",
            labels: ["verb", "host"], buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60])
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let start = ContinuousClock.now
        let response: HTTPResponse
        do {
            response = try await transport.send(request)
        } catch {
            count(request, code: "<error>")
            throw error
        }
        count(request, code: String(response.status))
        durations.observe(start.duration(to: .now), [request.method.rawValue, host])
        return response
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let stream: HTTPStream
        do {
            stream = try await transport.open(request)
        } catch {
            count(request, code: "<error>")
            throw error
        }
        count(request, code: String(stream.status))
        return stream
    }

    private func count(_ request: HTTPRequest, code: String) {
        requests.increment([code, request.method.rawValue, host])
    }
}
