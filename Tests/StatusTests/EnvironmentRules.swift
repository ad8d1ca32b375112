import KubeClient
import Status
import TowlineAPI

/// The rules of an environment's status: those of every kind, and its own.
enum EnvironmentRules {
    /// The phases that may follow each phase, as docs/contract.md lists them.
    private static let transitions: [EnvironmentPhase: Set<EnvironmentPhase>] = [
        .pending: Set(EnvironmentPhase.allCases),
        .approaching: [.provisioning, .active, .failed, .terminating, .inactive],
        .provisioning: [.active, .failed, .terminating, .inactive],
        .active: [.degraded, .terminating, .inactive],
        .degraded: [.active, .terminating, .inactive],
        .failed: [.pending, .provisioning, .active, .terminating, .inactive],
        .terminating: [.inactive],
        .inactive: [],
    ]

    private static let badEnds: Set<String> = [
        "TeardownFailed", "TeardownTimedOut", "TeardownSkipped", "NamespaceTerminating", "TimeslotMissed",
        "StopTimedOut",
    ]

    static func violations(
        from old: EnvironmentStatus, to new: EnvironmentStatus, generation: Int64, now: ServerTime
    ) -> [String] {
        var broken: [String] = []
        func rule(_ name: String, _ holds: Bool) { if !holds { broken.append(name) } }
        rule(
            "\(old.phase.rawValue) may become \(new.phase.rawValue)",
            old.phase == new.phase || transitions[old.phase]?.contains(new.phase) == true)
        rule("readyAt is written once", old.readyAt == nil || new.readyAt == old.readyAt)
        rule(
            "terminationStartedAt is written once",
            old.terminationStartedAt == nil || new.terminationStartedAt == old.terminationStartedAt)
        rule(
            "expiresAt only grows", old.expiresAt.map { before in new.expiresAt.map { $0 >= before } ?? false } ?? true)
        rule("expiresAt has whole seconds", new.expiresAt?.nanoseconds ?? 0 == 0)
        rule("the lifecycle is written once", old.lifecycle == nil || new.lifecycle == old.lifecycle)
        rule("an active environment has started", new.phase != .active || new.startedAt != nil)
        if old.phase.isTerminal {
            var (left, right) = (old, new)
            (left.conditions, right.conditions) = ([], [])
            (left.updatedAt, right.updatedAt) = (nil, nil)
            (left.observedGeneration, right.observedGeneration) = (0, 0)
            rule("the end is final", left == right)
        }
        for record in old.phases {
            guard let next = new.record(of: record.name) else {
                broken.append("the record of \(record.name) is gone")
                continue
            }
            rule("attempts are not repeated", next.attempt >= record.attempt)
            rule(
                "what succeeded or was skipped is final",
                record.state != .succeeded && record.state != .skipped || next == record)
            rule("a definition is resolved once", record.workflow == nil || next.workflow == record.workflow)
            if next.attempt == record.attempt {
                rule(
                    "an attempt has one execution",
                    record.executionUID == nil || next.executionUID == record.executionUID)
            }
        }
        return broken
            + StatusRules.violations(
                from: old, to: new, generation: generation, now: now, conditions: conditions(of: new),
                derived: ["Ready", "Reconciling", "Stalled"])
            + StatusRules.textViolations(new.phases.map { ("phase message", $0.message, 1024) })
    }

    private static func conditions(of status: EnvironmentStatus) -> [String: String] {
        let reason = status.reason?.rawValue ?? ""
        switch status.phase.rawValue {
        case "Pending", "Approaching", "Provisioning", "Terminating": return ["Ready": "False", "Reconciling": "True"]
        case "Active":
            let rests = reason == "Ready" || reason == "WaitingForSignal"
            return rests ? ["Ready": "True"] : ["Ready": "True", "Reconciling": "True"]
        case "Degraded", "Failed": return ["Ready": "False", "Stalled": "True"]
        default: return badEnds.contains(reason) ? ["Ready": "False", "Stalled": "True"] : [:]
        }
    }
}

