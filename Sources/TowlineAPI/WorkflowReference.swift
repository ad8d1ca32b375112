import KubeClient

/// Which workflow to run, on which engine, and where to find its definition.
public struct WorkflowReference: Hashable, Sendable {
    /// The ID of the workflow in the user's catalog; empty with a ``definition``.
    public var workflowId: String
    /// The WorkflowDefinition that takes the place of all other fields, as `name@version`.
    public var definition: String?
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
    /// The Secret with the credentials of the bundle's registry.
    public var imagePullSecret: String?
    /// The Tekton resolver that finds the Pipeline, in place of ``name`` and ``containerImage``.
    public var resolver: Resolver?
    /// True for a ClusterWorkflowTemplate.
    public var clusterScope: Bool?
    /// True if the other fields come from ``definition``.
    public private(set) var isResolved = false

    public init(
        workflowId: String = "", definition: String? = nil, version: String? = nil, engine: EngineName? = nil,
        name: String? = nil,
        containerImage: String? = nil, containerDigest: String? = nil, imagePullSecret: String? = nil,
        resolver: Resolver? = nil, clusterScope: Bool? = nil
    ) {
        self.workflowId = workflowId
        self.definition = definition
        self.version = version
        self.engine = engine
        self.name = name
        self.containerImage = containerImage
        self.containerDigest = containerDigest
        self.imagePullSecret = imagePullSecret
        self.resolver = resolver
        self.clusterScope = clusterScope
    }

    /// The engine that runs the workflow: the named one, or Tekton; nil if only the definition knows it.
    public var resolvedEngine: EngineName? { engine ?? (definition == nil ? .tekton : nil) }

    /// The name of the Pipeline or WorkflowTemplate.
    public var templateName: String { name ?? workflowId }

    /// Sets all fields that come from the definition.
    mutating func resolve(to workflow: ResolvedWorkflow) {
        engine = workflow.engine
        name = workflow.target.name
        clusterScope = workflow.target.clusterScope
        containerImage = workflow.target.containerImage
        containerDigest = workflow.target.containerDigest
        imagePullSecret = workflow.target.imagePullSecret
        resolver = workflow.target.resolver
        isResolved = true
    }
}

/// A Tekton resolver and its parameters, passed on unchanged.
public struct Resolver: Hashable, Sendable {
    /// The name of the resolver, such as `git`.
    public var name: String
    /// The resolver's parameters, in the order of the API server's JSON.
    public var parameters: [MapEntry]

    public init(name: String, parameters: [MapEntry] = []) {
        self.name = name
        self.parameters = parameters
    }
}

/// The engines that run workflows; the raw values are what users write.
public enum EngineName: String, CaseIterable, Hashable, Sendable {
    /// Tekton Pipelines, the default.
    case tekton
    /// Argo Workflows.
    case argo

    /// The short name for messages.
    public var title: String {
        switch self {
        case .tekton: "Tekton"
        case .argo: "Argo"
        }
    }
}

extension WorkflowReference {
    /// Reads a `workflowRef`; the text of its engine goes to `engine`, since the caller knows how to report a wrong one.
    init(reading cursor: inout JSONCursor, engine: inout String?) throws(JSONError) {
        var reference = WorkflowReference(workflowId: "")
        try cursor.object("spec.workflowRef") { (key, cursor) throws(JSONError) in
            switch key {
            case "workflowId": reference.workflowId = try cursor.string("spec.workflowRef.workflowId") ?? ""
            case "definition": reference.definition = try cursor.string("spec.workflowRef.definition")
            case "version": reference.version = try cursor.string("spec.workflowRef.version")
            case "engine": engine = try cursor.string("spec.workflowRef.engine")
            case "name": reference.name = try cursor.string("spec.workflowRef.name")
            case "containerImage": reference.containerImage = try cursor.string("spec.workflowRef.containerImage")
            case "containerDigest": reference.containerDigest = try cursor.string("spec.workflowRef.containerDigest")
            case "imagePullSecret": reference.imagePullSecret = try cursor.string("spec.workflowRef.imagePullSecret")
            case "resolver": reference.resolver = try Resolver(reading: &cursor, "spec.workflowRef.resolver")
            case "clusterScope": reference.clusterScope = try cursor.bool("spec.workflowRef.clusterScope")
            default: try cursor.skipValue()
            }
        }
        self = reference
    }
}

extension Resolver {
    init?(reading cursor: inout JSONCursor, _ field: StaticString) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var resolver = Resolver(name: "")
        try cursor.object(field) { (key, cursor) throws(JSONError) in
            switch key {
            case "name":
                resolver.name =
                    try cursor.field(field) { (cursor) throws(JSONError) in try cursor.string("name") } ?? ""
            case "params":
                resolver.parameters = try cursor.field(field) { (cursor) throws(JSONError) in
                    try cursor.entries("params")
                }
            default: try cursor.skipValue()
            }
        }
        self = resolver
    }
}
