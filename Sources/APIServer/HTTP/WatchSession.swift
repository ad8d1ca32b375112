import KubeClient

/// A watch: reads events through its cursor and sends them to the client.
struct WatchSession: Sendable {
    /// The maximum number of events per read.
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

    /// Sends events until the watch times out, fails, or `send` throws because the client disconnected.
    func run(_ send: (_ bytes: [UInt8]) async throws -> Void) async throws {
        let now = cluster.environment.clock.now()
        do {
            var (cursor, initial) = try start(at: now)
            for record in initial { try await send(encoder.encode(.added(record), now: now)) }
            if parameters.sendsInitialEvents == true, parameters.allowsBookmarks {
                let bookmark = WatchEvent.bookmark(revision: cursor.revision, endsInitialEvents: true)
                try await send(encoder.encode(bookmark, now: now))
            }
            try await follow(&cursor, send)
        } catch let error as StatusError {
            try await send(encoder.encode(.failed(error), now: now))
        }
    }

    /// The start of the watch and its initial objects.
    private func start(at now: Timestamp) throws(StatusError) -> (WatchCursor, [ObjectRecord]) {
        let asked = parameters.resourceVersion ?? 0
        let sendsExisting = parameters.sendsInitialEvents ?? (asked == 0)
        let timeout = Duration.seconds(parameters.timeoutSeconds ?? defaultTimeout)
        let current = cluster.storage.revision
        guard asked <= current else { throw .resourceVersionTooLarge(asked, current: current) }
        func cursor(_ revision: Int64) -> WatchCursor {
            WatchCursor(parameters, namespace: namespace, startingAt: revision, now: now, timeout: timeout)
        }
        guard sendsExisting else { return (cursor(asked == 0 ? current : asked), []) }
        guard let snapshot = try? cluster.storage.snapshot(served.stored.resource) else {
            throw .expired("the current state cannot be read")
        }
        let cursorAtSnapshot = cursor(snapshot.revision)
        return (cursorAtSnapshot, snapshot.records.filter(cursorAtSnapshot.selects))
    }

    /// 30 to 60 minutes, so that watches do not end at the same time.
    private var defaultTimeout: Int64 { 1800 + Int64(cluster.environment.random() % 1800) }

