public import KubeClient
public import TowlineAPI

/// What happened to an environment, or what the operator learned about it.
public enum EnvironmentEvent: Hashable, Sendable {
    /// The Lifecycle that the environment names was read. Only the first one counts.
    case copied(ResolvedLifecycle)
    /// The phases are known, with what their definitions stand for. Only the first list counts.
    case planned([PhaseRecord])
    /// A phase has changed; ignored for a phase that was not planned.
    case advanced(PhaseRecord)
    /// The environment is in this phase for this reason; `current` is the phase that runs, waits or blocks.
    case entered(EnvironmentPhase, EnvironmentReason, message: String, current: String?)
    /// The environment is ready; only the first time counts.
    case becameReady
    /// The environment expires at this time; ignored if it is not later than before.
    case expires(at: ServerTime)
    /// The termination begins; only the first time counts.
    case terminationBegan
    /// A request to retry was handled, even if there was nothing to retry.
    case retryHandled(String)
    /// Sets a condition that the phase does not decide.
    case conditionSet(EnvironmentConditionType, ConditionStatus, EnvironmentConditionReason, message: String)
    /// Removes a condition that the phase does not decide.
    case conditionRemoved(EnvironmentConditionType)
}

extension StatusUpdate<EnvironmentStatus> {
    /// Applies one event. This and ``StatusUpdate`` are the only places that make the status of an environment.
    public mutating func apply(_ event: EnvironmentEvent) {
        let time = now.roundedDownToSeconds
        switch event {
        case .copied(let lifecycle): revise { $0.lifecycle = $0.lifecycle ?? lifecycle }
        case .planned(let records):
            revise { status in
                guard status.phases.isEmpty else { return }
                status.phases = records.map { record in
                    var record = record
                    if let workflow = record.workflow { record.workflow?.resolved = workflow.resolved.bounded }
                    return record
                }
            }
        case .advanced(let record): advance(record)
        case .entered(let phase, let reason, let message, let current):
            setMessage(message)
            revise { status in
                status.reason = reason
                status.currentPhase = current
            }
            enter(phase)
        case .becameReady: revise { $0.readyAt = $0.readyAt ?? time }
        case .expires(let expiry):
            // Never early, so it is rounded up.
            let whole = expiry.roundedUpToSeconds
            revise { status in
                if status.expiresAt.map({ $0 < whole }) ?? true { status.expiresAt = whole }
            }
        case .terminationBegan: revise { $0.terminationStartedAt = $0.terminationStartedAt ?? time }
        case .retryHandled(let request): revise { $0.lastHandledRetryAt = request }
        case .conditionSet(let type, let value, let reason, let message):
            setCondition(type, value, reason: reason.rawValue, message: message)
        case .conditionRemoved(let type): removeCondition(type)
        }
    }

    /// Stores a record; an attempt number never decreases, an execution is recorded once, and a definition too.
    private mutating func advance(_ record: PhaseRecord) {
        revise { status in
            guard let index = status.phases.firstIndex(where: { $0.name == record.name }) else { return }
            let old = status.phases[index]
            guard record.attempt >= old.attempt, old.state != .succeeded, old.state != .skipped else { return }
            var record = record
            record.workflow = old.workflow
            record.startedAt = old.startedAt ?? record.startedAt
            if record.attempt == old.attempt {
                record.executionName = old.executionName ?? record.executionName
                record.executionUID = old.executionUID ?? record.executionUID
            }
            record.reason = record.reason?.bounded(to: Bounds.name)
            record.message = record.message?.displayable.bounded(to: Bounds.message)
            status.phases[index] = record
        }
    }
}

// MARK: The rules of every kind, applied to an environment

extension EnvironmentPhase: StatusPhase {
    public var requiresStart: Bool { self == .provisioning || self == .active || self == .degraded }
}

extension EnvironmentStatus: KindStatus {
    public typealias ConditionType = EnvironmentConditionType

    public static let derivedConditionTypes: Set<EnvironmentConditionType> = [.ready, .reconciling, .stalled]

    /// The conditions as `kubectl wait`, Argo CD, Flux and kstatus read them.
    ///
    /// An environment that ended as it should has none, because it is neither ready nor broken.
    public var derivedConditions: [(type: EnvironmentConditionType, status: ConditionStatus)] {
        switch phase {
        case .pending, .approaching, .provisioning, .terminating: [(.ready, .false), (.reconciling, .true)]
        case .active:
            reason == .ready || reason == .waitingForSignal
                ? [(.ready, .true)] : [(.ready, .true), (.reconciling, .true)]
        case .degraded, .failed: [(.ready, .false), (.stalled, .true)]
        case .inactive: reason?.isBadEnd ?? false ? [(.ready, .false), (.stalled, .true)] : []
        }
    }

