public import KubeClient

/// One `WorkflowExecution` of the cluster as a reconciler sees it.
///
/// An immutable object rather than a struct: stores, queues and workers hand around one pointer. Thousands of finished
/// executions stay in a store, so that what nobody reads of them anymore is not kept.
public final class WorkflowExecution: Sendable {
    public static let resourceType = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")

    public let key: ObjectKey
    public let uid: String
    public let resourceVersion: ResourceVersion
    public let generation: Int64
    public let creationTimestamp: ServerTime?
    /// Set while the execution is being deleted.
    public let deletionTimestamp: ServerTime?
    public let status: ExecutionStatus
    /// How long the execution and its run are kept after the end.
    public let retention: Retention
    /// Whether it was restored from a backup, and released.
    public let restoration: Restoration
    private let specBox: SpecBox?

    public init(
        key: ObjectKey, uid: String, resourceVersion: ResourceVersion = ResourceVersion(""), generation: Int64 = 1,
        creationTimestamp: ServerTime? = nil, deletionTimestamp: ServerTime? = nil, spec: ExecutionSpec?,
        status: ExecutionStatus = ExecutionStatus(),
        retention: Retention = Retention(), restoration: Restoration = .none
    ) {
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.specBox = spec.map(SpecBox.init)
        self.status = status
        self.retention = retention
        self.restoration = restoration
    }

    /// What the user asked for; nil for a finished execution that was read for a store.
    public var spec: ExecutionSpec? { specBox?.spec }

    /// The name of the engine run that belongs to this execution, and to no other.
    public var runName: String { RunName.of(executionName: key.name, uid: uid) }

    /// The engine that runs the execution: of a finished one, whose spec a store does not keep, the one its status names.
    public var engineName: EngineName { spec?.workflowRef.resolvedEngine ?? status.engine ?? .tekton }

    /// True once the status says how the execution ended.
    public var isFinished: Bool { status.phase.isTerminal }
}

extension WorkflowExecution: CustomStringConvertible {
    public var description: String { "WorkflowExecution \(key)" }
}

/// Keeps the space of a spec out of the executions that have none anymore.
private final class SpecBox: Sendable {
    let spec: ExecutionSpec

    init(_ spec: ExecutionSpec) {
        self.spec = spec
    }
}
