public import KubeClient

/// Publishes what happens to objects as Kubernetes events (`events.k8s.io/v1`), beside the work and never in its way.
///
/// Expected flow: anybody records; ``run(until:)`` publishes, with one request at a time. ``EventJournal`` has the
/// rules. Errors: none; events that the API server does not take are counted, and named in the log every ten minutes at
/// most. An event may be lost, and after a lost answer it is never there twice: its name is fixed before it is sent.
public final class EventRecorder: Sendable {
    private struct State {
        var journal = EventJournal()
        /// Where the publisher rests; nil while it works.
        var sleeper: Sleeper?
    }

    /// How long the events that are left may take at the end.
    static let farewell = Duration.seconds(1)

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
        // The pauses are the journal's, and a server that hangs must not hold up the others' events for long.
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

    /// Wants an event published; returns at once, whatever the API server does.
    public func record(_ event: ObjectEvent) {
        let (date, now) = (clock.now(), time.now)
        let acceptance = change { $0.record(event, at: date, now: now) }
        if acceptance != .accepted { metrics.dropped(acceptance) }
    }

    /// Publishes until `stop` is set, and then for a second at most what is left; cancellation ends it at once.
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
        try? await time.sleep(for: Self.farewell)
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
        let (now, chance) = (time.now, random())
        switch change({ $0.finish(answer, now: now, random: chance) }) {
        case .published: metrics.published(update: isUpdate)
        case .triedAgain: break
        case .lost(let report):
            metrics.gaveUp()
            if let report { tell(series, failure, lost: report) }
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

    private func tell(_ series: EventSeries, _ error: KubeError?, lost count: Int) {
        logger.warn(
            "Could not publish events",
            [
                "namespace": .own(series.key.namespace), "name": .own(series.event.regarding.key.name),
                "reason": .own(series.event.reason), "lost": .integer(Int64(count)),
                "error": .foreign(error.map { "\($0)" } ?? ""),
            ])
    }

    /// Changes the journal and has the publisher look at it.
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
