public import KubeClient

/// Publishes Kubernetes events (`events.k8s.io/v1`) in the background, without delaying the caller.
///
/// Any task records events; ``run(until:)`` publishes them, one request at a time. ``EventJournal`` implements the
/// rules. Events that the API server rejects are counted, and logged at most every ten minutes. An event can be lost,
/// but it is never published twice after a lost response, because its name is fixed before it is sent.
public final class EventRecorder: Sendable {
    private struct State {
        var journal = EventJournal()
        /// The waiting publisher; nil while it works.
        var sleeper: Sleeper?
    }

    /// How long sending the remaining events may take at the end.
    static let closingTime = Duration.seconds(1)

    private let state = Locked(State())
    private let client: KubeClient
    private let source: EventSource
    private let time: any TimeSource
    private let clock: WallClock
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let metrics: EventMetrics

    /// - Parameter random: uniform in `0..<1`.
    public init(
        client: KubeClient, source: EventSource, time: any TimeSource, clock: WallClock,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger,
        metrics: MetricsRegistry
    ) {
        var client = client
        // The journal retries. A server that hangs must not delay the other events for long.
        client.retry.limit = 0
        client.requestTimeout = .seconds(10)
        self.client = client
        self.source = source
        self.time = time
        self.clock = clock
        self.random = random
        self.logger = logger.named("events")
        self.metrics = EventMetrics(registry: metrics)
    }

    /// Records an event for publication; returns immediately.
    public func record(_ event: ObjectEvent) {
        let (date, now) = (clock.now(), time.now)
        let acceptance = change { $0.record(event, at: date, now: now) }
        if acceptance != .accepted { metrics.dropped(acceptance) }
    }

    /// Publishes until `stop` is set, then the remaining events for at most a second; cancellation ends it immediately.
    public func run(until stop: Latch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.publish() }
            group.addTask { await self.close(at: stop) }
            await group.next()
            group.cancelAll()
        }
    }

    private func close(at stop: Latch) async {
        await stop.wait()
        guard !Task.isCancelled else { return }
        change { $0.close() }
        try? await time.sleep(for: Self.closingTime)
    }

    private func publish() async {
        while !Task.isCancelled {
            let (sleeper, now) = (Sleeper(), time.now)
            let step = state.withLock { state in
                let step = state.journal.next(now: now)
                if case .rest = step { state.sleeper = sleeper }
                return step
            }
            switch step {
            case .create(let series): await send(series, asUpdate: false)
            case .update(let series): await send(series, asUpdate: true)
            case .rest(let deadline): await sleeper.sleep(until: deadline, on: time)
            case .end: return
            }
        }
    }

    private func send(_ series: EventSeries, asUpdate isUpdate: Bool) async {
        var failure: KubeError?
        do {
            try await isUpdate ? update(series) : create(series)
        } catch {
            failure = error
        }
        if failure?.isCancelled == true { return }
        let answer = EventJournal.Answer(failure, toUpdate: isUpdate)
        let (now, random) = (time.now, random())
        switch change({ $0.finish(answer, now: now, random: random) }) {
        case .published: metrics.published(update: isUpdate)
        case .retried: break
        case .lost(let report):
            metrics.gaveUp()
            if let report { logLoss(series, failure, lost: report) }
        }
    }

    private func create(_ series: EventSeries) async throws(KubeError) {
        try await client.create(
            EventSeries.resourceType, namespace: series.key.namespace, body: series.manifest(from: source),
            WriteOptions(fieldManager: source.fieldManager), decoding: Self.nothing)
    }

    private func update(_ series: EventSeries) async throws(KubeError) {
        try await client.patch(
            EventSeries.resourceType, series.key, .merge(series.patch),
            WriteOptions(fieldManager: source.fieldManager), decoding: Self.nothing)
    }

    private static let nothing: ObjectDecoder<Void> = { (cursor) throws(JSONError) in try cursor.skipValue() }

    private func logLoss(_ series: EventSeries, _ error: KubeError?, lost count: Int) {
        logger.warn(
            "Could not publish events",
            [
                "namespace": .own(series.key.namespace), "name": .own(series.event.regarding.key.name),
                "reason": .own(series.event.reason), "lost": .integer(Int64(count)),
                "error": .foreign(error.map { "\($0)" } ?? ""),
            ])
    }

    /// Changes the journal and wakes the publisher.
    private func change<Result>(_ body: (inout EventJournal) -> Result) -> Result {
        let (result, sleeper) = state.withLock { state in
            let result = body(&state.journal)
            defer { state.sleeper = nil }
            return (result, state.sleeper)
        }
        if let token = sleeper?.wake() { time.cancel(token) }
        return result
    }
}

/// Counts published, failed and dropped events.
struct EventMetrics: Sendable {
    private let published: Counter
    private let failed: Counter
    private let dropped: Counter

    init(registry: MetricsRegistry) {
        published = registry.counter(
            "events_published_total", help: "Published events: created (POST), or their series updated (PATCH).",
            labels: ["method"])
        failed = registry.counter(
            "events_failed_total", help: "Events that the API server did not accept.")
        dropped = registry.counter(
            "events_dropped_total",
            help: """
                Events that were not sent: queue_full (too many were waiting) or object_limit (the object had too many \
                different events).
                """, labels: ["reason"])
        for method in ["POST", "PATCH"] { published.expose([method]) }
        failed.expose()
        for reason in [EventJournal.Acceptance.queueFull, .objectLimit] { dropped.expose([reason.rawValue]) }
    }

    func published(update isUpdate: Bool) { published.increment([isUpdate ? "PATCH" : "POST"]) }
    func gaveUp() { failed.increment() }
    func dropped(_ reason: EventJournal.Acceptance) { dropped.increment([reason.rawValue]) }
}
