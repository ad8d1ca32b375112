import KubeClient
import KubeRuntime

/// The query parameters of a request.
struct QueryParameters: Sendable {
    private let items: [(name: String, value: String)]

    init(_ items: [(name: String, value: String)]) {
        self.items = items
    }

    /// The first value of a parameter; nil if absent.
    subscript(name: String) -> String? {
        items.first { $0.name == name }?.value
    }

    /// A boolean parameter; as in Go, false if absent and true without a value.
    func flag(_ name: String) throws(StatusError) -> Bool {
        try optionalFlag(name) ?? false
    }

    func optionalFlag(_ name: String) throws(StatusError) -> Bool? {
        guard let value = self[name] else { return nil }
        switch value {
        case "", "1", "true", "True", "t", "T", "TRUE": return true
        case "0", "false", "False", "f", "F", "FALSE": return false
        default: throw .badRequest("invalid value \"\(value)\" of query parameter \(name): expected true or false")
        }
    }

    /// A non-negative integer.
    func number(_ name: String) throws(StatusError) -> Int64? {
        guard let value = self[name], !value.isEmpty else { return nil }
        guard let number = Int64(value), number >= 0 else {
            throw .badRequest("invalid value \"\(value)\" of query parameter \(name): expected a whole number")
        }
        return number
    }
}

extension ResourceHandler {
    /// Reads the options of a write.
    func writeParameters(_ subresource: String?) throws(StatusError) -> WriteParameters {
        var parameters = WriteParameters(subresource: subresource)
        var causes: [StatusError.Cause] = []
        parameters.isDryRun = DryRun.read(query["dryRun"].map { [$0] } ?? [], &causes)
        let manager = query["fieldManager"] ?? ""
        if manager.utf8.count > 128 {
            causes.append(.invalid("fieldManager", .string(manager), "may not be more than 128 bytes"))
        }
        parameters.fieldManager = manager.isEmpty ? defaultManager : manager
        parameters.force = try query.flag("force")
        if let text = query["fieldValidation"], !text.isEmpty {
            if let validation = WriteParameters.FieldValidation(rawValue: text) {
                parameters.fieldValidation = validation
            } else {
                causes.append(.notSupported("fieldValidation", text, ["Ignore", "Strict", "Warn"]))
            }
        }
        guard causes.isEmpty else {
            throw .invalid(group: "meta.k8s.io", kind: optionsKind, name: "", causes: causes)
        }
        return parameters
    }

    /// The product name in the `User-Agent` header.
    private var defaultManager: String {
        let agent = request.headers["User-Agent"] ?? ""
        let product = agent.prefix { $0 != "/" && $0 != " " }
        return product.isEmpty ? "unknown" : String(product.prefix(128))
    }

    private var optionsKind: String {
        switch request.method {
        case "POST": "CreateOptions"
        case "PUT": "UpdateOptions"
        default: "PatchOptions"
        }
    }
}

/// The `dryRun` option; its only value is `All`.
enum DryRun {
    static func read(_ values: [String], _ causes: inout [StatusError.Cause]) -> Bool {
        let values = values.filter { !$0.isEmpty }
        for value in values where value != "All" { causes.append(.notSupported("dryRun", value, ["All"])) }
        return !values.isEmpty
    }
}

extension DeleteParameters {
    /// Reads `DeleteOptions` from the body or, without a body, from the query.
    init(_ query: QueryParameters, _ options: JSONValue?) throws(StatusError) {
        var causes: [StatusError.Cause] = []
        let policy = options?["propagationPolicy"]?.stringValue ?? query["propagationPolicy"] ?? ""
        if let propagation = Propagation(rawValue: policy) {
            self.propagation = propagation
        } else if !policy.isEmpty {
            causes.append(.notSupported("propagationPolicy", policy, ["Background", "Foreground", "Orphan"]))
        } else if options?["orphanDependents"] == true {
            propagation = .orphan
        }
        let dryRun = (options?["dryRun"]?.arrayValue ?? []).compactMap(\.stringValue) + [query["dryRun"] ?? ""]
        isDryRun = DryRun.read(dryRun, &causes)
        uid = options?["preconditions"]?["uid"]?.stringValue
        resourceVersion = options?["preconditions"]?["resourceVersion"]?.stringValue
        guard causes.isEmpty else {
            throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", name: "", causes: causes)
        }
    }
}

extension ListParameters {
    /// Reads and validates the parameters of a list or watch; `name` limits it to one object.
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
