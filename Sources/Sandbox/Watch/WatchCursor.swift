import KubeClient

/// What a watch sends next.
enum WatchNotice: Sendable {
    case added(ObjectRecord)
    case modified(ObjectRecord)
    /// The text is the last one the client may have seen, stamped with the revision of the change.
    case deleted(ObjectRecord, revision: Int64)
    case bookmark(revision: Int64, endsInitialEvents: Bool)
    case failed(StatusError)
}

/// The place of a watch in the history: decides what is sent and when, and reads nothing itself.
struct WatchCursor: Sendable {
    private let namespace: String?
    private let labels: LabelSelector
    private let fields: FieldSelector
    private let allowsBookmarks: Bool
    private let deadline: Timestamp
    private var nextBookmark: Timestamp
    private var hasFinalBookmark = false
    /// Everything up to this revision has been told.
    private(set) var revision: Int64

    /// The time between two bookmarks.
    private static let bookmarkInterval = Duration.seconds(60)
    /// How long before the end the last bookmark is sent.
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

    func isOver(at now: Timestamp) -> Bool { now >= deadline }

    /// Whether the selectors and the namespace select a version of an object.
    func selects(_ record: ObjectRecord) -> Bool {
        (namespace == nil || record.namespace == namespace) && labels.matches(record.labels) && fields.matches(record)
    }

    /// Goes on to `revision` and returns what the events before it mean to this watch.
    mutating func advance(over events: [StorageEvent], through revision: Int64) -> [WatchNotice] {
        self.revision = max(self.revision, revision)
        return events.compactMap { event in
            let was = event.previous.map(selects) ?? false
            let isSelected = event.kind != .deleted && selects(event.record)
            switch (was, isSelected) {
            case (true, true): return .modified(event.record)
            case (false, true): return .added(event.record)
            case (true, false):
                // An object that left the selection is shown as the selection knew it.
                let last = event.kind == .deleted ? event.record : event.previous ?? event.record
                return .deleted(last, revision: event.revision)
            case (false, false): return nil
            }
        }
    }

    /// The bookmark that is due, if one is.
    mutating func bookmark(at now: Timestamp) -> WatchNotice? {
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
