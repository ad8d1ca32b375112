/// The metrics of one queue, under the names that dashboards for client-go's queues ask for.
struct WorkQueueMetrics: Sendable {
    /// What is read from the queue at a scrape.
    struct Reading {
        let fresh: Int
        let background: Int
        let unfinishedSeconds: Double
        let longestRunSeconds: Double
    }

    private static let labels = ["name", "controller"]

    private let values: [String]
    private let adds: Counter
    private let retries: Counter
    private let queueDuration: Histogram
    private let workDuration: Histogram

    init(registry: MetricsRegistry, queue: String) {
        values = [queue, queue]
        let buckets = Histogram.exponentialBuckets(first: 1e-6, factor: 10, count: 10)
        adds = registry.counter("workqueue_adds_total", help: "Adds handled by the queue.", labels: Self.labels)
        retries = registry.counter(
            "workqueue_retries_total", help: "Keys that run again because they failed.", labels: Self.labels)
        queueDuration = registry.histogram(
            "workqueue_queue_duration_seconds", help: "How long a key was ready before a worker took it.",
            labels: Self.labels, buckets: buckets)
        workDuration = registry.histogram(
            "workqueue_work_duration_seconds", help: "How long a worker had a key.", labels: Self.labels,
            buckets: buckets)
    }

    func added() {
        adds.increment(values)
    }

    func started(after waited: Duration) {
        queueDuration.observe(waited, values)
    }

    func finished(after worked: Duration, _ outcome: WorkOutcome) {
        workDuration.observe(worked, values)
        if case .retry = outcome { retries.increment(values) }
    }

    /// Registers what is read at every scrape; `read` returns nil when the queue is gone.
    static func registerGauges(
        in registry: MetricsRegistry, queue: String, _ read: @escaping @Sendable () -> Reading?
    ) {
        registry.collectedGauge(
            "workqueue_depth", help: "Keys that are ready and wait for a worker.", labels: labels + ["priority"]
        ) {
            guard let reading = read() else { return [] }
            return [
                (labels: [queue, queue, "fresh"], value: Double(reading.fresh)),
                (labels: [queue, queue, "background"], value: Double(reading.background)),
            ]
        }
        registry.collectedGauge(
            "workqueue_unfinished_work_seconds", help: "Sum of the ages of the keys that workers have.", labels: labels
        ) {
            read().map { [(labels: [queue, queue], value: $0.unfinishedSeconds)] } ?? []
        }
        registry.collectedGauge(
            "workqueue_longest_running_processor_seconds", help: "Age of the oldest key that a worker has.",
            labels: labels
        ) {
            read().map { [(labels: [queue, queue], value: $0.longestRunSeconds)] } ?? []
        }
    }
}
