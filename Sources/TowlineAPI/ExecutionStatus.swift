public import KubeClient

/// What Towline tells about an execution; only the Status module makes new ones.
public struct ExecutionStatus: Hashable, Sendable {
    /// The `metadata.generation` whose reconcile produced this status; -1: not looked at yet.
    public var observedGeneration: Int64 = -1
    public var phase: Phase = .pending
    /// Set with the terminal phase.
    public var outcome: Outcome?
    /// Nil when absent or a word of another version.
    public var reason: Reason?
    public var message: String?
    /// The engine that was resolved.
    public var engine: EngineName?
    /// The engine's own word, verbatim.
    public var engineReason: String?
    public var runRef: RunReference?
    public var startedAt: ServerTime?
    public var finishedAt: ServerTime?
    public var updatedAt: ServerTime?
    /// Ended and known units of work, such as `3/7`.
    public var progress: String?
    /// Did any step start? Nil until known; false only at the end, on proof.
    public var executed: Bool?
    public var failure: Failure?
    public var outputs: [Output] = []
    public var links: [Link] = []
    public var conditions: [Condition] = []

    /// The status of an execution nobody has looked at.
    public init() {}

    /// The condition of a type Towline writes.
    public func condition(_ type: ConditionType) -> Condition? {
        conditions.first { $0.type == type.rawValue }
    }
}

/// The engine's run that belongs to an execution.
public struct RunReference: Hashable, Sendable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String

    public init(apiVersion: String, kind: String, name: String, uid: String) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
    }
}

/// Where and why a workflow failed first, as far as the engine tells.
public struct Failure: Hashable, Sendable {
    public var task: String?
    public var step: String?
    public var exitCode: Int64?
    /// The engine's or the kubelet's word, such as `OOMKilled`.
    public var reason: String?
    public var message: String?

    public init(
        task: String? = nil, step: String? = nil, exitCode: Int64? = nil, reason: String? = nil,
        message: String? = nil
    ) {
        self.task = task
        self.step = step
        self.exitCode = exitCode
        self.reason = reason
        self.message = message
    }
}

/// One result of the workflow.
public struct Output: Hashable, Sendable {
    public var name: String
    /// A string as it is; anything else as JSON text.
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A page about the run for people to open.
public struct Link: Hashable, Sendable {
    public var name: String
    public var url: String

    public init(name: String, url: String) {
        self.name = name
        self.url = url
    }
}

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

extension RunReference {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var reference = RunReference(apiVersion: "", kind: "", name: "", uid: "")
        try cursor.object("status.runRef") { (key, cursor) throws(JSONError) in
            switch key {
            case "apiVersion": reference.apiVersion = try cursor.string("status.runRef.apiVersion") ?? ""
            case "kind": reference.kind = try cursor.string("status.runRef.kind") ?? ""
            case "name": reference.name = try cursor.string("status.runRef.name") ?? ""
            case "uid": reference.uid = try cursor.string("status.runRef.uid") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = reference
    }
}

extension Failure {
    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var failure = Failure()
        try cursor.object("status.failure") { (key, cursor) throws(JSONError) in
            switch key {
            case "task": failure.task = try cursor.string("status.failure.task")
            case "step": failure.step = try cursor.string("status.failure.step")
            case "exitCode": failure.exitCode = try cursor.integer("status.failure.exitCode")
            case "reason": failure.reason = try cursor.string("status.failure.reason")
            case "message": failure.message = try cursor.string("status.failure.message")
            default: try cursor.skipValue()
            }
        }
        self = failure
    }
}

extension Output {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Output] {
        var outputs: [Output] = []
        try cursor.list("status.outputs") { (cursor) throws(JSONError) in
            var output = Output(name: "", value: "")
            try cursor.object("status.outputs[]") { (key, cursor) throws(JSONError) in
                switch key {
                case "name": output.name = try cursor.string("status.outputs[].name") ?? ""
                case "value": output.value = try cursor.string("status.outputs[].value") ?? ""
                default: try cursor.skipValue()
                }
            }
            outputs.append(output)
        }
        return outputs
    }
}

extension Link {
    static func list(reading cursor: inout JSONCursor) throws(JSONError) -> [Link] {
        var links: [Link] = []
        try cursor.list("status.links") { (cursor) throws(JSONError) in
            var link = Link(name: "", url: "")
            try cursor.object("status.links[]") { (key, cursor) throws(JSONError) in
                switch key {
                case "name": link.name = try cursor.string("status.links[].name") ?? ""
                case "url": link.url = try cursor.string("status.links[].url") ?? ""
                default: try cursor.skipValue()
                }
            }
            links.append(link)
        }
        return links
    }
}
