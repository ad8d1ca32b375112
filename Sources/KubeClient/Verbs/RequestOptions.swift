/// How old an answer of `list` may be.
///
/// The combinations the server refuses or misreads (a version with a limit but no match rule, for one) cannot be said.
public enum ListVersion: Sendable, Hashable {
    /// Everything that was written before the request is in the answer.
    case mostRecent
    /// Whatever the server has at hand, even older than what it answered before; a limit is ignored.
    case any
    /// As the collection was at this version or later.
    case notOlderThan(ResourceVersion)
    /// As the collection was at this very version.
    case exact(ResourceVersion)
}

/// What `list` asks for.
public struct ListOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    /// The most objects on one page; nil for all on one.
    public var limit: Int?
    /// The token of the page before; the version asked for is then the first page's.
    public var continueToken: String?
    public var version = ListVersion.mostRecent
    /// Asks the server to send metadata only.
    public var asMetadataOnly = false

    public init(
        labelSelector: String? = nil, fieldSelector: String? = nil, limit: Int? = nil, continueToken: String? = nil,
        version: ListVersion = .mostRecent, asMetadataOnly: Bool = false
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continueToken = continueToken
        self.version = version
        self.asMetadataOnly = asMetadataOnly
    }
}

/// Where `watch` starts.
public enum WatchStart: Sendable, Hashable {
    /// With the first change after this version.
    case after(ResourceVersion)
    /// With the state at this version or later as added objects, a bookmark that ends them, then the changes.
    ///
    /// Nil asks for the most recent state. Servers that cannot do it answer 422.
    case initialEvents(notOlderThan: ResourceVersion?)
    /// With some state the server has at hand as added objects, which nothing ends, then the changes.
    case any
}

/// What `watch` asks for.
public struct WatchOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    public var start: WatchStart
    /// After which time the server is to end the watch, in whole seconds; nil lets the server choose.
    public var timeout: Duration?
    /// Asks for bookmarks, which move the version along where nothing happens.
    public var allowBookmarks = true
    /// Asks the server to send metadata only.
    public var asMetadataOnly = false

    public init(
        start: WatchStart, labelSelector: String? = nil, fieldSelector: String? = nil, timeout: Duration? = nil,
        allowBookmarks: Bool = true, asMetadataOnly: Bool = false
    ) {
        self.start = start
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.timeout = timeout
        self.allowBookmarks = allowBookmarks
        self.asMetadataOnly = asMetadataOnly
    }
}

/// What the server does about fields it does not know.
public enum FieldValidation: String, Sendable, Hashable {
    case strict = "Strict"
    case warn = "Warn"
    case ignore = "Ignore"
}

/// What `create`, `replace` and `patch` ask for.
public struct WriteOptions: Sendable, Hashable {
    /// In whose name fields are set; server-side apply needs one.
    public var fieldManager: String?
    public var fieldValidation: FieldValidation?
    /// Goes through everything but stores nothing.
    public var dryRun = false

    public init(fieldManager: String? = nil, fieldValidation: FieldValidation? = nil, dryRun: Bool = false) {
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
        self.dryRun = dryRun
    }
}

/// What happens to the objects a deleted one owns.
public enum DeletionPropagation: String, Sendable, Hashable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

/// What `delete` asks for.
public struct DeleteOptions: Sendable, Hashable {
    /// Deletes only the object with this UID, not a later one of the same name.
    public var uid: String?
    /// Deletes only while the object has this version.
    public var resourceVersion: ResourceVersion?
    public var propagation: DeletionPropagation?
    public var dryRun = false

    public init(
        uid: String? = nil, resourceVersion: ResourceVersion? = nil, propagation: DeletionPropagation? = nil,
        dryRun: Bool = false
    ) {
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.propagation = propagation
        self.dryRun = dryRun
    }
}
