public import KubeClient
public import TowlineAPI

extension ExecutionStatus {
    /// The status after `event`; nil when nothing but the time of the update would change.
    ///
    /// Every status of an execution is made here, so that the law of the contract holds whoever writes.
    ///
    /// - Parameters:
    ///   - generation: the `metadata.generation` of the object this status was read with.
    ///   - now: the time of the event.
    public func after(_ event: ExecutionEvent, generation: Int64, now: ServerTime) -> ExecutionStatus? {
        after([event], generation: generation, now: now)
    }

    /// The status after `events`, in their order, as one update.
    public func after(_ events: [ExecutionEvent], generation: Int64, now: ServerTime) -> ExecutionStatus? {
        var transition = StatusTransition(of: self, generation: generation, now: now)
        for event in events { transition.apply(event) }
        return transition.result
    }
}

/// One update of a status: what it was, what happens, what it becomes.
struct StatusTransition {
    private let before: ExecutionStatus
    private var status: ExecutionStatus
    private let generation: Int64
    private let now: ServerTime

    init(of status: ExecutionStatus, generation: Int64, now: ServerTime) {
        self.before = status
        self.status = status
        self.generation = generation
        self.now = now
    }

    mutating func apply(_ event: ExecutionEvent) {
        switch event {
        case .observed(let observation): observe(observation)
        case .held(let reason, let message, let engine):
            guard !status.phase.isTerminal, reason.outcome == nil else { return }
            if let engine { status.engine = engine }
            if status.executed != true { status.executed = nil }
            explain(reason, message)
            enter(reason.phase, reason)
        case .ended(let reason, let message, let engine, let provesNoRun):
            guard !status.phase.isTerminal, reason.outcome != nil else { return }
            if let engine { status.engine = engine }
            // Without a run, nothing can have started. If the run was lost or its end was not read, that is unknown;
            // and the object with the run's name may be the run itself, without its owner reference.
            let hadNoRun =
                status.phase == .pending && status.runRef == nil && provesNoRun && reason != .runLost
                && reason != .nameCollision
            if status.executed != true { status.executed = hadNoRun ? false : nil }
            explain(reason, message)
            enter(reason.phase, reason)
        case .conditionSet(let type, let value, let reason, let message):
            guard !StandardConditions.types.contains(type) else { return }
            let condition = Condition(
                type: type.rawValue, status: value, observedGeneration: generation,
                lastTransitionTime: now.roundedDownToSeconds, reason: reason.word,
                message: message.bounded(to: Bounds.message))
            status.conditions = status.conditions.replacing(condition)
        case .conditionRemoved(let type):
            guard !StandardConditions.types.contains(type) else { return }
            status.conditions.removeAll { $0.type == type.rawValue }
        case .acknowledged: break
        }
    }

    /// The new status; nil when it tells nothing new.
    var result: ExecutionStatus? {
        var result = status
        result.observedGeneration = generation
        result.conditions = StandardConditions.refreshed(in: result, since: before, now: now)
        guard result != before else { return nil }
        result.updatedAt = nextUpdate
        return result
    }

    /// Takes over what a look at the run told. A run exists, so that the execution is Running at least.
    private mutating func observe(_ observation: Observation) {
        guard !status.phase.isTerminal else { return }
        let seen = observation.bounded
        status.engine = seen.engine
        status.engineReason = seen.engineReason
        status.progress = seen.progress ?? status.progress
        // What has started cannot become unstarted, whatever an engine forgets; that nothing has is known at the end only.
        if status.executed != true {
            status.executed = seen.reason.outcome == nil && seen.executed == false ? nil : seen.executed
        }
        status.failure = seen.failure
        status.outputs = seen.outputs
        status.links = seen.links
        // An execution has one run: the first one seen.
        if status.runRef == nil { status.runRef = seen.runRef }
        explain(seen.reason, seen.message)
        enter(.running, seen.reason)
        enter(seen.reason.phase, seen.reason)
    }

    private mutating func explain(_ reason: Reason, _ message: String) {
        let text = message.bounded(to: Bounds.message)
        status.reason = reason
        status.message = text.isEmpty ? nil : text
    }

    /// Moves to `phase`, unless that lies behind, and stamps what the phase implies.
    private mutating func enter(_ phase: Phase, _ reason: Reason) {
        guard status.phase.mayBecome(phase) else { return }
        status.phase = phase
        // What completed was Running, if only between two looks.
        if phase == .running || phase == .completed, status.startedAt == nil {
            status.startedAt = now.roundedDownToSeconds
        }
        guard phase.isTerminal else { return }
        status.outcome = reason.outcome
        if status.finishedAt == nil {
            let end = now.roundedDownToSeconds
            // Two operators' clocks may differ.
            status.finishedAt = max(end, status.startedAt ?? end)
        }
    }

    /// Now, or a microsecond after the last update: it moves with every write, even where clocks disagree.
    private var nextUpdate: ServerTime {
        let nanoseconds = Int64(now.nanoseconds)
        let micro = ServerTime(seconds: now.seconds, nanoseconds: nanoseconds - nanoseconds % 1000)
        guard let last = before.updatedAt else { return micro }
        return max(micro, last + .microseconds(1))
    }
}