    public var derivedReason: String? { reason?.rawValue }

    public func writeChanges(since old: EnvironmentStatus, to writer: inout JSONWriter) {
        writer.change("reason", old.reason?.rawValue, reason?.rawValue)
        writer.change("currentPhase", old.currentPhase, currentPhase)
        writer.change("readyAt", old.readyAt?.rfc3339, readyAt?.rfc3339)
        writer.change("expiresAt", old.expiresAt?.rfc3339, expiresAt?.rfc3339)
        writer.change(
            "terminationStartedAt", old.terminationStartedAt?.rfc3339, terminationStartedAt?.rfc3339)
        writer.change("lastHandledRetryAt", old.lastHandledRetryAt, lastHandledRetryAt)
        if old.lifecycle != lifecycle, let lifecycle {
            writer.member("lifecycle") { writer in
                writer.member("name", lifecycle.id.name)
                writer.member("version", lifecycle.id.version)
                writer.member("uid", lifecycle.uid)
                writer.plan(lifecycle.plan)
            }
        }
        writer.changeList("phases", old.phases, phases) { writer, record in writer.record(record) }
    }
}

extension JSONWriter {
    /// Writes the phases as they stand in a Lifecycle, without the fields that have their default.
    fileprivate mutating func plan(_ plan: PhasePlan) {
        key("phases")
        array { writer in
            for phase in plan.phases { writer.object { $0.phase(phase) } }
        }
        if let readyAfter = plan.readyAfter { member("readyAfter", readyAfter) }
        if plan.onFailure != .hold { member("onFailure", plan.onFailure.rawValue) }
    }

    private mutating func phase(_ phase: LifecyclePhase) {
        member("name", phase.name)
        switch phase.work {
        case .workflow(let definition):
            member("engine", "workflow")
            member("workflow") { writer in
                writer.member("name", definition.name)
                writer.member("version", definition.version)
            }
        case .pipeline(let steps):
            member("engine", "pipeline")
            key("steps")
            array { writer in
                for step in steps { writer.object { $0.step(step) } }
            }
        }
        if !phase.gatesNext {
            key("gatesNext")
            bool(false)
        }
        if let trigger = phase.trigger { member("triggerOnStatus", trigger.word) }
        if phase.retry != PhaseRetry() {
            member("retry") { writer in
                writer.number("limit", phase.retry.limit)
                writer.key("onOutcomes")
                writer.array { writer in
                    for outcome in Outcome.allCases where phase.retry.outcomes.contains(outcome) {
                        writer.string(outcome.rawValue)
                    }
                }
                writer.number("backoffSeconds", phase.retry.backoffSeconds)
            }
        }
        if phase.isTeardown {
            key("teardown")
            bool(true)
        }
    }

    private mutating func step(_ step: NativeStep) {
        switch step {
        case .markReady: member("markReady") { _ in }
        case .pause(let seconds): member("pause") { $0.number("seconds", seconds) }
        }
    }

    fileprivate mutating func record(_ record: PhaseRecord) {
        member("name", record.name)
        member("state", record.state.rawValue)
        number("attempt", record.attempt)
        if let name = record.executionName {
            member("executionRef") { writer in
                writer.member("name", name)
                if let uid = record.executionUID { writer.member("uid", uid) }
            }
        }
        for (name, text) in [
            ("outcome", record.outcome?.rawValue), ("reason", record.reason), ("message", record.message),
            ("startedAt", record.startedAt?.rfc3339), ("finishedAt", record.finishedAt?.rfc3339),
            ("stepStartedAt", record.stepStartedAt?.rfc3339),
        ] {
            if let text { member(name, text) }
        }
        if let step = record.step { number("step", step) }
        if let workflow = record.workflow {
            member("resolved") { writer in
                writer.resolvedFields(workflow.resolved)
                writer.key("declared")
                writer.array { writer in
                    for name in workflow.declared { writer.string(name) }
                }
            }
        }
    }

    private mutating func number(_ name: String, _ value: Int64) {
        key(name)
        integer(value)
    }
}
