public import KubeClient
public import TowlineAPI

/// What happened to an execution, or what the operator learned about it.
public enum ExecutionEvent: Hashable, Sendable {
    /// The run was created, adopted or read; the observation replaces the run's fields in the status.
    case observed(Observation)
    /// Towline waits, or holds the execution back; the run's fields in the status stay unchanged.
    ///
    /// A reason that belongs to Pending also explains a running execution, which stays Running. A reason with an
    /// outcome is ignored.
    case held(Reason, message: String, engine: EngineName?)
    /// Towline ends the execution without a result from its run; the run's fields in the status stay unchanged.
    ///
    /// `provesNoRun` is false if the operator saw no run but one may have existed: `executed` stays unknown then.
    /// A reason without an outcome is ignored.
    case ended(Reason, message: String, engine: EngineName?, provesNoRun: Bool = true)
    /// The definition of the execution was read. Only the first one counts, and none after a run was seen.
    case resolved(ResolvedWorkflow)
    /// Sets a condition that the phase does not decide, such as `RunPresent`.
    case conditionSet(ConditionType, ConditionStatus, reason: ConditionReason, message: String)
    /// Removes a condition that the phase does not decide.
    case conditionRemoved(ConditionType)
    /// The operator processed the object's current generation, and nothing else changed.
    case acknowledged
}

/// What one read of an execution's run reported, in Towline's vocabulary.
///
/// It has no phase: the reason decides that. Texts may have any length; the status truncates them to its bounds.
public struct Observation: Hashable, Sendable {
    public var reason: Reason
    public var message: String
    public var engine: EngineName
    /// The engine's reason for the state of the run, verbatim.
    public var engineReason: String?
    public var runRef: RunReference?
    /// Finished and known tasks, such as `3/7`; nil keeps the previous value.
    public var progress: String?
    /// Whether any step started; nil if unknown. False counts only together with the end of the run.
    public var executed: Bool?
    public var failure: Failure?
    public var outputs: [Output]
    public var links: [Link]

    public init(
        reason: Reason, message: String = "", engine: EngineName, engineReason: String? = nil,
        runRef: RunReference? = nil, progress: String? = nil, executed: Bool? = nil, failure: Failure? = nil,
        outputs: [Output] = [], links: [Link] = []
    ) {
        self.reason = reason
        self.message = message
        self.engine = engine
        self.engineReason = engineReason
        self.runRef = runRef
        self.progress = progress
        self.executed = executed
        self.failure = failure
        self.outputs = outputs
        self.links = links
    }
}

extension ExecutionStatus {
    /// The status after `event`; nil if only the time of the update would change.
    ///
    /// This is the only place that makes the status of an execution.
    ///
    /// - Parameters:
    ///   - generation: the `metadata.generation` of the object that this status was read with.
    ///   - now: the time of the event by the API server's clock.
    public func after(_ event: ExecutionEvent, generation: Int64, now: ServerTime) -> ExecutionStatus? {
        after([event], generation: generation, now: now)
    }

    /// The status after `events`, in this order, as one update.
    public func after(_ events: [ExecutionEvent], generation: Int64, now: ServerTime) -> ExecutionStatus? {
        var update = StatusUpdate(of: self, generation: generation, now: now)
        for event in events { update.apply(event) }
        return update.result
    }
}

extension StatusUpdate<ExecutionStatus> {
    fileprivate mutating func apply(_ event: ExecutionEvent) {
        switch event {
        case .observed(let observation): observe(observation.bounded)
        case .held(let reason, let message, let engine):
            guard reason.outcome == nil else { return }
            revise { status in
                if let engine { status.engine = engine }
                if status.executed != true { status.executed = nil }
            }
            conclude(reason, message)
        case .ended(let reason, let message, let engine, let provesNoRun):
            guard reason.outcome != nil else { return }
            revise { status in
                if let engine { status.engine = engine }
                // Without a run, nothing can have started. An object with the run's name may be the run itself, without
                // its owner reference.
                let hadNoRun =
                    status.phase == .pending && status.runRef == nil && provesNoRun
                    && reason != .nameCollision
                if status.executed != true { status.executed = hadNoRun ? false : nil }
            }
            conclude(reason, message)
        case .resolved(let workflow):
            revise { status in
                guard status.resolved == nil, status.runRef == nil else { return }
                status.resolved = workflow.bounded
                status.engine = workflow.engine
            }
        case .conditionSet(let type, let value, let reason, let message):
            setCondition(type, value, reason: reason.rawValue, message: message)
        case .conditionRemoved(let type): removeCondition(type)
        case .acknowledged: break
        }
    }

    /// Copies what the run reported; a run exists, so the execution is at least Running.
    private mutating func observe(_ seen: Observation) {
        revise { status in
            status.engine = seen.engine
            status.engineReason = seen.engineReason
            status.progress = seen.progress ?? status.progress
            // `executed` stays true even if the engine no longer reports the step. It becomes false only when the run
            // has ended.
            if status.executed != true {
                status.executed = seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed
            }
            status.failure = seen.failure
            status.outputs = seen.outputs
            status.links = seen.links
            // An execution has one run: the first one seen.
            if status.runRef == nil { status.runRef = seen.runRef }
        }
        enter(.running)
        conclude(seen.reason, seen.message)
    }

