import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// The counters and histograms of executions. Label values come from fixed sets, never from names or messages.
struct ExecutionMetrics: Sendable {
    private let ended: Counter
    private let duration: Histogram
    private let detectionLag: Histogram
    private let createErrors: Counter
    private let deletions: Counter

    init(registry: MetricsRegistry) {
        ended = registry.counter(
            "towline_execution_total", help: "Executions whose end this process recorded.",
            labels: ["engine", "outcome", "reason"])
        duration = registry.histogram(
            "towline_execution_duration_seconds",
            help: "Time from startedAt to finishedAt of executions that ended, in whole seconds.",
            labels: ["engine", "outcome"],
            buckets: [1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400])
        detectionLag = registry.histogram(
            "towline_detection_lag_seconds",
            help: """
                Time from the end of a run until the execution's status records it. The end is on the engine's clock \
                and in whole seconds, so up to a second may be rounding. If clock skew makes the time negative, it is 0.
                """,
            labels: ["engine"], buckets: [0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 30, 60, 300, 900, 3600])
        createErrors = registry.counter(
            "towline_run_create_errors_total",
            help: "Creates of runs that failed. AlreadyExists: the name was taken, mostly by the same run.",
            labels: ["engine", "reason"])
        deletions = registry.counter(
            "towline_retention_deletions_total", help: "Objects deleted because their TTL expired.",
            labels: ["kind"])
        exposeAll()
    }

    /// The kind of object that is deleted when a TTL expires.
    enum Expired: String, CaseIterable {
        case run
        case execution
    }

    func deleted(_ object: Expired) { deletions.increment([object.rawValue]) }

    /// Initializes every series to zero, so that `rate()` includes the first event.
    private func exposeAll() {
        for object in Expired.allCases { deletions.expose([object.rawValue]) }
        for engine in EngineName.allCases.map(\.rawValue) {
            for reason in Reason.allCases {
                guard let outcome = reason.outcome else { continue }
                ended.expose([engine, outcome.rawValue, reason.rawValue])
            }
            for outcome in Outcome.allCases { duration.expose([engine, outcome.rawValue]) }
            detectionLag.expose([engine])
            for failure in CreateFailure.reasons { createErrors.expose([engine, failure.rawValue]) }
            createErrors.expose([engine, Self.nameTaken])
        }
        for reason in [Reason.invalidSpec, .startDeadlineExceeded, .cancelled] {
            guard let outcome = reason.outcome else { continue }
            ended.expose([Self.unknownEngine, outcome.rawValue, reason.rawValue])
        }
    }

    /// The `engine` of executions whose definition was not read.
    static let unknownEngine = "unknown"

    func createFailed(_ engine: EngineName, _ failure: CreateFailure) {
        createErrors.increment([engine.rawValue, failure.reason?.rawValue ?? Self.nameTaken])
    }

    /// Counts an execution that finished.
    ///
    /// - Parameters:
    ///   - status: the new status.
    ///   - runEnd: when its run ended, on the engine's clock; nil if that is unknown.
    ///   - now: the time of the write, on the API server's clock.
    func finished(_ status: ExecutionStatus, runEnd: EngineTime?, now: ServerTime) {
        guard let reason = status.reason, let outcome = status.outcome else { return }
        let engine = status.engine?.rawValue ?? Self.unknownEngine
        ended.increment([engine, outcome.rawValue, reason.rawValue])
        if let start = status.startedAt, let end = status.finishedAt {
            duration.observe(end - start, [engine, outcome.rawValue])
        }
        // Clock skew affects only this metric.
        if let runEnd { detectionLag.observe(max(now - ServerTime(assuming: runEnd), .zero), [engine]) }
    }

    /// The `reason` of a create that failed because an object with the run's name exists.
    private static let nameTaken = "AlreadyExists"
}
