public import KubeClient

/// Counts the requests that go through another transport, under the names client-go gave them.
public struct MeteredTransport: HTTPTransport {
    /// The `code` of a request that got no answer, as in client-go.
    static let noAnswer = "<error>"

    private let transport: any HTTPTransport
    private let time: any TimeSource
    private let requests: Counter
    private let durations: Histogram
    private let host: String

    /// - Parameter server: the API server's URL; its host, and its port where it has one, are the only value that the
    ///   label `host` ever has.
    public init(_ transport: any HTTPTransport, server: String, time: any TimeSource, registry: MetricsRegistry) {
        self.transport = transport
        self.time = time
        host = Self.host(of: server)
        requests = registry.counter(
            "rest_client_requests_total",
            help: "Requests to the API server, watches too, by status code; <error> where there was no answer.",
            labels: ["code", "method", "host"])
        durations = registry.histogram(
            "rest_client_request_duration_seconds",
            help: "Time until the answer was complete, by HTTP method; watches are not counted.",
            labels: ["verb", "host"], buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60])
    }

    public func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let start = time.now
        let response: HTTPResponse
        do {
            response = try await transport.send(request)
        } catch {
            count(request, code: Self.noAnswer)
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
            count(request, code: Self.noAnswer)
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

/// The label value for a status code: a closed vocabulary, whatever a server or a proxy answers.
///
/// Codes that API servers and proxies use stand for themselves. Others become their class, such as `5xx`, so that
/// queries for `code=~"5.."` count them too; what is no status code at all is `other`.
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
