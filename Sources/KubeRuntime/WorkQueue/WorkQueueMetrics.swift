/// The metrics of one queue, with client-go's names.
struct WorkQueueMetrics: Sendable {
    /// The values read from the queue at a scrape.
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
        // From 10 ns to 1,000 s, as in client-go.
        let buckets = Histogram.exponentialBuckets(first: 10e-9, factor: 10, count: 12)
        retries = registry.counter(
            "workqueue_retries_total",
            help: "Keys added with a delay: retries of failures, and scheduled checks.",
            labels: Self.labels)
        queueDuration = registry.histogram(
            "workqueue_queue_duration_seconds", help: "Time that a key was ready before a worker took it, in seconds.",
            labels: Self.labels, buckets: buckets)
        workDuration = registry.histogram(
            "workqueue_work_duration_seconds", help: "Time that a worker took to process a key, in seconds.",
            labels: Self.labels,
            buckets: buckets)
        retries.expose(values)
        queueDuration.expose(values)
        workDuration.expose(values)
    }

    /// Counts a key that was added for a later time.
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

    /// Registers the metrics that are read at each scrape; `read` returns nil if the queue is gone.
    static func registerReadings(
        in registry: MetricsRegistry, queue: String, _ read: @escaping @Sendable () -> Reading?
    ) {
        registry.collectedGauge(
            "workqueue_depth",
            help: "Keys that are ready and wait for a worker: priority 0 after a change, -100 without a known change.",
            labels: labels + ["priority"]
        ) {
            read()?.depths.map { MetricSample(Double($0.value), [queue, queue, $0.key.label]) } ?? []
        }
        registry.collectedCounter(
            "workqueue_adds_total", help: "Keys that became ready; duplicate requests count once.",
            labels: labels
        ) {
            read().map { [MetricSample(Double($0.adds), [queue, queue])] } ?? []
        }
        registry.collectedGauge(
            "workqueue_unfinished_work_seconds",
            help: "Total processing time of the keys in progress, in seconds.", labels: labels
        ) {
            read().map { [MetricSample($0.unfinishedSeconds, [queue, queue])] } ?? []
        }
        registry.collectedGauge(
            "workqueue_longest_running_processor_seconds",
            help: "Longest time that a worker has had its current key, in seconds.",
            labels: labels
        ) {
            read().map { [MetricSample($0.longestRunSeconds, [queue, queue])] } ?? []
        }
    }
}

extension WorkPriority {
    /// The priorities that controller-runtime uses for changes and for the initial list.
    fileprivate var label: String {
        switch self {
        case .normal: "0"
        case .low: "-100"
        }
    }
}
