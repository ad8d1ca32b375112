public import KubeClient

extension WorkflowExecution {
    /// Reads one object, and of a finished one only what `detail` keeps.
    ///
    /// Total: unknown fields are skipped, a wrong type is an error that names the field, and an object without name or
    /// UID is refused.
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
        if status.phase.isTerminal, detail == .whatReconcilingNeeds { spec = nil }
        self.init(
            key: metadata.key, uid: metadata.uid, resourceVersion: metadata.resourceVersion,
            generation: metadata.generation, creationTimestamp: metadata.creationTimestamp,
            deletionTimestamp: metadata.deletionTimestamp, spec: spec, status: status,
            retention: retention, restoration: Restoration(metadata))
    }

    /// Reads objects completely.
    public static let decoder: ObjectDecoder<WorkflowExecution> = { (cursor) throws(JSONError) in
        try WorkflowExecution(reading: &cursor)
    }

    /// Reads objects for a store: of finished ones only what a later status is computed from.
    public static let storeDecoder: ObjectDecoder<WorkflowExecution> = { (cursor) throws(JSONError) in
        try WorkflowExecution(reading: &cursor, keeping: .whatReconcilingNeeds)
    }
}
