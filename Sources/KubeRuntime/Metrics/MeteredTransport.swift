public import KubeClient

/// Counts the requests through another transport, with client-go's metric names.
public struct MeteredTransport: HTTPTransport {
    /// The `code` of a request without a response, as in client-go.
    static let noResponse = "<error>"

    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let requests: Counter
    private let durations: Histogram
    private let host: String

    /// - Parameter server: the API server's URL. Its host, with the port if it has one, is the value of the label
    ///   `host`.
    public init(_ transport: any HTTPTransport, server: String, time: any TimeSource, registry: MetricsRegistry) {
        self.transport = transport
        self.time = time
        host = Self.host(of: server)
        requests = registry.counter(
            "rest_client_requests_total",
            help: "Requests to the API server, including watches, by status code; <error> means no response.",
            labels: ["code", "method", "host"])
        durations = registry.histogram(
            "rest_client_request_duration_seconds",
            help: "Time until the response was complete, by HTTP method, in seconds; without watches.",
            labels: ["verb", "host"], buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60])
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let start = time.now
        let response: HTTPResponse
        do {
            response = try await transport.send(request)
        } catch {
            count(request, code: Self.noResponse)
            throw error
        }
        count(request, code: StatusCodeLabel.of(response.status))
        durations.observe(start.duration(to: time.now), [request.method.rawValue, host])
        return response
    }

    public func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let stream: HTTPStream
        do {
            stream = try await transport.open(request)
        } catch {
            count(request, code: Self.noResponse)
            throw error
        }
        count(request, code: StatusCodeLabel.of(stream.status))
        return stream
    }

    private func count(_ request: HTTPRequest, code: String) {
        requests.increment([code, request.method.rawValue, host])
    }

    /// `10.0.0.1:6443` of `https://10.0.0.1:6443/prefix`
    static func host(of server: String) -> String {
        let start = server.firstRange(of: "://")?.upperBound ?? server.startIndex
        return String(server[start...].prefix { $0 != "/" })
    }
}

/// The label value for a status code, from a closed set.
///
/// Common codes are separate values. Others are reported by class, such as `5xx`, so that queries for `code=~"5.."`
/// include them; numbers that are no status code are `other`.
enum StatusCodeLabel {
    private static let known: Set<Int> = [
        101, 200, 201, 202, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 415, 422,
        429, 431, 500, 501, 502, 503, 504, 507,
    ]

    static func of(_ code: Int) -> String {
        if known.contains(code) { return String(code) }
        return (100..<600).contains(code) ? "\(code / 100)xx" : MetricFamily.overflowLabel
    }
}
