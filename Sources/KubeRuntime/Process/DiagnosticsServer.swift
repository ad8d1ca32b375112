import KubeClient

/// Serves `/healthz`, `/readyz` and `/metrics` over plain HTTP; a network policy decides who can connect.
public final class DiagnosticsServer: Sendable {
    private let server: HTTPServer

    /// Starts listening. A nil argument disables its endpoints, so that probes and metrics can have different
    /// addresses.
    public init(
        address: ListenAddress, checks: HealthChecks?, metrics: MetricsRegistry?
    ) throws(ListenError) {
        let routes = DiagnosticsRoutes(checks: checks, metrics: metrics)
        let handler: HTTPServer.Handler = { request in
            let isVerbose = request.queryValue("verbose") != nil
            let answer = routes.answer(method: request.method, segments: request.segments, isVerbose: isVerbose)
            return HTTPServerResponse(
                status: answer.status, headers: ["Content-Type": answer.contentType], body: .bytes(answer.body))
        }
        server = try Self.listen(address, handler)
    }

    /// The listening port, also if port 0 was requested.
    public var port: UInt16 { server.port }

    /// Serves until the task is canceled, then stops listening.
    public func run() async {
        let (never, _) = AsyncStream.makeStream(of: Never.self)
        for await _ in never {}
        await server.shutdown()
    }

    private static func listen(
        _ address: ListenAddress, _ handler: @escaping HTTPServer.Handler
    ) throws(ListenError) -> HTTPServer {
        func server(_ host: String) throws(ListenError) -> HTTPServer {
            try HTTPServer(host: host, port: address.port, limits: .diagnostics, handler: handler)
        }
        guard address.host.isEmpty else { return try server(address.host) }
        do {
            return try server("::")
        } catch {
            // The kernel may not support IPv6.
            return try server("0.0.0.0")
        }
    }
}

/// An address to listen on, in the form of flags: `HOST:PORT`, `[::1]:8080`, or `:8080` for all addresses.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// Empty for all addresses.
    public let host: String
    /// 0 for any free port.
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses an address; nil if the text is `0` or empty, which disables the listener.
    public static func parse(_ text: String) throws(ListenAddressError) -> ListenAddress? {
        if text.isEmpty || text == "0" { return nil }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            throw ListenAddressError(text: text)
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]") && host.count > 2
        if isBracketed { host = host.dropFirst().dropLast() }
        guard isBracketed || !host.contains(where: { ":[] ".contains($0) }) else {
            throw ListenAddressError(text: text)
        }
        return ListenAddress(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// An invalid address to listen on.
public struct ListenAddressError: Error, Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public var description: String {
        "\"\(text)\" is not a valid listen address: use HOST:PORT, [IPV6]:PORT, :PORT for all addresses, or 0 to disable"
    }
}

/// The named checks of `/healthz` and `/readyz`.
public final class HealthChecks: Sendable {
    /// The endpoint of a check.
    public enum Kind: Hashable, Sendable {
        /// `/healthz`: would a restart help?
        case liveness
        /// `/readyz`: does the process do its work?
        case readiness
    }

    /// Returns nil if the check passes, or else the problem.
    public typealias Check = @Sendable () -> String?

    private struct Named {
        let kind: Kind
        let name: String
        let check: Check
    }

    private let checks = Locked([Named]())

    public init() {}

    /// Adds a check, which must be fast: it runs at each probe.
    public func add(_ name: String, for kind: Kind, _ check: @escaping Check) {
        checks.withLock { $0.append(Named(kind: kind, name: name, check: check)) }
    }

    /// Runs the checks of a kind; the problem is nil for those that pass.
    public func results(of kind: Kind) -> [(name: String, problem: String?)] {
        let matching = checks.withLock { $0.filter { $0.kind == kind } }
        return matching.map { (name: $0.name, problem: $0.check()) }
    }
}

/// The routes of ``DiagnosticsServer``: health checks and metrics.
struct DiagnosticsRoutes: Sendable {
    struct Answer: Hashable {
        let status: Int
        let contentType: String
        let body: [UInt8]

        init(_ status: Int, _ text: String) {
            self.init(status, "text/plain; charset=utf-8", Array(text.utf8))
        }

        init(_ status: Int, _ contentType: String, _ body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    let checks: HealthChecks?
    let metrics: MetricsRegistry?

    /// Answers `/healthz`, `/readyz`, a single check (`/readyz/NAME`) and `/metrics`.
    func answer(method: String, segments: [String], isVerbose: Bool) -> Answer {
        guard method == "GET" || method == "HEAD" else { return Answer(405, "only GET and HEAD are supported\n") }
        guard let first = segments.first, segments.count <= 2 else { return notFound }
        let name = segments.count == 2 ? segments[1] : nil
        switch first {
        case "healthz": return health(.liveness, first, name, isVerbose)
        case "readyz": return health(.readiness, first, name, isVerbose)
        case "metrics":
            guard let metrics, name == nil else { return notFound }
            return Answer(200, PrometheusText.contentType, metrics.exposition())
        default: return notFound
        }
    }

    private var notFound: Answer { Answer(404, "not found\n") }

    private func health(_ kind: HealthChecks.Kind, _ title: String, _ name: String?, _ isVerbose: Bool) -> Answer {
        guard let checks else { return notFound }
        var results = checks.results(of: kind)
        if let name {
            results.removeAll { $0.name != name }
            if results.isEmpty { return notFound }
        }
        let hasPassed = results.allSatisfy { $0.problem == nil }
        // Failures have details by default: the kubelet puts the body into its event.
        guard isVerbose || !hasPassed else { return Answer(200, "ok") }
        var text = ""
        for result in results {
            text += result.problem.map { "[-]\(result.name) failed: \($0)\n" } ?? "[+]\(result.name) ok\n"
        }
        return Answer(hasPassed ? 200 : 503, text + "\(title) check \(hasPassed ? "passed" : "failed")\n")
    }
}
