public import KubeClient

/// One `WorkflowExecution` of the cluster.
///
/// It is an immutable class rather than a struct so that stores, queues and workers share one object. Stores hold
/// thousands of finished executions, so fields that are no longer needed are dropped.
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
    /// Whether it was restored from a backup and released.
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
        // The spec includes what the status records about its definition.
        self.specBox = spec.map { spec in SpecBox(status.resolved.map(spec.resolved(by:)) ?? spec) }
        self.status = status
        self.retention = retention
        self.restoration = restoration
    }

    /// What the user requested; nil for a finished execution that was read for a store.
    public var spec: ExecutionSpec? { specBox?.spec }

    /// The name of the execution's run, unique to this execution.
    public var runName: String { RunName.of(executionName: key.name, uid: uid) }

    /// The engine that runs the execution, from the status if the spec was dropped; nil if its definition was not read
    /// yet.
    public var engineName: EngineName? { spec?.workflowRef.resolvedEngine ?? status.engine }

    /// True until the definition that the execution names has been read. No run exists before.
    public var awaitsDefinition: Bool {
        !isFinished && status.resolved == nil && status.runRef == nil && spec?.workflowRef.definition != nil
    }

    /// True if the execution has ended.
    public var isFinished: Bool { status.phase.isTerminal }
}

extension WorkflowExecution: CustomStringConvertible {
    public var description: String { "WorkflowExecution \(key)" }
}

/// Holds a spec by reference, so executions without one do not pay for its size.
private final class SpecBox: Sendable {
    let spec: ExecutionSpec

    init(_ spec: ExecutionSpec) {
        self.spec = spec
    }
}

extension WorkflowExecution {
    /// Reads one object; of a finished one only what `detail` selects.
    ///
    /// The spec includes what `status.resolved` records about its definition.
    ///
    /// Unknown fields are skipped, a wrong type is an error that names the field, and so is a missing name or UID.
    public convenience init(
        reading cursor: inout JSONCursor, keeping detail: ExecutionStatus.Detail = .everything
    ) throws(JSONError) {
        let start = cursor.offset
        var metadata = ObjectMetadata()
        var spec: ExecutionSpec?
        var status = ExecutionStatus()
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                metadata = try cursor.field("metadata") { (cursor) throws(JSONError) in
                    try ObjectMetadata(&cursor, annotations: Retention.annotations + Restoration.annotations)
                }
            case "spec": spec = try ExecutionSpec(reading: &cursor)
            case "status": status = try ExecutionStatus(reading: &cursor, keeping: detail)
            default: try cursor.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw JSONError("metadata.name: missing", offset: start) }
        guard !metadata.uid.isEmpty else { throw JSONError("metadata.uid: missing", offset: start) }
        let retention = Retention(spec?.executionConfig ?? ExecutionConfig(), metadata)
        if let resolved = status.resolved { spec = spec?.resolved(by: resolved) }
        if detail == .whatReconcilingNeeds {
            if let whole = spec, whole.memorySize > ExecutionSpec.largestStored { spec = whole.withoutRunSettings }
            // The spec has them, or neither needs them.
            status.resolved = status.resolved?.withoutContents
            if status.phase.isTerminal { spec = nil }
        }
        self.init(
            key: metadata.key, uid: metadata.uid, resourceVersion: metadata.resourceVersion,
            generation: metadata.generation, creationTimestamp: metadata.creationTimestamp,
            deletionTimestamp: metadata.deletionTimestamp, spec: spec, status: status,
            retention: retention, restoration: Restoration(metadata))
    }

    /// Reads complete objects.
    public static let decoder: ObjectDecoder<WorkflowExecution> = { (cursor) throws(JSONError) in
        try WorkflowExecution(reading: &cursor)
    }

    /// Reads objects for a store: of finished ones only what later updates need, of large ones not what only a new run
    /// needs.
    public static let storeDecoder: ObjectDecoder<WorkflowExecution> = { (cursor) throws(JSONError) in
        try WorkflowExecution(reading: &cursor, keeping: .whatReconcilingNeeds)
    }
}

/// The name of an execution's run.
///
/// It is a pure function of the execution's name and UID: a lost response or a restart leads to the same run, and an
/// execution that is created again under its old name gets another run.
public enum RunName {
    /// The longest name: both engines and label values reject longer ones.
    public static let maximumLength = 63
    /// The number of hexadecimal digits of the UID at the end of a name.
    public static let uniqueDigits = 10

    /// The execution's name, shortened if necessary, plus the first ten digits of its UID.
    ///
    /// The result is always a valid DNS-1123 label: dots and characters that no object name contains become dashes, and
    /// a UID with too few digits is padded with zeros.
    public static func of(executionName: String, uid: String) -> String {
        let limit = maximumLength - uniqueDigits - 1
        var prefix: [UInt8] = []
        for byte in executionName.utf8 where prefix.count < limit {
            prefix.append(isAlphanumeric(byte) ? byte : UInt8(ascii: "-"))
        }
        let dash = UInt8(ascii: "-")
        while prefix.last == dash { prefix.removeLast() }
        let trimmed = prefix.drop { $0 == dash }

        var digits = Array(uid.utf8.filter(isHexadecimal).prefix(uniqueDigits))
        while digits.count < uniqueDigits { digits.append(UInt8(ascii: "0")) }
        let separator = trimmed.isEmpty ? [] : [dash]
        return String(decoding: trimmed + separator + digits, as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
