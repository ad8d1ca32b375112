import KubeClient

/// Which Pipeline a run is to follow, read from its specification.
struct PipelineReference: Sendable {
    enum Source: Sendable {
        /// In the namespace of the run.
        case name(String)
        case bundle(image: String, name: String, kind: String)
        /// Stands in the run itself.
        case embedded(JSONObject)
        /// A resolver that the simulation does not have.
        case unsupported(resolver: String, name: String)
    }

    let run: ObjectKey
    let source: Source
    /// The service account the tasks are to run as; nil for the namespace's own.
    let serviceAccountName: String?

    init(run: ObjectKey, specification: JSONObject) {
        self.run = run
        serviceAccountName = specification["taskRunTemplate"]?["serviceAccountName"]?.stringValue
        let reference = specification["pipelineRef"]
        var parameters: [String: String] = [:]
        for parameter in reference?["params"]?.elements ?? [] {
            parameters[parameter["name"]?.stringValue ?? ""] = parameter["value"]?.stringValue
        }
        let resolver = reference?["resolver"]?.stringValue ?? ""
        if let embedded = specification["pipelineSpec"]?.objectValue {
            source = .embedded(embedded)
        } else if resolver == "bundles" {
            source = .bundle(
                image: parameters["bundle"] ?? "", name: parameters["name"] ?? "", kind: parameters["kind"] ?? "task")
        } else if !resolver.isEmpty {
            source = .unsupported(resolver: resolver, name: parameters["name"] ?? "")
        } else {
            source = .name(reference?["name"]?.stringValue ?? "")
        }
    }

    /// It has to be fetched from elsewhere, which shows in the status before it is there.
    var isRemote: Bool {
        switch source {
        case .bundle, .unsupported: true
        case .name, .embedded: false
        }
    }

    var pipelineName: String {
        switch source {
        case .name(let name), .bundle(_, let name, _), .unsupported(_, let name): name
        case .embedded: run.name
        }
    }
}

/// What a lookup found.
struct ResolvedPipeline: Sendable {
    let plan: PipelinePlan
    /// Where a remote Pipeline came from, as the status notes it.
    let source: JSONValue?
    /// The service account the run asks for, when there is none of that name.
    let missingServiceAccount: String?
}

typealias PipelineResolution = Result<ResolvedPipeline, PipelineProblem>
