import KubeClient

extension Reflector {
    func report(_ note: ReflectorMachine.Note) {
        switch note {
        case .relist(let reason):
            metrics?.relisted(reason)
            logger.debug("Listing", ["reason": .own(reason.rawValue)])
        case .failed(let error, let delay):
            guard !error.isCancelled || !Task.isCancelled else { return }
            metrics?.failed(code: error.code)
            logger.warn(
                "The list or watch failed; retrying",
                ["error": .foreign("\(error)"), "retryIn": .duration(delay)])
        case .silentWatch:
            metrics?.wasSilent()
            logger.info("The watch did not end at its timeout; opening a new one")
        case .shortWatch:
            metrics?.wasShort()
            logger.warn("The watch ended immediately; a proxy before the API server may not support watches")
        case .streamingUnsupported:
            logger.info("The server does not support streaming lists; listing in pages")
        }
    }

    func reportUnreadableDeletion(_ object: UndecodableObject, isComplete: Bool) {
        metrics?.undecodable(1)
        logger.warn(
            isComplete
                ? "Could not decode the last state of a deleted object; removed it by its metadata"
                : "Could not decode a deletion; listing again",
            [
                "namespace": .string(object.metadata.namespace), "name": .string(object.metadata.name),
                "uid": .string(object.metadata.uid),
                "resourceVersion": .string(object.metadata.resourceVersion.text), "error": .foreign(object.error),
            ])
    }

    func reportQuarantined(_ object: UndecodableObject) {
        metrics?.undecodable(1)
        let place: Logger.Fields = [
            "namespace": .own(object.metadata.namespace), "name": .own(object.metadata.name),
        ]
        // The name is part of the context, so that the report of one object does not suppress the report of another.
        // Beyond the limit the name is not part of the context, so most reports are suppressed; the metrics still count
        // the objects.
        let isNamed = store.quarantinedCount <= Self.namedQuarantined
        (isNamed ? logger.with(place) : logger.about(place)).error(
            "Could not decode an object; ignoring it until it changes",
            [
                "uid": .own(object.metadata.uid),
                "resourceVersion": .own(object.metadata.resourceVersion.text), "error": .foreign(object.error),
            ])
    }

    /// The maximum number of undecodable objects that are logged individually.
    private static var namedQuarantined: Int { 50 }
}

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
        lists = registry.counter("reflector_lists_total", help: "Pages requested.", labels: ["type"])
        watches = registry.counter("reflector_watches_total", help: "Watches requested.", labels: ["type"])
        failures = registry.counter(
            "reflector_failures_total",
            help: """
                Failed lists and watches, by status code; none: no response, silent: a watch did not end at its timeout, \
                short: a watch ended immediately.
                """,
            labels: ["type", "code"])
        relists = registry.counter(
            "reflector_relists_total",
            help: """
                Full lists, by reason: initial, expired (the version was too old), retry (after a failure), probe (the \
                type was not served before), version_too_large, token_expired or stream_stalled.
                """,
            labels: ["type", "reason"])
        events = registry.counter(
            "reflector_watch_events_total", help: "Watch events received, by kind.", labels: ["type", "event"])
        undecodable = registry.counter(
            "reflector_undecodable_objects_total", help: "Objects that could not be decoded.", labels: ["type"])
        for counter in [lists, watches, undecodable] { counter.expose([type]) }
        for reason in ReflectorMachine.RelistReason.allCases { relists.expose([type, reason.rawValue]) }
    }

    func listed() { lists.increment([type]) }
    func watched() { watches.increment([type]) }
    func relisted(_ reason: ReflectorMachine.RelistReason) { relists.increment([type, reason.rawValue]) }
    func event(_ kind: String) { events.increment([type, kind]) }
    func undecodable(_ count: Int) { undecodable.increment([type], by: Double(count)) }

    /// - Parameter code: the status code of the response; nil without a response.
    func failed(code: Int?) { failures.increment([type, code.map(StatusCodeLabel.of) ?? "none"]) }

    /// Counts a watch that the server did not end in time.
    func wasSilent() { failures.increment([type, "silent"]) }

    /// Counts a watch that ended immediately.
    func wasShort() { failures.increment([type, "short"]) }

    /// Registers the gauges that are read from the store at each scrape.
    ///
    /// Several stores of a type, one per namespace, are combined into one value.
    static func registerGauges<Object>(in registry: MetricsRegistry, type: String, store: Store<Object>) {
        func gauge(
            _ name: String, _ help: String, combining combination: MetricCombination,
            _ read: @escaping @Sendable (Store<Object>) -> Double?
        ) {
            registry.collectedGauge(name, help: help, labels: ["type"], combining: combination) { [weak store] in
                store.flatMap(read).map { [MetricSample($0, [type])] } ?? []
            }
        }
        gauge("reflector_objects", "Objects in the cache.", combining: .sum) { Double($0.count) }
        gauge("reflector_quarantined_objects", "Objects whose newest version cannot be decoded.", combining: .sum) {
            Double($0.quarantinedCount)
        }
        gauge(
            "reflector_consecutive_failures",
            "Failed lists and watches since the last one that worked. While it grows, the cache is outdated.",
            combining: .maximum
        ) {
            Double($0.failuresInARow)
        }
        gauge("reflector_available", "1 if the server serves the resource type, 0 otherwise.", combining: .minimum) {
            $0.isAvailable ? 1 : 0
        }
        gauge(
            "reflector_last_resource_version", "The resource version up to which the cache is complete.",
            combining: .minimum
        ) {
            Double($0.observedResourceVersion.text)
        }
    }
}
