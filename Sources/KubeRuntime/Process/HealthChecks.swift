import KubeClient

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
        let meant = checks.withLock { $0.filter { $0.kind == kind } }
        return meant.map { (name: $0.name, problem: $0.check()) }
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
        guard method == "GET" || method == "HEAD" else { return Answer(405, "only GET is supported\n") }
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
        let isWell = results.allSatisfy { $0.problem == nil }
        // Failures have details by default: the kubelet puts the body into its event.
        guard isVerbose || !isWell else { return Answer(200, "ok") }
        var text = ""
        for result in results {
            text += result.problem.map { "[-]\(result.name) failed: \($0)\n" } ?? "[+]\(result.name) ok\n"
        }
        return Answer(isWell ? 200 : 503, text + "\(title) check \(isWell ? "passed" : "failed")\n")
    }
}
