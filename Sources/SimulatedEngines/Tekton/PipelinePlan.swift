import KubeClient

/// A parsed Pipeline, shared by all runs of the same version.
struct PipelinePlan: Sendable {
    /// The Pipeline's namespace; empty if it came from a bundle.
    let namespace: String
    let name: String
    /// The Pipeline's labels and annotations that its runs get.
    let metadata: Metadata
    /// The specification with Tekton's defaults, before parameters are substituted.
    let specification: JSONObject
    /// The tasks of `tasks`, then those of `finally`, each in declared order.
    let tasks: [Task]
    /// The indices of the tasks in topological order.
    let order: [Int]
    let behavior: Behavior
    /// The specifications of the Tasks that are referenced by name.
    let referencedTasks: [String: JSONObject]
    /// Why a referenced Task cannot be fetched; nil if none is missing.
    let missingTask: PipelineProblem?

    struct Metadata: Sendable {
        var labels: JSONObject = [:]
        var annotations: JSONObject = [:]

        init() {}

        /// Reads a Pipeline's metadata, without the annotations of kubectl and of the simulation.
        init(of pipeline: JSONValue) {
            labels = pipeline.metadata["labels"]?.objectValue ?? [:]
            let given = (pipeline.metadata["annotations"]?.objectValue ?? [:]).members
            annotations = JSONObject(
                uniqueMembers: given.filter {
                    !$0.key.hasPrefix(Behavior.prefix) && $0.key != "kubectl.kubernetes.io/last-applied-configuration"
                })
        }
    }

    /// The part of a pipeline task that is the same in every run.
    struct Task: Sendable {
        let name: String
        let isFinally: Bool
        /// Indices of the tasks that must be done first; empty for a task of `finally`.
        let parents: [Int]
        /// Indices of the tasks whose results this task uses.
        let sources: [Int]
        let retries: Int
        let timeout: Duration?
        let continuesOnError: Bool
        /// Whether the task has a matrix and so may have several TaskRuns.
        let isMatrix: Bool
        /// The task's list in the specification, `tasks` or `finally`, and its index in that list.
        let place: (list: String, index: Int)
    }

    /// Parses a Pipeline; throws the problem that the status of its runs reports.
    init(
        name: String, namespace: String, metadata: Metadata = Metadata(), spec: JSONObject, behavior: Behavior,
        referencedTasks: [String: JSONObject], missingTask: PipelineProblem? = nil
    ) throws(PipelineProblem) {
        self.name = name
        self.metadata = metadata
        self.namespace = namespace
        self.behavior = behavior
        self.referencedTasks = referencedTasks
        self.missingTask = missingTask
        specification = TektonDefaults.pipelineSpec(spec)
        let declared = spec["tasks"]?.elements ?? []
        let final = spec["finally"]?.elements ?? []
        var indices: [String: Int] = [:]
        for (index, task) in (declared + final).enumerated() { indices[task["name"]?.stringValue ?? ""] = index }
        var tasks: [Task] = []
        for (index, task) in declared.enumerated() {
            tasks.append(try Self.read(task, place: ("tasks", index), indices: indices))
        }
        for (index, task) in final.enumerated() {
            tasks.append(try Self.read(task, place: ("finally", index), indices: indices))
        }
        self.tasks = tasks
        order = try Self.sort(tasks)
    }

    private static func read(
        _ task: JSONValue, place: (list: String, index: Int), indices: [String: Int]
    ) throws(PipelineProblem) -> Task {
        let name = task["name"]?.stringValue ?? ""
        let isFinally = place.list == "finally"
        let variables = Placeholders.tekton.variables(in: task).compactMap { TektonVariable($0)?.sourceTask }
        let runAfter = (task["runAfter"]?.elements ?? []).compactMap(\.stringValue)
        for other in runAfter + variables where indices[other] == nil {
            throw .invalidGraph("task \(name) depends on \(other) but \(other) wasn't present in Pipeline")
        }
        let sources = Set(variables.compactMap { indices[$0] }).sorted()
        let parents = Set((runAfter + variables).compactMap { indices[$0] }).sorted()
        return Task(
            name: name, isFinally: isFinally, parents: isFinally ? [] : parents, sources: sources,
            retries: Int(clamping: max(0, task["retries"]?.integerValue ?? 0)),
            timeout: task["timeout"]?.stringValue.flatMap(Duration.goLimit),
            continuesOnError: task["onError"]?.stringValue == "continue",
            isMatrix: TektonMatrix(task["matrix"]) != nil, place: place)
    }

    private static func sort(_ tasks: [Task]) throws(PipelineProblem) -> [Int] {
        var order: [Int] = []
        var isPlaced = Array(repeating: false, count: tasks.count)
        while order.count < tasks.count {
            let before = order.count
            for (index, task) in tasks.enumerated() where !isPlaced[index] && task.parents.allSatisfy({ isPlaced[$0] })
            {
                isPlaced[index] = true
                order.append(index)
            }
            if order.count == before {
                let names = tasks.indices.filter { !isPlaced[$0] }.map { tasks[$0].name }
                throw .invalidGraph("cycle detected; task \"\(names.joined(separator: "\", \""))\" depends on itself")
            }
        }
        return order
    }
}

