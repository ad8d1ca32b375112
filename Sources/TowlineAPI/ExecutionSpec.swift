public import KubeClient

/// What the user requests; only ``shutdown`` and the settings of what is kept after the end can change after creation.
public struct ExecutionSpec: Hashable, Sendable {
    public var workflowRef: WorkflowReference
    /// The parameters of all types, in the order of the API server's JSON.
    public var parameters: [Parameter]
    /// The volumes of a Tekton pipeline.
    public var workspaces: [Workspace]
    /// How Kueue queues the run; nil if the user did not ask for a queue.
    public var scheduling: Scheduling?
    /// Labels that the user wants on the run; only those with a prefix that the operator allows are accepted.
    public var runLabels: [MapEntry]
    public var remediationRequestRef: RemediationRequestReference?
    /// How sure the author was that this is the right workflow, 0 to 1; recorded for audit.
    public var confidence: Double?
    public var executionConfig: ExecutionConfig
    public var shutdown: Shutdown?
    /// Values that are not in their enumeration or contradict each other, such as an engine that this version does not
    /// know.
    public var unknownValues: [ValidationProblem]
    /// True if everything that only a new run needs was dropped, because the spec is too large for a store.
    public private(set) var isPartial = false

    public init(
        workflowRef: WorkflowReference, parameters: [Parameter] = [], workspaces: [Workspace] = [],
        scheduling: Scheduling? = nil, runLabels: [MapEntry] = [],
        remediationRequestRef: RemediationRequestReference? = nil, confidence: Double? = nil,
        executionConfig: ExecutionConfig = ExecutionConfig(), shutdown: Shutdown? = nil,
        unknownValues: [ValidationProblem] = []
    ) {
        self.workflowRef = workflowRef
        self.parameters = parameters
        self.workspaces = workspaces
        self.scheduling = scheduling
        self.runLabels = runLabels
        self.remediationRequestRef = remediationRequestRef
        self.confidence = confidence
        self.executionConfig = executionConfig
        self.shutdown = shutdown
        self.unknownValues = unknownValues
    }
}

extension ExecutionSpec {
    /// The spec without the fields of unlimited size, which only a new run needs.
    var withoutRunSettings: ExecutionSpec {
        var spec = self
        spec.parameters = []
        spec.workspaces = []
        spec.runLabels = []
        spec.unknownValues = []
        spec.workflowRef.resolver = nil
        spec.executionConfig.pod = nil
        spec.executionConfig.tasks = []
        spec.isPartial = true
        return spec
    }
}

/// How Kueue queues a run: the values of its two labels.
public struct Scheduling: Hashable, Sendable {
    /// The name of a LocalQueue in the namespace of the execution.
    public var queueName: String?
    /// The name of a WorkloadPriorityClass.
    public var priorityClass: String?

    public init(queueName: String? = nil, priorityClass: String? = nil) {
        self.queueName = queueName
        self.priorityClass = priorityClass
    }
}

/// The object that an execution was created for; recorded for audit, never read.
public struct RemediationRequestReference: Hashable, Sendable {
    public var kind: String?
    public var name: String
    public var namespace: String?

    public init(kind: String? = nil, name: String, namespace: String? = nil) {
        self.kind = kind
        self.name = name
        self.namespace = namespace
    }
}

/// How a user stops an execution.
public enum Shutdown: String, CaseIterable, Hashable, Sendable, Comparable {
    /// Stop the tasks, then run the workflow's `finally` tasks or exit handlers.
    case stop = "Stop"
    /// Stop at once; no `finally` task or exit handler runs.
    case terminate = "Terminate"

    public static func < (left: Shutdown, right: Shutdown) -> Bool {
        left == .stop && right == .terminate
    }
}

extension ExecutionSpec {
    /// Reads one `spec` object: unknown fields are skipped, a wrong type is an error that names the field.
    ///
    /// `rerunOf` is for audit and skipped. A value outside an enumeration is no error: it is recorded in
    /// ``unknownValues``, so ``validate()`` reports it. So is a text that was cut.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: ""))
        let cutBefore = cursor.cutStrings
        try cursor.object("spec") { (key, cursor) throws(JSONError) in
            switch key {
            case "workflowRef": try spec.readWorkflowReference(&cursor)
            case "parameters":
                try spec.readParameters("spec.parameters", &cursor, ParameterValue.readString)
            case "arrayParameters":
                try spec.readParameters("spec.arrayParameters", &cursor, ParameterValue.readArray)
            case "objectParameters":
                try spec.readParameters("spec.objectParameters", &cursor, ParameterValue.readObject)
            case "workspaces":
                try cursor.list("spec.workspaces") { (cursor) throws(JSONError) in
                    spec.workspaces.append(try Workspace(reading: &cursor, problems: &spec.unknownValues))
                }
            case "scheduling": spec.scheduling = try Scheduling(reading: &cursor)
            case "runLabels": spec.runLabels = try cursor.entries("spec.runLabels")
            case "remediationRequestRef":
                spec.remediationRequestRef = try RemediationRequestReference(reading: &cursor)
            case "confidence": spec.confidence = try cursor.number("spec.confidence")
            case "executionConfig": spec.executionConfig = try ExecutionConfig(reading: &cursor)
            case "shutdown":
                let text = try cursor.string("spec.shutdown")
                spec.shutdown = spec.known(text, "spec.shutdown")
            default: try cursor.skipValue()
            }
        }
        if cursor.cutStrings != cutBefore {
            spec.unknownValues.append(
                ValidationProblem(
                    field: "spec", message: "must not contain more than 30 combining marks in a row in any text"))
        }
        self = spec
    }

    private mutating func readWorkflowReference(_ cursor: inout JSONCursor) throws(JSONError) {
        var engine: String?
        workflowRef = try WorkflowReference(reading: &cursor, engine: &engine)
        workflowRef.engine = known(engine, "spec.workflowRef.engine")
    }

    private mutating func readParameters(
        _ field: StaticString, _ cursor: inout JSONCursor,
        _ read: (inout JSONCursor) throws(JSONError) -> ParameterValue
    ) throws(JSONError) {
        var values: [Parameter] = []
        try cursor.map(field) { (key, cursor) throws(JSONError) in
            values.append(Parameter(name: key, value: try read(&cursor)))
        }
        parameters += values
    }

    /// The case with this raw value; an unknown raw value is recorded.
    private mutating func known<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String?, _ field: String
    ) -> Value? {
        guard let text else { return nil }
        if let value = Value(rawValue: text) { return value }
        let allowed = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        unknownValues.append(ValidationProblem(field: field, message: "must be \(allowed), not \"\(text)\""))
        return nil
    }
}

extension Scheduling {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var scheduling = Scheduling()
        try cursor.object("spec.scheduling") { (key, cursor) throws(JSONError) in
            switch key {
            case "queueName": scheduling.queueName = try cursor.string("spec.scheduling.queueName")
            case "priorityClass": scheduling.priorityClass = try cursor.string("spec.scheduling.priorityClass")
            default: try cursor.skipValue()
            }
        }
        self = scheduling
    }
}

extension RemediationRequestReference {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var reference = RemediationRequestReference(name: "")
        try cursor.object("spec.remediationRequestRef") { (key, cursor) throws(JSONError) in
            switch key {
            case "kind": reference.kind = try cursor.string("spec.remediationRequestRef.kind")
            case "name": reference.name = try cursor.string("spec.remediationRequestRef.name") ?? ""
            case "namespace": reference.namespace = try cursor.string("spec.remediationRequestRef.namespace")
            default: try cursor.skipValue()
            }
        }
        self = reference
    }
}
