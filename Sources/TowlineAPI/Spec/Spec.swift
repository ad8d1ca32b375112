/// What the user asks for; every field but ``shutdown`` and the two times to live is immutable after creation.
public struct ExecutionSpec: Hashable, Sendable {
    public var workflowRef: WorkflowReference
    /// In the order in which the API server wrote them.
    public var parameters: [Parameter]
    public var remediationRequestRef: RemediationRequestReference?
    /// How sure the author was that this is the right workflow, 0 to 1; kept for audit.
    public var confidence: Double?
    public var executionConfig: ExecutionConfig
    public var shutdown: Shutdown?
    /// Words found where only some are allowed, such as an engine this version does not know.
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
