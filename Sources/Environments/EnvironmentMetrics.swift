import KubeClient
import KubeRuntime
import TowlineAPI

/// The metrics of environments. Label values come from fixed sets, never from names or messages.
struct EnvironmentMetrics: Sendable {
    private let ready: Histogram
    private let attempts: Counter
    private let teardowns: Counter
    private let expiryDelay: Histogram

    private enum Attempt: String, CaseIterable { case succeeded, failed, cancelled }
    private enum Teardown: String, CaseIterable {
        case succeeded, failed, skipped, nothing
        case timedOut = "timed_out"
    }

    init(registry: MetricsRegistry) {
        ready = registry.histogram(
            "towline_environment_ready_seconds", help: "Time from the start of environments until they were ready.",
            labels: [], buckets: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200])
        attempts = registry.counter(
            "towline_environment_phase_attempts_total", help: "Attempts of phases that ended.", labels: ["result"])
        teardowns = registry.counter(
            "towline_environment_teardowns_total",
            help: "Environments with a teardown phase that ended, by the result of the teardown.",
            labels: ["result"])
        expiryDelay = registry.histogram(
            "towline_environment_expiry_delay_seconds",
            help: "Time from the expiry of environments until their termination began.", labels: [],
            buckets: [0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600])
        for result in Attempt.allCases { attempts.expose([result.rawValue]) }
        for result in Teardown.allCases { teardowns.expose([result.rawValue]) }
        ready.expose([])
        expiryDelay.expose([])
    }

    /// Counts what changed with a write of the status.
    func note(_ old: EnvironmentStatus, _ new: EnvironmentStatus, now: ServerTime) {
        if old.readyAt == nil, let readyAt = new.readyAt, let start = new.startedAt {
            ready.observe(seconds(readyAt - start), [])
        }
        if old.terminationStartedAt == nil, new.terminationStartedAt != nil,
            new.condition(.expired)?.status == .true, let expiry = new.expiresAt
        {
            expiryDelay.observe(seconds(now - expiry), [])
        }
        for record in new.phases {
            guard let outcome = record.outcome else { continue }
            let before = old.record(of: record.name)
            guard before?.attempt != record.attempt || before?.outcome == nil else { continue }
            let result: Attempt = outcome == .success ? .succeeded : record.state == .cancelled ? .cancelled : .failed
            attempts.increment([result.rawValue])
        }
        guard !old.phase.isTerminal, new.phase.isTerminal, let tornDown = new.condition(.tornDown) else { return }
        let result: Teardown =
            switch EnvironmentConditionReason(rawValue: tornDown.reason) {
            case .tornDown: .succeeded
            case .nothingToTearDown: .nothing
            case .teardownTimedOut: .timedOut
            case .teardownSkipped: .skipped
            default: .failed
            }
        teardowns.increment([result.rawValue])
    }

    private func seconds(_ duration: Duration) -> Double { max(0, duration / .seconds(1)) }
}

extension EnvironmentMetrics {
    /// The phases in which an environment should not stay for long.
    private static let watched: [EnvironmentPhase] = [.provisioning, .terminating]

    /// Registers the metrics that are read from the cache at each scrape.
    static func register(
        _ stores: ScopedStores<EnvironmentEntry>, clock: ServerClock, in registry: MetricsRegistry
    ) {
        registry.collectedGauge(
            "towline_environments",
            help: "Environments in the cache. Every replica reports all of them: use the maximum, not the sum.",
            labels: ["phase"]
        ) {
            let counts = stores.counts(by: \.phase)
            return EnvironmentPhase.allCases.map { MetricSample(Double(counts[$0] ?? 0), [$0.rawValue]) }
        }
        registry.collectedGauge(
            "towline_environments_expiring_soon", help: "Environments with the condition ExpiringSoon.", labels: []
        ) {
            [MetricSample(Double(stores.counts(by: \.isExpiringSoon)[true] ?? 0), [])]
        }
        registry.collectedGauge(
            "towline_environment_oldest_seconds",
            help: """
                How long the environment that has been in this phase for the longest time has been in it; for \
                Provisioning, since its start.
                """,
            labels: ["phase"]
        ) {
            let now = clock.now()
            return watched.map { phase in
                let since = stores.scopes.flatMap { scope in
                    scope.store.compactMap { $0.phase == phase ? $0.since : nil }
                }.min()
                return MetricSample(since.map { max(0, (now - $0) / .seconds(1)) } ?? 0, [phase.rawValue])
            }
        }
    }
}

extension ScopedStores<EnvironmentEntry> {
    fileprivate func counts<Kind: Hashable>(by kind: (EnvironmentEntry) -> Kind) -> [Kind: Int] {
        var counts: [Kind: Int] = [:]
        for scope in scopes { counts.merge(scope.store.counts(by: kind), uniquingKeysWith: +) }
        return counts
    }
}