/// Why a run fails before any of its tasks starts.
enum PipelineProblem: Error, Hashable, Sendable {
    /// The Pipeline cannot be fetched, for this reason in Tekton's words.
    case cannotGetPipeline(String)
    case cannotGetTask(pipeline: String, String)
    case invalidGraph(String)
    /// Parameters cannot be substituted in the Pipeline of this name.
    case cannotApplyParameters(String)
    /// The Pipeline of this namespace and name is invalid.
    case invalidPipeline(ObjectKey, String)
    /// The pipeline tasks do not fit their Tasks.
    case invalidTask(String)
    case invalidMatrix(String)
    case requiredWorkspaceIsOptional(workspace: String, task: String)
    case cannotCreateTaskRun(String)
    /// A claim for a workspace cannot be created.
    case cannotCreateClaim(String)

    func condition(run: ObjectKey, pipeline: String = "") -> TektonCondition {
        switch self {
        case .invalidPipeline(let key, let why):
            TektonCondition(
                status: .failed, reason: "PipelineValidationFailed",
                message:
                    "[User error] Pipeline \(key.namespace)/\(key.name) can't be Run; it has an invalid spec: \(why)")
        case .invalidMatrix(let why):
            // Tekton formats this message with one argument too few.
            TektonCondition(
                status: .failed, reason: "InvalidMatrixParameterTypes",
                message: "[User error] Failed to validate matrix \(JSONValue.string(why).encodedString) "
                    + "with error %!v(MISSING)")
        case .requiredWorkspaceIsOptional(let workspace, let task):
            TektonCondition(
                status: .failed, reason: "RequiredWorkspaceMarkedOptional",
                message:
                    "[User error] Optional workspace not supported by task: pipeline workspace \"\(workspace)\" is "
                    + "marked optional but pipeline task \"\(task)\" requires it be provided")
        case .cannotCreateTaskRun(let why):
            TektonCondition(status: .failed, reason: "CreateRunFailed", message: why)
        case .cannotCreateClaim(let why):
            TektonCondition(
                status: .failed, reason: "CouldntCreateWorkspacePVC",
                message: "Failed to create PVC for PipelineRun \(run) correctly: \(why)")
        case .cannotApplyParameters(let why):
            TektonCondition(
                status: .failed, reason: "PipelineValidationFailed",
                message: "[User error] Failed to apply parameters to Pipeline \(run.namespace)/\(pipeline): \(why)")
        case .invalidTask(let why):
            TektonCondition(
                status: .failed, reason: "PipelineValidationFailed",
                message: "[User error] Validation failed for pipelinerun \(run.name) with error \(why)")
        case .cannotGetPipeline(let why):
            TektonCondition(
                status: .failed, reason: "CouldntGetPipeline",
                message: "Error retrieving pipeline for pipelinerun \(run): \(why)")
        case .cannotGetTask(let pipeline, let why):
            TektonCondition(
                status: .failed, reason: "CouldntGetTask",
                message: "Pipeline \(pipeline) can't be Run; it contains Tasks that don't exist: \(why)")
        case .invalidGraph(let why):
            TektonCondition(
                status: .failed, reason: "PipelineInvalidGraph",
                message: "[User error] PipelineRun \(run)'s Pipeline DAG is invalid: \(why)")
        }
    }
}

/// The defaults that Tekton sets in the Pipelines and Tasks that it copies into statuses.
enum TektonDefaults {
    static func pipelineSpec(_ spec: JSONObject) -> JSONObject {
        var result = spec
        result["params"] = spec["params"].map(parameters)
        for key in ["tasks", "finally"] {
            result[key] = spec[key].map { list in .array(list.elements.map(pipelineTask)) }
        }
        result["results"] = spec["results"].map { list in
            .array(list.elements.map { setting(["description": ""], in: $0) })
        }
        return result
    }

    private static func pipelineTask(_ task: JSONValue) -> JSONValue {
        var result = task
        if let embedded = task["taskSpec"]?.objectValue {
            var spec = taskSpec(embedded)
            if spec["metadata"] == nil { spec["metadata"] = [:] }
            if spec["spec"] == nil { spec["spec"] = .null }
            result["taskSpec"] = .object(spec)
        }
        if let reference = task["taskRef"] { result["taskRef"] = setting(["kind": "Task"], in: reference) }
        return result
    }

    static func taskSpec(_ spec: JSONObject) -> JSONObject {
        var result = spec
        result["params"] = spec["params"].map(parameters)
        result["steps"] = spec["steps"].map { list in
            .array(list.elements.map { setting(["computeResources": [:]], in: $0) })
        }
        result["results"] = spec["results"].map { list in
            .array(list.elements.map { setting(["type": "string"], in: $0) })
        }
        return result
    }

