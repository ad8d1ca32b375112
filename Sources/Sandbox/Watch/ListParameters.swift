/// What a list or a watch asks for, as the query of the request says, checked by the API's rules.
struct ListParameters: Sendable {
    enum Match: String, Sendable {
        case exact = "Exact"
        case notOlderThan = "NotOlderThan"
    }

    let labels: LabelSelector
    let fields: FieldSelector
    /// Nil when the parameter is absent or empty; 0 for "any version".
    let resourceVersion: Int64?
    let match: Match?
    /// 0 when there is no limit.
    let limit: Int
    let continueToken: ContinueToken?
    let isWatch: Bool
    let allowsBookmarks: Bool
    let sendsInitialEvents: Bool?
    let timeoutSeconds: Int64?

    init(_ query: QueryParameters, _ served: ServedResource, name: String? = nil) throws(StatusError) {
        labels = try LabelSelector(parsing: query["labelSelector"] ?? "")
        var selector = query["fieldSelector"] ?? ""
        if let name { selector = "metadata.name=\(name)" + (selector.isEmpty ? "" : ",\(selector)") }
        fields = try FieldSelector(parsing: selector, for: served)
        isWatch = try query.flag("watch")
        resourceVersion = try Self.revision(query["resourceVersion"] ?? "")
        sendsInitialEvents = try query.optionalFlag("sendInitialEvents")
        allowsBookmarks = try query.flag("allowWatchBookmarks")
        timeoutSeconds = try query.number("timeoutSeconds")
        limit = Int(clamping: try query.number("limit") ?? 0)
        let token = query["continue"] ?? ""
        match = try Self.check(
            query["resourceVersionMatch"] ?? "", isWatch: isWatch, hasContinue: !token.isEmpty,
            resourceVersion: resourceVersion, sendsInitialEvents: sendsInitialEvents)
        if token.isEmpty {
            continueToken = nil
        } else if let resourceVersion, resourceVersion != 0 {
            throw .badRequest("specifying resource version is not allowed when using continue")
        } else {
            continueToken = try ContinueToken(parsing: token)
        }
    }

    private static func revision(_ text: String) throws(StatusError) -> Int64? {
        guard !text.isEmpty else { return nil }
        guard let revision = Int64(text), revision >= 0 else {
            throw .badRequest("resourceVersion: Invalid value: \"\(text)\": must be a resource version of this server")
        }
        return revision
    }

    private static func check(
        _ text: String, isWatch: Bool, hasContinue: Bool, resourceVersion: Int64?, sendsInitialEvents: Bool?
    ) throws(StatusError) -> Match? {
        let match = Match(rawValue: text)
        var causes: [StatusError.Cause] = []
        func forbid(_ why: String) { causes.append(.forbidden("resourceVersionMatch", why)) }
        if sendsInitialEvents != nil {
            if !isWatch {
                causes.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
            } else if match != .notOlderThan {
                forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            }
        }
        if !text.isEmpty {
            if match == nil {
                causes.append(
                    .notSupported("resourceVersionMatch", text, isWatch ? ["NotOlderThan"] : ["Exact", "NotOlderThan"]))
            }
            if hasContinue { forbid("resourceVersionMatch is forbidden when continue is provided") }
            if isWatch {
                if sendsInitialEvents == nil {
                    forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
                }
            } else if resourceVersion == nil {
                forbid("resourceVersionMatch is forbidden unless resourceVersion is provided")
            } else if match == .exact, resourceVersion == 0 {
                forbid("resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"")
            }
        }
        guard causes.isEmpty else {
            throw .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", causes: causes)
        }
        return match
    }
}