extension EnvironmentStatus {
    func after(_ events: [EnvironmentEvent], generation: Int64, now: ServerTime) -> EnvironmentStatus? {
        var update = StatusUpdate(of: self, generation: generation, now: now)
        for event in events { update.apply(event) }
        return update.result
    }
}

extension EventGenerator {
    private static let names = ["up", "grade", "down"]

    /// The end is rare, so sequences are long.
    mutating func environmentEvent() -> EnvironmentEvent {
        switch number(below: 14) {
        case 0: chance(50) ? .becameReady : .terminationBegan
        case 1:
            .expires(
                at: ServerTime(seconds: 1_767_300_000 + Int64(number(below: 50)), nanoseconds: Int64(number(below: 2))))
        case 2: .retryHandled("request \(number(below: 3))")
        case 3: .conditionRemoved(pick(EnvironmentConditionType.allCases))
        case 4:
            .conditionSet(
                pick(EnvironmentConditionType.allCases), pick(ConditionStatus.allCases),
                pick(EnvironmentConditionReason.allCases), message: text())
        case 5: .copied(lifecycle())
        case 6, 7: .planned(Self.names.map { PhaseRecord(name: $0, workflow: phaseWorkflow()) })
        case 8, 9, 10: .advanced(record())
        default:
            .entered(
                chance(93)
                    ? pick(EnvironmentPhase.allCases.filter { !$0.isTerminal && $0 != .terminating })
                    : pick([.terminating, .inactive]),
                pick(EnvironmentReason.allCases), message: text(), current: chance(50) ? pick(Self.names) : nil)
        }
    }

    private mutating func record() -> PhaseRecord {
        var record = PhaseRecord(
            name: chance(95) ? pick(Self.names) : "other", state: pick(PhaseState.allCases),
            attempt: Int64(number(below: 3)), workflow: chance(20) ? phaseWorkflow() : nil)
        if record.attempt > 0 {
            record.executionName = "pr-7-\(record.name)-3f9c2a-\(record.attempt)"
            record.executionUID = chance(60) ? "uid-\(number(below: 3))" : nil
        }
        record.outcome = chance(40) ? pick(Outcome.allCases) : nil
        record.reason = chance(50) ? pick(Reason.allCases).rawValue : nil
        record.message = optionalText().map { "m" + $0 }
        record.startedAt = chance(50) ? ServerTime(seconds: 1_767_225_600) : nil
        record.finishedAt = chance(50) ? ServerTime(seconds: 1_767_225_700) : nil
        record.step = chance(20) ? 1 : nil
        record.stepStartedAt = chance(20) ? ServerTime(seconds: 1_767_225_600) : nil
        return record
    }

    private mutating func phaseWorkflow() -> PhaseWorkflow? {
        chance(60) ? PhaseWorkflow(resolved: workflow(), declared: chance(50) ? ["A", "B"] : []) : nil
    }

    private mutating func lifecycle() -> ResolvedLifecycle {
        let phases = [
            LifecyclePhase(name: "warm", work: .pipeline([.markReady, .pause(seconds: 5)]), trigger: .signal("go")),
            LifecyclePhase(
                name: "up", work: .workflow(DefinitionID(name: "up", version: "\(number(below: 2))")),
                gatesNext: chance(50),
                retry: PhaseRetry(limit: Int64(number(below: 3)), outcomes: [.timeout])),
            LifecyclePhase(name: "down", work: .workflow(DefinitionID(name: "down", version: "1")), isTeardown: true),
        ]
        let plan = PhasePlan(phases: phases, onFailure: chance(50) ? .hold : .teardown)
        return ResolvedLifecycle(
            Lifecycle(
                key: ObjectKey(namespace: "n", name: "preview-1"), uid: "uid-\(number(below: 2))",
                id: DefinitionID(name: "preview", version: "1"), plan: plan))
    }
}
