public import KubeClient

/// What Towline reports about an execution; only the module `Status` makes new ones.
public struct ExecutionStatus: Hashable, Sendable {
    /// The `metadata.generation` that this status was made for; -1 before the first update.
    public var observedGeneration: Int64 = -1
    public var phase: Phase = .pending
    /// Set together with a terminal phase.
    public var outcome: Outcome?
    /// Nil if absent or unknown to this version.
    public var reason: Reason?
    public var message: String?
    /// The engine that runs the workflow.
    public var engine: EngineName?
    /// The engine's reason for the state of the run, verbatim.
    public var engineReason: String?
    public var runRef: RunReference?
    private var boxedResolution = ResolutionBox.empty
    public var startedAt: ServerTime?
    public var finishedAt: ServerTime?
    /// The time from `startedAt` to `finishedAt` in Go's notation, such as `1m32s`; nil if no run started.
    public var duration: String?
    public var updatedAt: ServerTime?
    /// Finished and known tasks, such as `3/7`.
    public var progress: String?
    /// Whether any step started; nil until known, false only at the end and if proven.
    public var executed: Bool?
    public var failure: Failure?
    public var outputs: [Output] = []
    public var links: [Link] = []
    public var conditions: [Condition] = []

    /// The status of an execution that was not reconciled yet.
    public init() {}

    /// What the definition of the execution stands for; nil before it was read, and without a definition.
    public var resolved: ResolvedWorkflow? {
        get { if case .full(let workflow) = boxedResolution { workflow } else { nil } }
        set { boxedResolution = newValue.map(ResolutionBox.full) ?? .empty }
    }

    /// Keeps a resolved workflow by reference, so that the statuses without one do not pay for its size.
    private enum ResolutionBox: Hashable, Sendable {
        case empty
        indirect case full(ResolvedWorkflow)
    }

    /// The condition of a type that Towline writes; nil if absent.
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

/// The first failure in a workflow, as far as the engine reports it.
public struct Failure: Hashable, Sendable {
    public var task: String?
    public var step: String?
    public var exitCode: Int64?
    /// The reason of the engine or the kubelet, such as `OOMKilled`.
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
    /// A string unchanged; any other value as JSON.
    public var value: String

    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}

/// A web page about the run.
public struct Link: Hashable, Sendable {
    public var name: String
    public var url: String

    public init(name: String, url: String) {
        self.name = name
        self.url = url
    }
}

extension ExecutionStatus {
    /// How much of a status to keep when reading it.
    public enum Detail: Sendable {
        case everything
        /// Of a finished execution only what later updates need, because a store holds thousands of them.
        case whatReconcilingNeeds
    }

    /// Reads one `status` object: unknown fields are skipped, a wrong type is an error that names the field.
    ///
    /// An unknown phase or outcome is an error too: an execution of a newer version must not be modified.
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
        case "phase": phase = try cursor.enumValue("status.phase") ?? .pending
        case "outcome": outcome = try cursor.enumValue("status.outcome")
        case "reason": reason = try cursor.string("status.reason").flatMap(Reason.init(rawValue:))
        case "message": message = try cursor.string("status.message")
        case "engine": engine = try cursor.string("status.engine").flatMap(EngineName.init(rawValue:))
        case "engineReason": engineReason = try cursor.string("status.engineReason")
        case "runRef": runRef = try RunReference(reading: &cursor)
        case "resolved": resolved = try ResolvedWorkflow(reading: &cursor)
        case "startedAt": startedAt = try cursor.timestamp("status.startedAt")
        case "finishedAt": finishedAt = try cursor.timestamp("status.finishedAt")
        case "duration": duration = try cursor.string("status.duration")
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

    /// Drops fields that never change again; a patch leaves a field alone that is absent before and after.
    private mutating func dropDetail() {
        duration = nil
        engineReason = nil
        resolved = nil
        progress = nil
        executed = nil
        failure = nil
        outputs = []
        links = []
    }

    /// Reads only the phase of a status.
    package static func phase(reading cursor: inout JSONCursor) throws(JSONError) -> Phase {
        var phase: Phase?
        try cursor.object("status") { (key, cursor) throws(JSONError) in
            if key == "phase" { phase = try cursor.enumValue("status.phase") } else { try cursor.skipValue() }
        }
        return phase ?? .pending
    }

    /// Makes conditions that repeat the status's message share its storage.
    private mutating func shareText() {
        guard let message else { return }
        for index in conditions.indices where conditions[index].message == message {
            conditions[index].message = message
        }
    }
}

extension JSONCursor {
    /// Reads a value of an enumeration; an unknown value is an error that names the field and the value.
    mutating func enumValue<Value: RawRepresentable<String>>(
        _ field: StaticString
    ) throws(JSONError) -> Value? {
        let start = offset
        guard let text = try string(field), !text.isEmpty else { return nil }
        guard let value = Value(rawValue: text) else {
            throw JSONError("\(field): \"\(text.prefix(100))\" is not known to this version", offset: start)
        }
        return value
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
