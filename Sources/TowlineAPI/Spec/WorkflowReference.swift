/// Which workflow to run, on which engine, and where its definition is found.
public struct WorkflowReference: Hashable, Sendable {
    /// The catalogue's name for the workflow.
    public var workflowId: String
    /// The catalogue's version; recorded, never interpreted.
    public var version: String?
    /// The engine the user named; nil when absent or a word Towline does not know.
    public var engine: EngineName?
    /// The name of the Pipeline or WorkflowTemplate, where it is not ``workflowId``.
    public var name: String?
    /// The OCI bundle that holds the Pipeline.
    public var containerImage: String?
    /// The digest that pins the bundle, `sha256:` and 64 hexadecimal digits.
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

    /// The engine that runs the workflow: the one named, else Tekton.
    public var resolvedEngine: EngineName { engine ?? .tekton }

    /// The name of the Pipeline or WorkflowTemplate.
    public var templateName: String { name ?? workflowId }
}
