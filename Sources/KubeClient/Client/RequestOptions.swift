/// The consistency of a list.
///
/// Combinations that servers reject or misinterpret are not representable, such as a version with a limit but without a
/// match rule.
public enum ListVersion: Sendable, Hashable {
    /// The list includes all writes before the request.
    case mostRecent
    /// Any state that the server has cached, possibly older than its previous responses; `limit` is ignored.
    case any
    /// The state at this version or later.
    case notOlderThan(ResourceVersion)
    /// The state at exactly this version.
    case exact(ResourceVersion)
}

/// The options of `list`.
public struct ListOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    /// The maximum number of objects on one page; nil for all objects on one page.
    public var limit: Int?
    /// The token of the previous page; the list continues at the version of the first page.
    public var continueToken: String?
    public var version = ListVersion.mostRecent
    /// Asks the server to send only metadata.
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

/// The start of a watch.
public enum WatchStart: Sendable, Hashable {
    /// Sends the changes after this version.
    case after(ResourceVersion)
    /// Sends the state at this version or later as added objects, a bookmark after them, and then the changes.
    ///
    /// Nil means the most recent state. Servers without support respond with 422.
    case initialEvents(notOlderThan: ResourceVersion?)
    /// Sends any cached state as added objects and then the changes, without a bookmark between them.
    case any
}

/// The options of `watch`.
public struct WatchOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    public var start: WatchStart
    /// The time after which the server ends the watch, in whole seconds; nil for the server's default.
    public var timeout: Duration?
    /// Asks for bookmarks, which advance the version while no objects change.
    public var allowBookmarks = true
    /// Asks the server to send only metadata.
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

/// How the server treats unknown fields.
public enum FieldValidation: String, Sendable, Hashable {
    case strict = "Strict"
    case warn = "Warn"
    case ignore = "Ignore"
}

/// The options of `create`, `replace` and `patch`.
public struct WriteOptions: Sendable, Hashable {
    /// The manager that owns the written fields; required for server-side apply.
    public var fieldManager: String?
    public var fieldValidation: FieldValidation?
    /// Runs all checks but stores nothing.
    public var dryRun = false

    public init(fieldManager: String? = nil, fieldValidation: FieldValidation? = nil, dryRun: Bool = false) {
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
        self.dryRun = dryRun
    }
}

/// What happens to the dependents of a deleted object.
public enum DeletionPropagation: String, Sendable, Hashable {
    case background = "Background"
    case foreground = "Foreground"
    case orphan = "Orphan"
}

/// The options of `delete`.
public struct DeleteOptions: Sendable, Hashable {
    /// Deletes only the object with this UID, and not a later object of the same name.
    public var uid: String?
    /// Deletes only if the object has this version.
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

/// A patch in one of the formats that the server supports for every kind.
public enum Patch: Sendable, Hashable {
    /// A JSON merge patch (RFC 7396).
    case merge([UInt8])
    /// A JSON patch, which is a list of operations (RFC 6902).
    case json([UInt8])
    /// Server-side apply of all fields that the manager owns; `force` takes them over from other managers.
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

    /// True if sending the patch twice has the same effect as sending it once.
    ///
    /// This applies to server-side apply, and to merge patches that name a resource version: the server rejects the
    /// second one with a conflict.
    var isIdempotent: Bool {
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

/// Builds the query of a request target.
struct Query {
    private var text = ""

    mutating func append(_ name: String, _ value: String?) {
        guard let value else { return }
        text += (text.isEmpty ? "?" : "&") + name + "=" + value.percentEncodedQueryValue
    }

    /// Returns `path` with the query.
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
