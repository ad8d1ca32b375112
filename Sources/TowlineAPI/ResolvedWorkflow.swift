import KubeClient

/// What the definition of an execution stands for, as `status.resolved` records it before the run is created.
///
/// It has everything that a run needs from the definition, so that a definition that is deleted or replaced afterwards
/// changes nothing.
public struct ResolvedWorkflow: Hashable, Sendable {
    public var engine: EngineName
    public var target: WorkflowTarget
    /// The service account of the definition.
    public var serviceAccountName: String?
    /// The time limit of the definition, in seconds.
    public var timeoutSeconds: Int64?
    /// The defaults for parameters that the execution does not set, sorted by name.
    public var parameters: [MapEntry]
    /// The UID of the definition that was read.
    public var definitionUID: String

    public init(
        engine: EngineName, target: WorkflowTarget, serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil,
        parameters: [MapEntry] = [], definitionUID: String
    ) {
        self.engine = engine
        self.target = target
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.parameters = parameters
        self.definitionUID = definitionUID
    }
}

extension ExecutionSpec {
    /// The spec with what its definition stands for; the spec itself if it names no definition.
    ///
    /// What the execution sets takes precedence over the settings and defaults of the definition.
    public func resolved(by workflow: ResolvedWorkflow) -> ExecutionSpec {
        guard workflowRef.definition != nil, !workflowRef.isResolved else { return self }
        var spec = self
        spec.workflowRef.resolve(to: workflow)
        spec.executionConfig.serviceAccountName = executionConfig.serviceAccountName ?? workflow.serviceAccountName
        spec.executionConfig.timeoutSeconds = executionConfig.timeoutSeconds ?? workflow.timeoutSeconds
        let names = Set(parameters.map(\.name))
        spec.parameters += workflow.parameters.filter { !names.contains($0.key) }
            .map { Parameter(name: $0.key, value: $0.value) }
        return spec
    }
}

extension ResolvedWorkflow {
    /// The workflow without the fields that the spec of a stored execution has too.
    var withoutContents: ResolvedWorkflow {
        var workflow = self
        workflow.parameters = []
        workflow.target.resolver = nil
        return workflow
    }

    /// Reads `status.resolved`; an engine that this version does not know is an error.
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        let start = cursor.offset
        var engine: EngineName?
        var workflow = ResolvedWorkflow(engine: .tekton, target: WorkflowTarget(), definitionUID: "")
        try cursor.object("status.resolved") { (key, cursor) throws(JSONError) in
            switch key {
            case "engine": engine = try cursor.string("status.resolved.engine").flatMap(EngineName.init(rawValue:))
            case "serviceAccountName":
                workflow.serviceAccountName = try cursor.string("status.resolved.serviceAccountName")
            case "timeoutSeconds": workflow.timeoutSeconds = try cursor.integer("status.resolved.timeoutSeconds")
            case "parameters": workflow.parameters = try cursor.entries("status.resolved.parameters")
            case "definitionUID": workflow.definitionUID = try cursor.string("status.resolved.definitionUID") ?? ""
            default: try workflow.target.read(key, of: "status.resolved", &cursor)
            }
        }
        guard let engine else { throw JSONError("status.resolved.engine: not known to this version", offset: start) }
        workflow.engine = engine
        self = workflow
    }
}