    private func follow(_ cursor: inout WatchCursor, _ send: ([UInt8]) async throws -> Void) async throws {
        // A watch ends when its resource is no longer served; the client finds out when it lists again.
        while !Task.isCancelled, !cluster.storage.isShutDown, cluster.registry.resource(served.resource) != nil {
            let (events, through) = try read(after: cursor.revision)
            let now = cluster.environment.clock.now()
            var bytes: [UInt8] = []
            for event in cursor.advance(over: events, through: through) {
                bytes.append(contentsOf: try encoder.encode(event, now: now))
            }
            if let bookmark = cursor.bookmark(at: now) {
                bytes.append(contentsOf: try encoder.encode(bookmark, now: now))
            }
            if !bytes.isEmpty { try await send(bytes) }
            if cursor.isTimedOut(at: now) { return }
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

/// An event of a watch.
enum WatchEvent: Sendable {
    case added(ObjectRecord)
    case modified(ObjectRecord)
    /// The last state that the client may have seen, with the revision of the change.
    case deleted(ObjectRecord, revision: Int64)
    case bookmark(revision: Int64, endsInitialEvents: Bool)
    case failed(StatusError)
}

/// The position of a watch in the history: decides which events are sent and when. It performs no reads.
struct WatchCursor: Sendable {
    private let namespace: String?
    private let labels: LabelSelector
    private let fields: FieldSelector
    private let allowsBookmarks: Bool
    private let deadline: Timestamp
    private var nextBookmark: Timestamp
    private var hasFinalBookmark = false
    /// All changes up to this revision were sent.
    private(set) var revision: Int64

    /// The interval between bookmarks.
    private static let bookmarkInterval = Duration.seconds(60)
    /// How long before the timeout the last bookmark is sent.
    private static let finalBookmarkLead = Duration.seconds(2)

    init(
        _ parameters: ListParameters, namespace: String?, startingAt revision: Int64, now: Timestamp,
        timeout: Duration
    ) {
        self.namespace = namespace
        labels = parameters.labels
        fields = parameters.fields
        allowsBookmarks = parameters.allowsBookmarks
        self.revision = revision
        deadline = now + timeout
        nextBookmark = now + Self.bookmarkInterval
    }

    func isTimedOut(at now: Timestamp) -> Bool { now >= deadline }

    /// True if the namespace and the selectors match.
    func selects(_ record: ObjectRecord) -> Bool {
        (namespace == nil || record.namespace == namespace) && labels.matches(record.labels) && fields.matches(record)
    }

    /// Advances to `revision` and returns the events for this watch.
    mutating func advance(over events: [StorageEvent], through revision: Int64) -> [WatchEvent] {
        self.revision = max(self.revision, revision)
        return events.compactMap { event in
            let was = event.previous.map(selects) ?? false
            let isSelected = event.kind != .deleted && selects(event.record)
            switch (was, isSelected) {
            case (true, true): return .modified(event.record)
            case (false, true): return .added(event.record)
            case (true, false):
                // An object that no longer matches is reported in its last matching state.
                let last = event.kind == .deleted ? event.record : event.previous ?? event.record
                return .deleted(last, revision: event.revision)
            case (false, false): return nil
            }
        }
    }

    /// The bookmark that is due, if any.
    mutating func bookmark(at now: Timestamp) -> WatchEvent? {
        guard allowsBookmarks else { return nil }
        if !hasFinalBookmark, now + Self.finalBookmarkLead >= deadline {
            hasFinalBookmark = true
            return .bookmark(revision: revision, endsInitialEvents: false)
        }
        guard now >= nextBookmark else { return nil }
        nextBookmark = now + Self.bookmarkInterval
        return .bookmark(revision: revision, endsInitialEvents: false)
    }
}

/// Encodes watch events as lines of JSON.
struct WatchEncoder: Sendable {
    let served: ServedResource
    let representation: Representation

    func encode(_ event: WatchEvent, now: Timestamp) throws(StatusError) -> [UInt8] {
        switch event {
        case .added(let record): return line("ADDED", try present(record, now))
        case .modified(let record): return line("MODIFIED", try present(record, now))
        case .deleted(let record, let revision):
            return line("DELETED", try present(record, stampedWith: revision, now))
        case .bookmark(let revision, let endsInitialEvents):
            return line("BOOKMARK", bookmark(revision, endsInitialEvents).encoded)
        case .failed(let error): return line("ERROR", error.object.encoded)
        }
    }

    private func line(_ type: String, _ object: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(object.count + 40)
        bytes.append(contentsOf: "{\"type\":\"\(type)\",\"object\":".utf8)
        bytes.append(contentsOf: object)
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    private func present(
        _ record: ObjectRecord, stampedWith revision: Int64? = nil, _ now: Timestamp
    ) throws(StatusError) -> [UInt8] {
        let text = revision.map { record.text(stampedWith: $0) } ?? record.text
        if representation == .object, served.isStoredForm { return text }
        return try representation.present([text], as: served, now: now)
    }

    /// An object that contains only a resource version.
    private func bookmark(_ revision: Int64, _ endsInitialEvents: Bool) -> JSONValue {
        var metadata: JSONValue = ["resourceVersion": .string(String(revision)), "creationTimestamp": .null]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        switch representation {
        case .object:
            return ["kind": .string(served.kind), "apiVersion": .string(served.apiVersion), "metadata": metadata]
        case .metadata(let version):
            return [
                "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"),
                "metadata": metadata,
            ]
        case .table:
            var table = representation.table(rows: [], of: served)
            table["metadata"] = ["resourceVersion": .string(String(revision))]
            let object: JSONValue = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
            ]
            table["rows"] = [
                ["cells": .array(served.columns.map { _ in .null }), "object": object]
            ]
            return table
        }
    }
}
