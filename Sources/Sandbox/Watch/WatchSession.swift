import KubeClient

/// One watch: reads the history through its cursor and sends what the client is to see.
struct WatchSession: Sendable {
    /// How many events are read from the history at a time.
    private static let batch = 200

    private let cluster: Cluster
    private let served: ServedResource
    private let namespace: String?
    private let parameters: ListParameters
    private let encoder: WatchEncoder

    init(
        _ cluster: Cluster, _ served: ServedResource, namespace: String?, _ parameters: ListParameters,
        _ representation: Representation
    ) {
        self.cluster = cluster
        self.served = served
        self.namespace = namespace
        self.parameters = parameters
        encoder = WatchEncoder(served: served, representation: representation)
    }

    /// Sends until the watch times out, fails, or `send` throws because the client is gone.
    func run(_ send: (_ bytes: [UInt8]) async throws -> Void) async throws {
        let now = cluster.environment.clock.now()
        do {
            var (cursor, initial) = try start(at: now)
            for record in initial { try await send(encoder.encode(.added(record), now: now)) }
            if parameters.sendsInitialEvents == true, parameters.allowsBookmarks {
                let bookmark = WatchNotice.bookmark(revision: cursor.revision, endsInitialEvents: true)
                try await send(encoder.encode(bookmark, now: now))
            }
            try await follow(&cursor, send)
        } catch let error as StatusError {
            try await send(encoder.encode(.failed(error), now: now))
        }
    }

    /// Finds where the watch begins and the objects it tells first.
    private func start(at now: Timestamp) throws(StatusError) -> (WatchCursor, [ObjectRecord]) {
        let asked = parameters.resourceVersion ?? 0
        let tellsPresent = parameters.sendsInitialEvents ?? (asked == 0)
        let timeout = Duration.seconds(parameters.timeoutSeconds ?? defaultTimeout)
        let current = cluster.storage.revision
        guard asked <= current else { throw .resourceVersionTooLarge(asked, current: current) }
        func cursor(_ revision: Int64) -> WatchCursor {
            WatchCursor(parameters, namespace: namespace, startingAt: revision, now: now, timeout: timeout)
        }
        guard tellsPresent else { return (cursor(asked == 0 ? current : asked), []) }
        guard let snapshot = try? cluster.storage.snapshot(served.stored.resource) else {
            throw .expired("the present state cannot be read")
        }
        let cursorAtSnapshot = cursor(snapshot.revision)
        return (cursorAtSnapshot, snapshot.records.filter(cursorAtSnapshot.selects))
    }

    /// Half an hour to an hour, so that many watches do not end together.
    private var defaultTimeout: Int64 { 1800 + Int64(cluster.environment.random() % 1800) }

    private func follow(_ cursor: inout WatchCursor, _ send: ([UInt8]) async throws -> Void) async throws {
        // A watch ends with the definition of what it watches; the client is told when it lists again.
        while !Task.isCancelled, !cluster.storage.isShutDown, cluster.registry.resource(served.resource) != nil {
            let (events, through) = try read(after: cursor.revision)
            let now = cluster.environment.clock.now()
            var bytes: [UInt8] = []
            for notice in cursor.advance(over: events, through: through) {
                bytes.append(contentsOf: try encoder.encode(notice, now: now))
            }
            if let bookmark = cursor.bookmark(at: now) {
                bytes.append(contentsOf: try encoder.encode(bookmark, now: now))
            }
            if !bytes.isEmpty { try await send(bytes) }
            if cursor.isOver(at: now) { return }
            if events.count < Self.batch {
                await cluster.storage.waitForChange(in: served.stored.resource, after: cursor.revision)
            }
        }
    }

    private func read(after revision: Int64) throws(StatusError) -> (events: [StorageEvent], through: Int64) {
        do throws(StorageError) {
            return try cluster.storage.events(served.stored.resource, after: revision, limit: Self.batch)
        } catch {
            if case .notReached(let current) = error {
                throw .resourceVersionTooLarge(revision, current: current)
            }
            throw .expired("too old resource version: \(revision)")
        }
    }
}
