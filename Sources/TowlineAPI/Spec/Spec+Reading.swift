public import KubeClient

extension ExecutionSpec {
    /// Reads one `spec` object: unknown fields are skipped, a wrong type is an error that names the field.
    ///
    /// A word outside an enumeration is no error: it is kept in ``unknownValues``, so that the execution can be told.
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
                let word = try cursor.string("spec.shutdown")
                spec.shutdown = spec.known(word, "spec.shutdown")
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

    /// The case that `word` names; a word without one is recorded.
    private mutating func known<Word: RawRepresentable & CaseIterable>(
        _ word: String?, _ field: String
    ) -> Word? where Word.RawValue == String {
        guard let word else { return nil }
        if let value = Word(rawValue: word) { return value }
        let allowed = Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: " or ")
        unknownValues.append(ValidationProblem(field: field, message: "must be \(allowed), not \"\(word)\""))
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
