import KubeClient

extension Reflector {
    func report(_ note: ReflectorMachine.Note) {
        switch note {
        case .relist(let reason):
            metrics?.relisted(reason)
            logger.debug("Reading the whole state", ["reason": .own(reason.rawValue)])
        case .failed(let error, let delay):
            guard !error.isCancelled || !Task.isCancelled else { return }
            metrics?.failed(code: error.code)
            logger.warn(
                "The list or watch failed and is tried again",
                ["error": .foreign("\(error)"), "retryIn": .duration(delay)])
        case .silentWatch:
            metrics?.wasSilent()
            logger.info("The server did not end the watch in time; it is opened anew")
        case .shortWatch:
            metrics?.wasShort()
            logger.warn("The watch ended at once; something on the way may not let watches through")
        case .streamingUnsupported:
            logger.info("The server cannot stream its state; it is listed instead")
        }
    }

    func reportUnreadableDeletion(_ object: UndecodableObject, isComplete: Bool) {
        metrics?.undecodable(1)
        logger.warn(
            isComplete
                ? "The last state of a deleted object cannot be read; the object is removed by its metadata"
                : "A deletion cannot be read; the objects are listed again",
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
        // Each is a trouble of its own, and named: as context, so that it is no repetition of another. Where there are
        // very many, the metrics count the others.
        let isNamed = store.quarantinedCount <= Self.namedQuarantined
        (isNamed ? logger.with(place) : logger.about(place)).error(
            "An object cannot be read and is set aside until it changes",
            [
                "uid": .own(object.metadata.uid),
                "resourceVersion": .own(object.metadata.resourceVersion.text), "error": .foreign(object.error),
            ])
    }

    /// How many objects that cannot be read the log tells apart.
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
        lists = registry.counter("reflector_lists_total", help: "Pages asked for.", labels: ["type"])
        watches = registry.counter("reflector_watches_total", help: "Watches asked for.", labels: ["type"])
        failures = registry.counter(
            "reflector_failures_total",
            help: """
                Lists and watches that failed, by status code; none: there was no answer, silent: a watch was not ended \
                in time, short: one ended at once.
                """,
            labels: ["type", "code"])
        relists = registry.counter(
            "reflector_relists_total",
            help: """
                Times the whole state was read: initial, expired (the version was too old), retry (after a failure), \
                probe (the type was not served before), version_too_large, token_expired or stream_stalled.
                """,
            labels: ["type", "reason"])
        events = registry.counter(
            "reflector_watch_events_total", help: "Events read, by kind.", labels: ["type", "event"])
        undecodable = registry.counter(
            "reflector_undecodable_objects_total", help: "Objects that could not be read.", labels: ["type"])
        for counter in [lists, watches, undecodable] { counter.expose([type]) }
        for reason in ReflectorMachine.RelistReason.allCases { relists.expose([type, reason.rawValue]) }
    }

    func listed() { lists.increment([type]) }
    func watched() { watches.increment([type]) }
    func relisted(_ reason: ReflectorMachine.RelistReason) { relists.increment([type, reason.rawValue]) }
    func event(_ kind: String) { events.increment([type, kind]) }
    func undecodable(_ count: Int) { undecodable.increment([type], by: Double(count)) }

    /// - Parameter code: the status code of the answer; nil where there was none.
    func failed(code: Int?) { failures.increment([type, code.map(StatusCodeLabel.of) ?? "none"]) }

    /// Counts a watch that the server did not end in time.
    func wasSilent() { failures.increment([type, "silent"]) }

    /// Counts a watch that ended at once.
    func wasShort() { failures.increment([type, "short"]) }

    /// Registers what is read from the store at every scrape; several stores of a type, of one namespace each, give
    /// one value.
    static func registerGauges<Object>(in registry: MetricsRegistry, type: String, store: Store<Object>) {
        func gauge(
            _ name: String, _ help: String, combining combination: MetricCombination,
            _ read: @escaping @Sendable (Store<Object>) -> Double?
        ) {
            registry.collectedGauge(name, help: help, labels: ["type"], combining: combination) { [weak store] in
                store.flatMap(read).map { [MetricSample($0, [type])] } ?? []
            }
        }
        gauge("reflector_objects", "Objects stored.", combining: .sum) { Double($0.count) }
        gauge("reflector_quarantined_objects", "Objects whose newest version cannot be read.", combining: .sum) {
            Double($0.quarantinedCount)
        }
        gauge(
            "reflector_consecutive_failures",
            "Lists and watches that have failed since one of them worked. What is stored is old while it grows.",
            combining: .maximum
        ) {
            Double($0.failuresInARow)
        }
        gauge("reflector_available", "1 while the server serves the resource type.", combining: .minimum) {
            $0.isAvailable ? 1 : 0
        }
        gauge(
            "reflector_last_resource_version", "The version up to which everything is known.", combining: .minimum
        ) {
            Double($0.observedResourceVersion.text)
        }
    }
}