    /// Sets the reason, its outcome and its phase.
    private mutating func conclude(_ reason: Reason, _ message: String) {
        setMessage(message)
        revise { status in
            status.reason = reason
            status.outcome = reason.outcome
        }
        enter(reason.phase)
    }
}

extension Observation {
    /// The observation with each text and list within its bound; entries that would violate the schema are dropped.
    fileprivate var bounded: Observation {
        var result = self
        result.engineReason = engineReason?.bounded(to: Bounds.name)
        result.progress = progress?.bounded(to: Bounds.progress)
        result.runRef = runRef?.bounded
        result.failure = failure?.bounded
        result.outputs = outputs.map(\.bounded).firstOfEachName(\.name, atMost: Bounds.outputs)
        // A truncated URL would lead to another page.
        result.links = links.filter { !$0.url.isEmpty && $0.url.utf8.count <= Bounds.url }
            .map { Link(name: $0.name.bounded(to: Bounds.name), url: $0.url) }
            .firstOfEachName(\.name, atMost: Bounds.links)
        return result
    }
}

// MARK: The rules of every kind, applied to an execution

extension ExecutionStatus: KindStatus {
    public typealias ConditionType = TowlineAPI.ConditionType

    public static let derivedConditionTypes: Set<ConditionType> = [
        .succeeded, .finished, .ready, .reconciling, .stalled,
    ]

    public var derivedConditions: [(type: ConditionType, status: ConditionStatus)] { phase.runConditions }

    public var derivedReason: String? { reason?.rawValue }
}

extension StatusPatch {
    /// The patch that changes the status of `execution` to `status`.
    public init(of execution: WorkflowExecution, to status: ExecutionStatus) {
        self.init(
            uid: execution.uid, resourceVersion: execution.resourceVersion, from: execution.status, to: status)
    }
}

extension ExecutionStatus {
    public func writeChanges(since old: ExecutionStatus, to writer: inout JSONWriter) {
        writer.change("outcome", old.outcome?.rawValue, outcome?.rawValue)
        writer.change("reason", old.reason?.rawValue, reason?.rawValue)
        writer.change("engine", old.engine?.rawValue, engine?.rawValue)
        writer.change("engineReason", old.engineReason, engineReason)
        writer.change("progress", old.progress, progress)
        writer.change("executed", old.executed, executed)
        if old.runRef != runRef { writer.run(runRef) }
        if old.resolved != resolved { writer.resolved(resolved) }
        if old.failure != failure { writer.failure(failure) }
        writer.changeList("outputs", old.outputs, outputs) { writer, output in
            writer.member("name", output.name)
            writer.member("value", output.value)
        }
        writer.changeList("links", old.links, links) { writer, link in
            writer.member("name", link.name)
            writer.member("url", link.url)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func run(_ reference: RunReference?) {
        key("runRef")
        guard let reference else { return null() }
        beginObject()
        member("apiVersion", reference.apiVersion)
        member("kind", reference.kind)
        member("name", reference.name)
        member("uid", reference.uid)
        endObject()
    }

    /// It is written once, so nothing of a stored one must be removed.
    fileprivate mutating func resolved(_ workflow: ResolvedWorkflow?) {
        key("resolved")
        guard let workflow else { return null() }
        object { $0.resolvedFields(workflow) }
    }

    /// Writes the members of a resolved workflow.
    mutating func resolvedFields(_ workflow: ResolvedWorkflow) {
        member("engine", workflow.engine.rawValue)
        let target = workflow.target
        for (name, text) in [
            ("name", target.name), ("containerImage", target.containerImage),
            ("containerDigest", target.containerDigest), ("imagePullSecret", target.imagePullSecret),
            ("serviceAccountName", workflow.serviceAccountName),
        ] {
            if let text { member(name, text) }
        }
        if let clusterScope = target.clusterScope {
            key("clusterScope")
            bool(clusterScope)
        }
        if let resolver = target.resolver {
            key("resolver")
            beginObject()
            member("name", resolver.name)
            entries("params", resolver.parameters)
            endObject()
        }
        if let seconds = workflow.timeoutSeconds {
            key("timeoutSeconds")
            integer(seconds)
        }
        entries("parameters", workflow.parameters)
        member("definitionUID", workflow.definitionUID)
    }

    private mutating func entries(_ name: String, _ entries: [MapEntry]) {
        guard !entries.isEmpty else { return }
        key(name)
        beginObject()
        for entry in entries { member(entry.key, entry.value) }
        endObject()
    }

    /// Writes every member, null if absent, because the stored failure may have it.
    fileprivate mutating func failure(_ failure: Failure?) {
        key("failure")
        guard let failure else { return null() }
        beginObject()
        for (name, text) in [
            ("task", failure.task), ("step", failure.step), ("reason", failure.reason), ("message", failure.message),
        ] {
            key(name)
            if let text { string(text) } else { null() }
        }
        key("exitCode")
        if let exitCode = failure.exitCode { integer(exitCode) } else { null() }
        endObject()
    }
}
