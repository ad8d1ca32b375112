public import KubeClient

/// Keeps a ``Store`` in sync with a collection on the API server, and reports each change.
///
/// Lists, then watches until its task is canceled, and retries every failure with backoff. Every change is eventually
/// found, including deletions; objects never go back to an older version; an object that cannot be decoded affects no
/// other object. Changes are reported in order, after the store has them. Failures are logged and counted; a resource
/// type that is not served is reported as ``StoreChange/unavailable(_:)``.
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

    /// Creates a reflector. Nothing else may write to `store`, except ``Store/apply(_:)``.
    ///
    /// - Parameters:
    ///   - random: uniform in `0..<1`.
    ///   - onChange: called in order, from one task; must be short.
    public init(
        client: KubeClient, type: ResourceType, scope: ReflectorScope = ReflectorScope(),
        settings: ReflectorSettings = ReflectorSettings(), decoding decoder: @escaping ObjectDecoder<Object>,
        into store: Store<Object>, time: any TimeSource,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger,
        metrics: MetricsRegistry? = nil, onChange: @escaping @Sendable (StoreChange<Object>) -> Void
    ) {
        var client = client
        // Backoff is up to the machine, which knows whether a list or watch made progress.
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

    /// Runs until the task is canceled.
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

    /// Changes the store and reports the changes.
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

/// The part of a collection that a ``Reflector`` watches.
public struct ReflectorScope: Sendable, Hashable {
    /// Nil means all namespaces.
    public var namespace: String?
    public var labelSelector: String?
    public var fieldSelector: String?

    public init(namespace: String? = nil, labelSelector: String? = nil, fieldSelector: String? = nil) {
        self.namespace = namespace
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
    }
}

/// The timeouts and page sizes of a ``Reflector``.
public struct ReflectorSettings: Sendable, Hashable {
    /// How to read the whole collection initially and after a gap.
    public enum Synchronization: Sendable, Hashable {
        /// In pages; each page is stored before the next one is requested.
        case pages
        /// As a watch's initial events; in pages if the server does not support that.
        case streaming
    }

    public var synchronization = Synchronization.pages
    /// The maximum number of objects of a page.
    public var pageSize = 500
    /// A list with more pages fails and is retried: a broken server or proxy can return the same page forever.
    public var maximumPages = 10_000
    /// The range from which each watch's timeout is drawn; the server ends the watch then.
    ///
    /// It is short because a watch whose connection, proxy or server died silently looks like one without changes: this
    /// timeout finds it within half a minute. Resuming from a version costs the server almost nothing, and it sends a
    /// bookmark before it ends a watch.
    public var watchTimeout: ClosedRange<Duration> = .seconds(20)...(.seconds(25))
    /// How long after its timeout a watch that has not ended counts as dead.
    public var watchMargin = Duration.seconds(5)
    /// The timeout for a watch's initial events.
    public var streamTimeout = Duration.seconds(300)
    /// How long initial events may pause before the list counts as stalled.
    public var streamQuietLimit = Duration.seconds(60)
    /// A watch that ended sooner than this without an event counts as a failure.
    public var shortWatch = Duration.seconds(1)
    /// A watch that was open for this long counts as a success, even without an event.
    public var soundWatch = Duration.seconds(15)
    /// The longest delay between two checks for a resource type that is not served.
    public var probeInterval = Duration.seconds(30)
    public var backoff = Backoff.reflector
    /// What to do if the server does not serve the resource type, for the log; nil to log the server's error.
    public var remedy: String?

    public init() {}
}
