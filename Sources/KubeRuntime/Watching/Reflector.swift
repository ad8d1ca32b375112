public import KubeClient

/// Keeps a ``Store`` equal to a collection on the server, and tells what changes in it.
///
/// Expected flow: lists, then watches for as long as the task lives; on trouble it retries by itself, for ever.
/// Guarantees: nothing that happened is missed for good, deletions included; the store never goes back in time; an
/// object that cannot be read costs no other object anything. Changes are reported in order, after the store has them.
/// Errors: none; trouble is logged and counted, a missing resource type is reported as ``StoreChange/unavailable(_:)``.
public struct Reflector<Object: StoredObject>: Sendable {
    let client: KubeClient
    let type: ResourceType
    let scope: ReflectorScope
    let settings: ReflectorSettings
    let decoder: ObjectDecoder<Object>
    let store: Store<Object>
    let time: any TimeSource
    let random: @Sendable () -> Double
    let logger: Logger
    let metrics: ReflectorMetrics?
    let onChange: @Sendable (StoreChange<Object>) -> Void

    /// Makes a reflector that is the only writer of `store`, but for own writes.
    ///
    /// - Parameters:
    ///   - random: uniform in `0..<1`.
    ///   - onChange: called in order, from one task; it must be short.
    public init(
        client: KubeClient, type: ResourceType, scope: ReflectorScope = ReflectorScope(),
        settings: ReflectorSettings = ReflectorSettings(), decoding decoder: @escaping ObjectDecoder<Object>,
        into store: Store<Object>, time: any TimeSource,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger,
        metrics: MetricsRegistry? = nil, onChange: @escaping @Sendable (StoreChange<Object>) -> Void
    ) {
        var client = client
        // The pauses are the machine's, which knows what was achieved.
        client.retry.limit = 0
        self.client = client
        self.type = type
        self.scope = scope
        self.settings = settings
        self.decoder = decoder
        self.store = store
        self.time = time
        self.random = random
        self.onChange = onChange
        let name = type.group.isEmpty ? type.plural : "\(type.plural).\(type.group)"
        self.logger = logger.named("reflector").with(["type": .own(name)])
        self.metrics = metrics.map { ReflectorMetrics(registry: $0, type: name) }
        if let metrics { ReflectorMetrics.registerGauges(in: metrics, type: name, store: store) }
    }

    /// Runs until the task is cancelled.
    public func run() async {
        var machine = ReflectorMachine(settings: settings, observed: store.observedResourceVersion)
        var watch: OpenWatch<Object>?
        var input = ReflectorMachine.Input.start
        while !Task.isCancelled {
            let step = machine.step(input, now: time.now, random: random)
            if let note = step.note { report(note) }
            if let copy = step.copy { carryOut(copy) }
            store.noteFailures(machine.failuresInARow)
            input = await perform(step.next, &watch)
        }
        watch?.cancel()
    }

    private func carryOut(_ action: ReflectorMachine.CopyAction) {
        change { store, changes in
            switch action {
            case .beginRelist(let isConsistent): store.beginRelist(isConsistent: isConsistent)
            case .finishRelist(let version): store.finishRelist(version, into: &changes)
            case .observe(let version): store.observe(version)
            case .markUnavailable(let reason): store.markUnavailable(reason, into: &changes)
            }
        }
    }

    /// Changes the store and tells what changed.
    func change(_ body: (inout StoreState<Object>, inout [StoreChange<Object>]) -> Void) {
        for change in store.update(body) {
            switch change {
            case .quarantined(let object): reportQuarantined(object)
            case .synced:
                logger.info("Synced", ["objects": .integer(Int64(store.count))])
            case .unavailable(let reason):
                logger.warn(
                    "The API server does not serve the resource type",
                    settings.remedy.map { ["fix": .own($0)] } ?? ["error": .foreign(reason)])
            case .added, .changed, .deleted, .vanished: break
            }
            onChange(change)
        }
    }
}

/// Which part of a collection a ``Reflector`` follows.
public struct ReflectorScope: Sendable, Hashable {
    /// Nil for all namespaces.
    public var namespace: String?
    public var labelSelector: String?
    public var fieldSelector: String?

    public init(namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }
}

/// The times and sizes by which a ``Reflector`` works.
public struct ReflectorSettings: Sendable, Hashable {
    /// How the whole state is read at first and after a gap.
    public enum Synchronization: Sendable, Hashable {
        /// In pages; what a page brought is stored before the next one is asked for.
        case pages
        /// As the first events of the watch; in pages where the server cannot do that.
        case streaming
    }

    public var synchronization = Synchronization.pages
    /// The most objects asked for at once.
    public var pageSize = 500
    /// A list of more pages is given up, and begun again after a pause: some server or proxy turns the same page for ever.
    public var maximumPages = 10_000
    /// The server ends a watch after a time between these two, drawn anew each time.
    ///
    /// So short that a watch whose connection, proxy or server died without a word is found out within half a minute:
    /// nothing else tells it from one on which nothing happens. Going on from a version costs the server next to
    /// nothing, and it sends a bookmark before it ends a watch.
    public var watchTimeout: ClosedRange<Duration> = .seconds(20)...(.seconds(25))
    /// How much longer than that a watch may stay open before it counts as dead.
    public var watchMargin = Duration.seconds(5)
    /// How long a streamed state may take.
    public var streamTimeout = Duration.seconds(300)
    /// After which time without event a streamed state counts as never ending.
    public var streamQuietLimit = Duration.seconds(60)
    /// A watch that ended sooner than this and brought nothing is a fault.
    public var shortWatch = Duration.seconds(1)
    /// A watch that was open for this long worked, even when it brought nothing.
    public var soundWatch = Duration.seconds(15)
    /// The longest time between two looks for a resource type that is not served.
    public var probeInterval = Duration.seconds(30)
    public var backoff = Backoff.reflector
    /// What to do if the server does not serve the resource type, for the log; nil to log the server's error.
    public var remedy: String?

    public init() {}
}
