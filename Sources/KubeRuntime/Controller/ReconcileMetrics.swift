/// The metrics of a controller's workers, with the names that dashboards for controller-runtime use.
struct ReconcileMetrics: Sendable {
    /// The values of the label `result`.
    enum Result: String, CaseIterable {
        case success
        case error
        case requeue
        case requeueAfter = "requeue_after"

        init(_ outcome: WorkOutcome) {
            switch outcome {
            case .success: self = .success
            case .requeue(let delay): self = delay > .zero ? .requeueAfter : .requeue
            case .waiting, .deferred: self = .requeueAfter
            case .failed: self = .error
            }
        }
    }

    /// The buckets of controller-runtime.
    private static let buckets = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5,
        1.75, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
    ]

    private let total: Counter
    private let errors: Counter
    private let timeouts: Counter
    private let time: Histogram
    private let active: Gauge
    private let labels: [String]

    init(registry: MetricsRegistry, controller: String, workers: Int) {
        labels = [controller]
        func counter(_ name: String, _ help: String) -> Counter {
            let counter = registry.counter("controller_runtime_\(name)", help: help, labels: ["controller"])
            counter.expose([controller])
            return counter
        }
        total = registry.counter(
            "controller_runtime_reconcile_total",
            help: """
                Reconciliations by result. error: failed and retried after its backoff, requeue_after: runs again after \
                a time, requeue: runs again at once.
                """, labels: ["controller", "result"])
        errors = counter("reconcile_errors_total", "Reconciliations that failed and are retried.")
        timeouts = counter("reconcile_timeouts_total", "Reconciliations that were canceled because they took too long.")
        _ = counter(
            "terminal_reconcile_errors_total",
            "Always 0, for dashboards: an error that no retry can fix is reported in the object's status.")
        _ = counter(
            "reconcile_panics_total",
            "Always 0, for dashboards: a programming error ends the process, which Kubernetes restarts.")
        time = registry.histogram(
            "controller_runtime_reconcile_time_seconds", help: "Duration of a reconciliation.", labels: ["controller"],
            buckets: Self.buckets)
        active = registry.gauge(
            "controller_runtime_active_workers", help: "Workers that are reconciling an object.", labels: ["controller"]
        )
        registry.gauge(
            "controller_runtime_max_concurrent_reconciles", help: "Maximum concurrent reconciliations.",
            labels: ["controller"]
        ).set(Double(workers), labels)
        for result in Result.allCases { total.expose(labels + [result.rawValue]) }
        time.expose(labels)
        active.set(0, labels)
    }

    func began() { active.add(1, labels) }

    func ended(_ outcome: WorkOutcome, after duration: Duration) {
        active.add(-1, labels)
        let result = Result(outcome)
        total.increment(labels + [result.rawValue])
        if result == .error { errors.increment(labels) }
        time.observe(duration, labels)
    }

    func timedOut() { timeouts.increment(labels) }
}
