import KubeClient
import Status
import TowlineAPI

/// The status of a kind that only these tests have: unlike an execution, it can leave a failure, its conditions depend on
/// more than the phase, and it has other condition types.
///
/// It shows that a second kind needs no change to `Status` and gets the rules of every kind.
struct SiteStatus: KindStatus {
    enum Phase: String, CaseIterable, StatusPhase {
        case waiting = "Waiting"
        case provisioning = "Provisioning"
        case active = "Active"
        case degraded = "Degraded"
        case inactive = "Inactive"

        var requiresStart: Bool { self != .waiting && self != .inactive }
        var isTerminal: Bool { self == .inactive }

        func mayBecome(_ next: Phase) -> Bool {
            switch self {
            case .waiting: true
            case .provisioning, .active, .degraded: next != .waiting
            case .inactive: next == self
            }
        }
    }

    enum ConditionType: String, CaseIterable {
        case ready = "Ready"
        case reconciling = "Reconciling"
        case stalled = "Stalled"
        case tornDown = "TornDown"
    }

    var observedGeneration: Int64 = -1
    var phase = Phase.waiting
    var message: String?
    var startedAt: ServerTime?
    var finishedAt: ServerTime?
    var duration: String?
    var updatedAt: ServerTime?
    var conditions: [Condition] = []
    var reason: String?
    var waitsForSignal: Bool?

    static let derivedConditionTypes: Set<ConditionType> = [.ready, .reconciling, .stalled]

    var derivedConditions: [(type: ConditionType, status: ConditionStatus)] {
        switch phase {
        case .waiting, .provisioning: [(.ready, .false), (.reconciling, .true)]
        case .active: waitsForSignal == true ? [(.ready, .true)] : [(.ready, .true), (.reconciling, .true)]
        case .degraded: [(.ready, .false), (.stalled, .true)]
        case .inactive: []
        }
    }

    var derivedReason: String? { reason }

    func writeChanges(since old: SiteStatus, to writer: inout JSONWriter) {
        writer.change("reason", old.reason, reason)
        writer.change("waitsForSignal", old.waitsForSignal, waitsForSignal)
    }
}

/// What can happen to such an object.
enum SiteEvent: Hashable {
    case entered(SiteStatus.Phase, reason: String, message: String)
    case signalChanged(Bool?)
    case conditionSet(SiteStatus.ConditionType, ConditionStatus, message: String)
    case conditionRemoved(SiteStatus.ConditionType)
    case acknowledged
}

extension SiteStatus {
    func after(_ events: [SiteEvent], generation: Int64, now: ServerTime) -> SiteStatus? {
        var update = StatusUpdate(of: self, generation: generation, now: now)
        for event in events {
            switch event {
            case .entered(let phase, let reason, let message):
                update.revise { $0.reason = reason }
                update.setMessage(message)
                update.enter(phase)
            case .signalChanged(let value): update.revise { $0.waitsForSignal = value }
            case .conditionSet(let type, let value, let message):
                update.setCondition(type, value, reason: "Because", message: message)
            case .conditionRemoved(let type): update.removeCondition(type)
            case .acknowledged: break
            }
        }
        return update.result
    }

    /// The rules of every kind, and that a terminal status keeps the fields of this kind.
    static func violations(
        from old: SiteStatus, to new: SiteStatus, generation: Int64, now: ServerTime
    ) -> [String] {
        let conditions: [String: String] =
            switch (new.phase, new.waitsForSignal) {
            case (.waiting, _), (.provisioning, _): ["Ready": "False", "Reconciling": "True"]
            case (.active, true?): ["Ready": "True"]
            case (.active, _): ["Ready": "True", "Reconciling": "True"]
            case (.degraded, _): ["Ready": "False", "Stalled": "True"]
            case (.inactive, _): [:]
            }
        let isFinal =
            !old.phase.isTerminal || new.reason == old.reason && new.waitsForSignal == old.waitsForSignal
        return StatusRules.violations(
            from: old, to: new, generation: generation, now: now, conditions: conditions,
            derived: ["Ready", "Reconciling", "Stalled"]) + (isFinal ? [] : ["the end is final"])
    }
}

extension EventGenerator {
    /// The end is rare, so sequences are long.
    mutating func siteEvent() -> SiteEvent {
        switch number(below: 12) {
        case 0: .acknowledged
        case 1, 2:
            .conditionSet(pick(SiteStatus.ConditionType.allCases), pick(ConditionStatus.allCases), message: text())
        case 3: .conditionRemoved(pick(SiteStatus.ConditionType.allCases))
        case 4, 5: .signalChanged(pick([nil, true, false]))
        default:
            .entered(
                chance(93) ? pick([.waiting, .provisioning, .active, .degraded]) : .inactive,
                reason: "Reason\(number(below: 3))", message: text())
        }
    }
}
