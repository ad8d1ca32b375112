import KubeClient
import TowlineAPI

/// The conditions that follow from the phase: one table, read by `kubectl wait`, Argo CD, Flux and kstatus alike.
enum StandardConditions {
    static let types: Set<ConditionType> = [.succeeded, .finished, .ready, .reconciling, .stalled]

    /// What each type is in a phase; a type that is missing must be absent.
    static func states(in phase: Phase) -> [(type: ConditionType, status: ConditionStatus)] {
        switch phase {
        case .pending, .running:
            [(.succeeded, .unknown), (.finished, .false), (.ready, .false), (.reconciling, .true)]
        case .completed: [(.succeeded, .true), (.finished, .true), (.ready, .true)]
        case .failed: [(.succeeded, .false), (.finished, .true), (.ready, .false), (.stalled, .true)]
        }
    }

    /// The conditions of `status` as its phase demands; then Towline's others, then those of somebody else.
    ///
    /// Transition times come from `before` where a condition's status is the same there.
    static func refreshed(in status: ExecutionStatus, since before: ExecutionStatus, now: ServerTime) -> [Condition] {
        let demanded = states(in: status.phase).map { type, value in
            let known = before.condition(type).flatMap { $0.status == value ? $0 : nil }
            return Condition(
                type: type.rawValue, status: value, observedGeneration: status.observedGeneration,
                lastTransitionTime: known?.lastTransitionTime ?? now.roundedDownToSeconds,
                reason: reason(of: status, known: known), message: status.message ?? "")
        }
        var own: [Condition] = []
        var foreign: [Condition] = []
        for var condition in status.conditions {
            guard let type = ConditionType(rawValue: condition.type) else {
                foreign.append(condition)
                continue
            }
            if types.contains(type) { continue }
            condition.observedGeneration = status.observedGeneration
            if let known = before.condition(type), known.status == condition.status {
                condition.lastTransitionTime = known.lastTransitionTime
            }
            own.append(condition)
        }
        return Array((demanded + own + foreign).prefix(Bounds.conditions))
    }

    /// The reason of the status; where this version does not know it, the one the condition already gives.
    private static func reason(of status: ExecutionStatus, known: Condition?) -> String {
        if let reason = status.reason { return reason.rawValue }
        if let reason = known?.reason, !reason.isEmpty { return reason }
        let fallback: Reason =
            switch status.phase {
            case .pending: .accepted
            case .running: .executing
            case .completed: .succeeded
            case .failed: .engineError
            }
        return fallback.rawValue
    }
}

extension [Condition] {
    /// The list with `condition` in the place of the one of its type, or at the end.
    func replacing(_ condition: Condition) -> [Condition] {
        guard let index = firstIndex(where: { $0.type == condition.type }) else { return self + [condition] }
        var list = self
        list[index] = condition
        return list
    }
}
