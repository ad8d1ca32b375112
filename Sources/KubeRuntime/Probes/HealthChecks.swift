import KubeClient

/// The named checks behind `/healthz` and `/readyz`.
public final class HealthChecks: Sendable {
    /// Which question a check answers.
    public enum Kind: Hashable, Sendable {
        /// Would a restart help? Answered at `/healthz`.
        case liveness
        /// Does it do its work? Answered at `/readyz`.
        case readiness
    }

    /// Returns nil when all is well, or else what is not.
    public typealias Check = @Sendable () -> String?

    private struct Named {
        let kind: Kind
        let name: String
        let check: Check
    }

    private let checks = Locked([Named]())

    public init() {}

    /// Adds a check, which must be quick: it runs at every probe.
    public func add(_ name: String, for kind: Kind, _ check: @escaping Check) {
        checks.withLock { $0.append(Named(kind: kind, name: name, check: check)) }
    }

    /// Runs the checks of a kind; a problem is nil where all is well.
    public func results(of kind: Kind) -> [(name: String, problem: String?)] {
        let meant = checks.withLock { $0.filter { $0.kind == kind } }
        return meant.map { (name: $0.name, problem: $0.check()) }
    }
}
