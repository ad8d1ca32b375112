import Engines
import ExecutionStatus
import KubeClient
import KubeRuntime
import WorkflowAPI

/// What the operator counts beyond its machinery. No label ever holds a name: the number of series stays bounded.
struct OperatorMetrics: Sendable {
    private let reconciles: Counter
    private let reconcileTime: Histogram
    private let timeouts: Counter
    private let ended: Counter
    private let duration: Histogram
    private let createErrors: Counter

    init(registry: MetricsRegistry) {
        reconciles = registry.counter(
            "controller_runtime_reconcile_total", help: "Reconciliations by result.", labels: ["controller", "result"])
        reconcileTime = registry.histogram(
            "controller_runtime_reconcile_time_seconds", help: "Time of one reconciliation.", labels: ["controller"],
            buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60])
        timeouts = registry.counter(
            "controller_runtime_reconcile_timeouts_total", help: "Reconciliations broken off because of their time.",
            labels: ["controller"])
        ended = registry.counter(
            "towline_execution_total", help: "Executions that ended.", labels: ["engine", "outcome", "reason"])
        duration = registry.histogram(
            "towline_execution_duration_seconds", help: "Time from startedAt to finishedAt.",
            labels: ["engine", "outcome"], buckets: Histogram.exponentialBuckets(first: 1, factor: 2, count: 16))
        createErrors = registry.counter(
            "towline_run_create_errors_total", help: "Creates of runs that failed.", labels: ["engine", "reason"])
    }

    func reconciled(_ outcome: WorkOutcome, after time: Duration) {
        let result =
            switch outcome {
            case .success: "success"
            case .requeue: "requeue_after"
            case .retry: "error"
            }
        reconciles.increment([Self.controller, result])
        reconcileTime.observe(time, [Self.controller])
    }

    func createFailed(_ engine: EngineName, _ failure: CreateFailure) {
        let reason =
            switch failure {
            case .transient(let reason, _, _), .permanent(let reason, _), .uncertain(let reason, _, _): reason.rawValue
            case .nameTaken: "AlreadyExists"
            }
        createErrors.increment([engine.rawValue, reason])
    }

    func finished(_ status: Status) {
        let engine = status.engine?.rawValue ?? ""
        let outcome = status.outcome?.rawValue ?? ""
        ended.increment([engine, outcome, status.reason?.rawValue ?? ""])
        if let start = status.startedAt, let end = status.finishedAt {
            duration.observe(end - start, [engine, outcome])
        }
    }

    func timedOut() { timeouts.increment([Self.controller]) }

    static let controller = "workflowexecution"
}
