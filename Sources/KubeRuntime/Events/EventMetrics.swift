/// What became of the events of a process.
struct EventMetrics: Sendable {
    private let published: Counter
    private let failed: Counter
    private let dropped: Counter

    init(registry: MetricsRegistry) {
        published = registry.counter(
            "events_published_total", help: "Events created (POST), and updates of their series (PATCH).",
            labels: ["method"])
        failed = registry.counter(
            "events_failed_total", help: "Events that were given up because the API server did not take them.")
        dropped = registry.counter(
            "events_dropped_total",
            help: """
                Events that were not even sent: queue_full, because too many waited, or object_limit, because an object \
                had too many different ones.
                """, labels: ["reason"])
        for method in ["POST", "PATCH"] { published.expose([method]) }
        failed.expose()
        for reason in [EventJournal.Acceptance.queueFull, .objectLimit] { dropped.expose([reason.rawValue]) }
    }

    func published(update isUpdate: Bool) { published.increment([isUpdate ? "PATCH" : "POST"]) }
    func gaveUp() { failed.increment() }
    func dropped(_ reason: EventJournal.Acceptance) { dropped.increment([reason.rawValue]) }
}
