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

/// A change of an object, in one of the forms the server understands for every kind.
public enum Patch: Sendable, Hashable {
    /// A JSON merge patch (RFC 7396).
    case merge([UInt8])
    /// A list of operations (RFC 6902).
    case json([UInt8])
    /// Server-side apply: all fields the manager wants to own; `force` takes them from other managers.
    case apply([UInt8], force: Bool)

    var body: [UInt8] {
        switch self {
        case .merge(let body), .json(let body), .apply(let body, _): body
        }
    }

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .apply: "application/apply-patch+yaml"
        }
    }

    /// True when a second arrival does nothing the first did not do.
    ///
    /// That holds for apply, and for a merge patch that names the version it was made for: its second arrival is
    /// refused with a conflict.
    var isRepeatable: Bool {
        switch self {
        case .apply: true
        case .json: false
        case .merge(let body): UndecodableObject(salvaging: JSONCursor(body), error: "").metadata.hasVersion
        }
    }
}

extension ObjectMetadata {
    fileprivate var hasVersion: Bool { !resourceVersion.isEmpty }
}

/// The query of a request target, put together member by member.
struct Query {
    private var text = ""

    mutating func append(_ name: String, _ value: String?) {
        guard let value else { return }
        text += (text.isEmpty ? "?" : "&") + name + "=" + value.percentEncodedQueryValue
    }

    /// Returns the target that asks `path` with this query.
    func target(_ path: String) -> String { path + text }
}

extension ListOptions {
    var query: Query {
        var query = Query()
        query.append("labelSelector", labelSelector)
        query.append("fieldSelector", fieldSelector)
        query.append("limit", limit.map { "\($0)" })
        if let continueToken {
            query.append("continue", continueToken)
            return query
        }
        switch version {
        case .mostRecent: break
        case .any: query.append("resourceVersion", "0")
        case .notOlderThan(let version):
            query.append("resourceVersion", version.text)
            query.append("resourceVersionMatch", "NotOlderThan")
        case .exact(let version):
            query.append("resourceVersion", version.text)
            query.append("resourceVersionMatch", "Exact")
        }
        return query
    }
}

extension WatchOptions {
    var query: Query {
        var query = Query()
        query.append("watch", "true")
        query.append("labelSelector", labelSelector)
        query.append("fieldSelector", fieldSelector)
        switch start {
        case .after(let version): query.append("resourceVersion", version.text)
        case .any: query.append("resourceVersion", "0")
        case .initialEvents(let version):
            query.append("sendInitialEvents", "true")
            query.append("resourceVersion", version?.text)
            query.append("resourceVersionMatch", "NotOlderThan")
        }
        if allowBookmarks { query.append("allowWatchBookmarks", "true") }
        query.append("timeoutSeconds", timeout.map { "\(max(1, $0.components.seconds))" })
        return query
    }
}

extension WriteOptions {
    var query: Query {
        var query = Query()
        query.append("fieldManager", fieldManager)
        query.append("fieldValidation", fieldValidation?.rawValue)
        if dryRun { query.append("dryRun", "All") }
        return query
    }
}

extension DeleteOptions {
    /// The body of the request, a `DeleteOptions` object.
    var body: [UInt8] {
        var options: JSONObject = ["kind": .string("DeleteOptions"), "apiVersion": .string("v1")]
        var preconditions = JSONObject()
        if let uid { preconditions["uid"] = .string(uid) }
        if let resourceVersion { preconditions["resourceVersion"] = .string(resourceVersion.text) }
        if !preconditions.isEmpty { options["preconditions"] = .object(preconditions) }
        if let propagation { options["propagationPolicy"] = .string(propagation.rawValue) }
        if dryRun { options["dryRun"] = .array([.string("All")]) }
        return JSONValue.object(options).encoded
    }
}
