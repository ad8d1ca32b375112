/// The metrics of one queue, under the names that dashboards for client-go's queues ask for.
struct WorkQueueMetrics: Sendable {
    /// What is read from the queue at a scrape.
    struct Reading {
        let depths: [WorkPriority: Int]
        let adds: UInt64
        let unfinishedSeconds: Double
        let longestRunSeconds: Double
    }

    private static let labels = ["name", "controller"]

    private let values: [String]
    private let retries: Counter
    private let queueDuration: Histogram
    private let workDuration: Histogram

    init(registry: MetricsRegistry, queue: String) {
        values = [queue, queue]
        // 10 ns to 1000 s, as client-go has them.
        let buckets = Histogram.exponentialBuckets(first: 10e-9, factor: 10, count: 12)
        retries = registry.counter(
            "workqueue_retries_total",
            help:
                "Keys that were put into the queue for a later time: retries of what failed, and looks at a set time.",
            labels: Self.labels)
        queueDuration = registry.histogram(
            "workqueue_queue_duration_seconds", help: "How long a key was ready before a worker took it.",
            labels: Self.labels, buckets: buckets)
        workDuration = registry.histogram(
            "workqueue_work_duration_seconds", help: "How long a worker had a key.", labels: Self.labels,
            buckets: buckets)
        retries.expose(values)
        queueDuration.expose(values)
        workDuration.expose(values)
    }

    /// Counts a key that is to wait for its time.
    func delayed(by delay: Duration) {
        if delay > .zero { retries.increment(values) }
    }

    func started(after waited: Duration) {
        queueDuration.observe(waited, values)
    }

    func finished(after worked: Duration, _ outcome: WorkOutcome) {
        workDuration.observe(worked, values)
        switch outcome {
        case .success: break
        case .requeue(let delay), .deferred(let delay): delayed(by: delay)
        case .failed, .waiting: retries.increment(values)
        }
    }

    /// Registers what is read at every scrape; `read` returns nil when the queue is gone.
    static func registerReadings(
        in registry: MetricsRegistry, queue: String, _ read: @escaping @Sendable () -> Reading?
    ) {
        registry.collectedGauge(
            "workqueue_depth",
            help: "Keys that are ready and wait for a worker: priority 0 after a change, -100 where none is known.",
            labels: labels + ["priority"]
        ) {
            read()?.depths.map { MetricSample(Double($0.value), [queue, queue, $0.key.label]) } ?? []
        }
        registry.collectedCounter(
            "workqueue_adds_total", help: "Keys that became ready; many wishes for one run are one add.",
            labels: labels
        ) {
            read().map { [MetricSample(Double($0.adds), [queue, queue])] } ?? []
        }
        registry.collectedGauge(
            "workqueue_unfinished_work_seconds", help: "Sum of the ages of the keys that workers have.", labels: labels
        ) {
            read().map { [MetricSample($0.unfinishedSeconds, [queue, queue])] } ?? []
        }
        registry.collectedGauge(
            "workqueue_longest_running_processor_seconds", help: "Age of the oldest key that a worker has.",
            labels: labels
        ) {
            read().map { [MetricSample($0.longestRunSeconds, [queue, queue])] } ?? []
        }
    }
}

extension WorkPriority {
    /// The numbers that controller-runtime gives to what changed and to what an initial list brought.
    fileprivate var label: String {
        switch self {
        case .normal: "0"
        case .low: "-100"
        }
    }
}
