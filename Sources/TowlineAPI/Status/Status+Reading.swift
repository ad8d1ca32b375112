public import KubeClient

extension ExecutionStatus {
    /// How much of a status a reader wants to keep.
    public enum Detail: Sendable {
        case everything
        /// Of a finished execution only what a later status is computed from: a store holds thousands of them.
        case whatReconcilingNeeds
    }

    /// Reads one `status` object: unknown fields are skipped, a wrong type is an error that names the field.
    ///
    /// A phase or outcome this version does not know is an error too: such an execution must be left alone.
    public init(reading cursor: inout JSONCursor, keeping detail: Detail = .everything) throws(JSONError) {
        var status = ExecutionStatus()
        try cursor.object("status") { (key, cursor) throws(JSONError) in
            try status.read(key, &cursor)
        }
        if status.phase.isTerminal, detail == .whatReconcilingNeeds { status.dropDetail() }
        status.shareText()
        self = status
    }

    private mutating func read(_ key: String, _ cursor: inout JSONCursor) throws(JSONError) {
        switch key {
        case "observedGeneration": observedGeneration = try cursor.integer("status.observedGeneration") ?? -1
        case "phase": phase = try cursor.word("status.phase") ?? .pending
        case "outcome": outcome = try cursor.word("status.outcome")
        case "reason": reason = try cursor.string("status.reason").flatMap(Reason.init(rawValue:))
        case "message": message = try cursor.string("status.message")
        case "engine": engine = try cursor.string("status.engine").flatMap(EngineName.init(rawValue:))
        case "engineReason": engineReason = try cursor.string("status.engineReason")
        case "runRef": runRef = try RunReference(reading: &cursor)
        case "startedAt": startedAt = try cursor.timestamp("status.startedAt")
        case "finishedAt": finishedAt = try cursor.timestamp("status.finishedAt")
        case "updatedAt": updatedAt = try cursor.timestamp("status.updatedAt")
        case "progress": progress = try cursor.string("status.progress")
        case "executed": executed = try cursor.bool("status.executed")
        case "failure": failure = try Failure(reading: &cursor)
        case "outputs": outputs = try Output.list(reading: &cursor)
        case "links": links = try Link.list(reading: &cursor)
        case "conditions": conditions = try Condition.list(reading: &cursor)
        default: try cursor.skipValue()
        }
    }

    /// Forgets what never changes again: fields absent before and after make no difference in a patch.
    private mutating func dropDetail() {
        engineReason = nil
        progress = nil
        executed = nil
        failure = nil
        outputs = []
        links = []
    }

    /// Lets conditions that repeat the status's message share its storage.
    private mutating func shareText() {
        guard let message else { return }
        for index in conditions.indices where conditions[index].message == message {
            conditions[index].message = message
        }
    }
}

extension JSONCursor {
    /// Reads one of an enumeration's words; any other is an error that names the field and the word.
    fileprivate mutating func word<Word: RawRepresentable>(
        _ field: StaticString
    ) throws(JSONError) -> Word? where Word.RawValue == String {
        let start = offset
        guard let text = try string(field), !text.isEmpty else { return nil }
        guard let word = Word(rawValue: text) else {
            throw JSONError("\(field): \"\(text.prefix(100))\" is not known to this version", offset: start)
        }
        return word
    }
}