    private static func parameters(_ list: JSONValue) -> JSONValue {
        .array(
            list.elements.map { parameter in
                var type = TektonValue(parameter["default"]).type
                if parameter["properties"] != nil { type = "object" }
                var result = setting(["type": .string(type)], in: parameter)
                for key in parameter["properties"]?.objectValue?.keys ?? [] {
                    let property = parameter["properties"]?[key] ?? [:]
                    result[path: ["properties", key]] = setting(["type": "string"], in: property)
                }
                return result
            })
    }

    /// Adds the defaults of absent members.
    private static func setting(_ defaults: JSONObject, in value: JSONValue) -> JSONValue {
        guard var object = value.objectValue else { return value }
        for member in defaults where object[member.key] == nil { object[member.key] = member.value }
        return .object(object)
    }
}

/// The reference to a run's Pipeline, from the run's specification.
struct PipelineReference: Sendable {
    enum Source: Sendable {
        /// A Pipeline in the run's namespace.
        case name(String)
        case remote(ResolverRequest)
        /// A specification in the run itself.
        case embedded(JSONObject)
    }

    let run: ObjectKey
    let source: Source
    /// The service accounts of the tasks.
    let serviceAccountNames: Set<String>

    init(run: ObjectKey, specification: JSONObject) {
        self.run = run
        serviceAccountNames = TaskSettings.serviceAccountNames(specification)
        let reference = specification["pipelineRef"]
        if let embedded = specification["pipelineSpec"]?.objectValue {
            source = .embedded(embedded)
        } else if reference?["resolver"]?.stringValue?.isEmpty == false {
            let resolved = reference.map { Self.substitute(specification, run: run, in: $0) }
            source = .remote(ResolverRequest(.pipeline, reference: resolved, owner: run))
        } else {
            source = .name(reference?["name"]?.stringValue ?? "")
        }
    }

    /// Replaces the run's parameters and context in the parameters of a resolver.
    private static func substitute(_ specification: JSONObject, run: ObjectKey, in reference: JSONValue) -> JSONValue {
        var values = TektonReplacements()
        for parameter in specification["params"]?.elements ?? [] {
            values.set(parameter: parameter["name"]?.stringValue ?? "", to: TektonValue(parameter["value"]))
        }
        values.set("context.pipelineRun.name", to: run.name)
        values.set("context.pipelineRun.namespace", to: run.namespace)
        return values.applied(to: reference)
    }

    /// Whether a resolver fetches the Pipeline, which the status shows in the meantime.
    var isRemote: Bool {
        if case .remote = source { true } else { false }
    }

    /// The Pipeline's name as far as the run says it; otherwise the run's.
    var pipelineName: String {
        switch source {
        case .name(let name): name
        case .remote(let request) where request["kind"] == "pipeline": request["name"] ?? ""
        case .remote, .embedded: run.name
        }
    }
}

/// The result of looking up a run's Pipeline.
struct ResolvedPipeline: Sendable {
    let plan: PipelinePlan
    /// The source of a remote Pipeline, as recorded in the status.
    var source: JSONValue?
    /// The Pipeline in the cluster with which the sandbox answered a resolver instead of using the network.
    var origin: ObjectKey?
    /// The service accounts of the run's tasks that do not exist.
    let missingServiceAccounts: Set<String>
}

typealias PipelineResolution = Result<ResolvedPipeline, PipelineProblem>

/// An image reference: repository, tag, and digest.
struct BundleReference: Hashable, Sendable {
    let repository: String
    /// `latest` if the text has neither tag nor digest; empty if it has only a digest.
    let tag: String
    /// `sha256:` and 64 hexadecimal digits; nil if the text has none.
    let digest: String?

    init(_ text: String) {
        var rest = Substring(text)
        if let at = rest.lastIndex(of: "@") {
            digest = String(rest[rest.index(after: at)...])
            rest = rest[..<at]
        } else {
            digest = nil
        }
        let lastSlash = rest.lastIndex(of: "/") ?? rest.startIndex
        if let colon = rest[lastSlash...].lastIndex(of: ":") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
        } else {
            tag = digest == nil ? "latest" : ""
        }
        repository = String(rest)
    }

    /// The repository without the registry's host.
    var path: String {
        String(repository.drop { $0 != "/" }.dropFirst())
    }

    /// Where a client gets the image's manifest.
    var manifestURL: String {
        let host = repository.prefix { $0 != "/" }
        return "https://\(host)/v2/\(path)/manifests/\(digest ?? tag)"
    }

    /// Whether the requested reference selects the image with this reference and digest.
    ///
    /// A requested digest takes precedence over the tag, as in a registry.
    func matches(_ requested: BundleReference, digest: String) -> Bool {
        guard repository == requested.repository else { return false }
        if let requestedDigest = requested.digest { return requestedDigest == digest }
        return tag == requested.tag
    }
}
