public import KubeClient

/// What the user requests; all fields except ``shutdown`` and the two TTLs are immutable after creation.
public struct ExecutionSpec: Hashable, Sendable {
    public var workflowRef: WorkflowReference
    /// The parameters, in the order of the API server's JSON.
    public var parameters: [Parameter]
    public var remediationRequestRef: RemediationRequestReference?
    /// How sure the author was that this is the right workflow, 0 to 1; recorded for audit.
    public var confidence: Double?
    public var executionConfig: ExecutionConfig
    public var shutdown: Shutdown?
    /// Values that are not in their enumeration, such as an engine that this version does not know.
    public var unknownValues: [ValidationProblem]

    public init(
        workflowRef: WorkflowReference, parameters: [Parameter] = [],
        remediationRequestRef: RemediationRequestReference? = nil, confidence: Double? = nil,
        executionConfig: ExecutionConfig = ExecutionConfig(), shutdown: Shutdown? = nil,
        unknownValues: [ValidationProblem] = []
    ) {
        self.workflowRef = workflowRef
        self.parameters = parameters
        self.remediationRequestRef = remediationRequestRef
        self.confidence = confidence
        self.executionConfig = executionConfig
        self.shutdown = shutdown
        self.unknownValues = unknownValues
    }
}

/// Which workflow to run, on which engine, and where to find its definition.
public struct WorkflowReference: Hashable, Sendable {
    /// The ID of the workflow in the user's catalog.
    public var workflowId: String
    /// The version in the user's catalog; recorded, never interpreted.
    public var version: String?
    /// The engine that the user named; nil if absent or unknown to this version.
    public var engine: EngineName?
    /// The name of the Pipeline or WorkflowTemplate, if it differs from ``workflowId``.
    public var name: String?
    /// The OCI bundle that holds the Pipeline.
    public var containerImage: String?
    /// The digest that pins the bundle: `sha256:` and 64 hexadecimal digits.
    public var containerDigest: String?
    /// True for a ClusterWorkflowTemplate.
    public var clusterScope: Bool?

    public init(
        workflowId: String, version: String? = nil, engine: EngineName? = nil, name: String? = nil,
        containerImage: String? = nil, containerDigest: String? = nil, clusterScope: Bool? = nil
    ) {
        self.workflowId = workflowId
        self.version = version
        self.engine = engine
        self.name = name
        self.containerImage = containerImage
        self.containerDigest = containerDigest
        self.clusterScope = clusterScope
    }

    /// The engine that runs the workflow: the named one, or Tekton.
    public var resolvedEngine: EngineName { engine ?? .tekton }

    /// The name of the Pipeline or WorkflowTemplate.
    public var templateName: String { name ?? workflowId }
}

/// The engines that run workflows; the raw values are what users write.
public enum EngineName: String, CaseIterable, Hashable, Sendable {
    /// Tekton Pipelines, the default.
    case tekton
    /// Argo Workflows.
    case argo
}

/// One parameter of a workflow; name and value are passed to the engine unchanged.
public struct Parameter: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
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

/// Settings of the run, and how long finished objects are kept; absent fields are not sent to the engine.
public struct ExecutionConfig: Hashable, Sendable {
    /// The service account of the run's pods.
    public var serviceAccountName: String?
    /// The engine's timeout in seconds; Towline's watchdog enforces it if the engine does not.
    public var timeoutSeconds: Int64?
    /// Seconds after the execution's creation by which its run must exist; nil for no deadline.
    public var startDeadlineSeconds: Int64?
    /// True if the engine may expand expressions in parameter values; otherwise values with expressions are rejected.
    public var allowExpressions: Bool?
    /// Seconds from the end of the execution to the deletion of its run; nil for never. Can be changed at any time.
    public var runTTLSecondsAfterFinished: Int64?
    /// Seconds from the end of the execution to its deletion; nil for never. Can be changed at any time.
    public var ttlSecondsAfterFinished: Int64?

    public init(
        serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil, startDeadlineSeconds: Int64? = nil,
        allowExpressions: Bool? = nil, runTTLSecondsAfterFinished: Int64? = nil, ttlSecondsAfterFinished: Int64? = nil
    ) {
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.startDeadlineSeconds = startDeadlineSeconds
        self.allowExpressions = allowExpressions
        self.runTTLSecondsAfterFinished = runTTLSecondsAfterFinished
        self.ttlSecondsAfterFinished = ttlSecondsAfterFinished
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
    /// A value outside an enumeration is no error: it is recorded in ``unknownValues``, so ``validate()`` reports it.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: ""))
        try cursor.object("spec") { (key, cursor) throws(JSONError) in
            switch key {
            case "workflowRef": try spec.readWorkflowReference(&cursor)
            case "parameters": try spec.readParameters(&cursor)
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
        self = spec
    }

    private mutating func readWorkflowReference(_ cursor: inout JSONCursor) throws(JSONError) {
        var reference = WorkflowReference(workflowId: "")
        var engine: String?
        try cursor.object("spec.workflowRef") { (key, cursor) throws(JSONError) in
            switch key {
            case "workflowId": reference.workflowId = try cursor.string("spec.workflowRef.workflowId") ?? ""
            case "version": reference.version = try cursor.string("spec.workflowRef.version")
            case "engine": engine = try cursor.string("spec.workflowRef.engine")
            case "name": reference.name = try cursor.string("spec.workflowRef.name")
            case "containerImage": reference.containerImage = try cursor.string("spec.workflowRef.containerImage")
            case "containerDigest": reference.containerDigest = try cursor.string("spec.workflowRef.containerDigest")
            case "clusterScope": reference.clusterScope = try cursor.bool("spec.workflowRef.clusterScope")
            default: try cursor.skipValue()
            }
        }
        reference.engine = known(engine, "spec.workflowRef.engine")
        workflowRef = reference
    }

    private mutating func readParameters(_ cursor: inout JSONCursor) throws(JSONError) {
        var read: [Parameter] = []
        try cursor.object("spec.parameters") { (key, cursor) throws(JSONError) in
            do throws(JSONError) {
                read.append(Parameter(name: key, value: try cursor.readString()))
            } catch {
                throw JSONError("spec.parameters[\(key)]: \(error.message)", offset: error.offset)
            }
        }
        parameters = read
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

extension ExecutionConfig {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var config = ExecutionConfig()
        try cursor.object("spec.executionConfig") { (key, cursor) throws(JSONError) in
            switch key {
            case "serviceAccountName":
                config.serviceAccountName = try cursor.string("spec.executionConfig.serviceAccountName")
            case "timeoutSeconds": config.timeoutSeconds = try cursor.integer("spec.executionConfig.timeoutSeconds")
            case "startDeadlineSeconds":
                config.startDeadlineSeconds = try cursor.integer("spec.executionConfig.startDeadlineSeconds")
            case "allowExpressions":
                config.allowExpressions = try cursor.bool("spec.executionConfig.allowExpressions")
            case "runTTLSecondsAfterFinished":
                config.runTTLSecondsAfterFinished =
                    try cursor.integer("spec.executionConfig.runTTLSecondsAfterFinished")
            case "ttlSecondsAfterFinished":
                config.ttlSecondsAfterFinished = try cursor.integer("spec.executionConfig.ttlSecondsAfterFinished")
            default: try cursor.skipValue()
            }
        }
        self = config
    }
}
