import KubeClient
import KubeRuntime

extension ResourceHandler {
    /// Reads how a write is to be done.
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

    /// The product that the client says it is.
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

/// The `dryRun` option, which knows one value.
enum DryRun {
    static func read(_ values: [String], _ causes: inout [StatusError.Cause]) -> Bool {
        let values = values.filter { !$0.isEmpty }
        for value in values where value != "All" { causes.append(.notSupported("dryRun", value, ["All"])) }
        return !values.isEmpty
    }
}

extension DeleteParameters {
    /// Reads `DeleteOptions`, from the body or, without one, from the query.
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
