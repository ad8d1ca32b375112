import KubeClient

/// The metrics of one reflector; the label `type` is the resource's plural name and group.
struct ReflectorMetrics: Sendable {
    private let type: String
    private let lists: Counter
    private let watches: Counter
    private let failures: Counter
    private let relists: Counter
    private let events: Counter
    private let undecodable: Counter

    init(registry: MetricsRegistry, type: String) {
        self.type = type
        lists = registry.counter("reflector_lists_total", help: "Pages asked for.", labels: ["type"])
        watches = registry.counter("reflector_watches_total", help: "Watches asked for.", labels: ["type"])
        failures = registry.counter(
            "reflector_failures_total", help: "Lists and watches that failed, by status code.",
            labels: ["type", "code"])
        relists = registry.counter(
            "reflector_relists_total", help: "Times the whole state was read, by reason.", labels: ["type", "reason"])
        events = registry.counter(
            "reflector_watch_events_total", help: "Events read, by kind.", labels: ["type", "event"])
        undecodable = registry.counter(
            "reflector_undecodable_objects_total", help: "Objects that could not be read.", labels: ["type"])
    }

    func listed() { lists.increment([type]) }
    func watched() { watches.increment([type]) }
    func relisted(_ reason: ReflectorMachine.RelistReason) { relists.increment([type, reason.rawValue]) }
    func event(_ kind: String) { events.increment([type, kind]) }
    func undecodable(_ count: Int) { undecodable.increment([type], by: Double(count)) }

    func failed(_ what: String) { failures.increment([type, what]) }

    /// Registers what is read from the store at every scrape.
    static func registerGauges<Object>(in registry: MetricsRegistry, type: String, store: Store<Object>) {
        registry.collectedGauge("reflector_objects", help: "Objects stored.", labels: ["type"]) { [weak store] in
            store.map { [(labels: [type], value: Double($0.count))] } ?? []
        }
        registry.collectedGauge(
            "reflector_quarantined_objects", help: "Objects whose newest version cannot be read.", labels: ["type"]
        ) { [weak store] in
            store.map { [(labels: [type], value: Double($0.quarantined.count))] } ?? []
        }
        registry.collectedGauge(
            "reflector_available", help: "1 while the server serves the resource type.", labels: ["type"]
        ) { [weak store] in
            store.map { [(labels: [type], value: $0.isAvailable ? 1 : 0)] } ?? []
        }
        registry.collectedGauge(
            "reflector_last_resource_version", help: "The version up to which everything is known.", labels: ["type"]
        ) { [weak store] in
            guard let store, let version = Double(store.observedResourceVersion.text) else { return [] }
            return [(labels: [type], value: version)]
        }
    }
}
