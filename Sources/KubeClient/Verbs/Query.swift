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
