import KubeClient
import TowlineAPI

/// The law of the contract as statements about two statuses that follow each other, written without a look at how
/// they are made.
enum StatusLaws {
    /// What a step broke; empty when it kept the law.
    static func violations(from old: ExecutionStatus, to new: ExecutionStatus, generation: Int64, now: ServerTime)
        -> [String]
    {
        var broken: [String] = []
        func law(_ name: String, _ holds: Bool) { if !holds { broken.append(name) } }

        law("observedGeneration is the generation", new.observedGeneration == generation)
        law("startedAt is immutable", old.startedAt == nil || new.startedAt == old.startedAt)
        law("finishedAt is immutable", old.finishedAt == nil || new.finishedAt == old.finishedAt)
        law("startedAt is there with Running", new.phase != .running || new.startedAt != nil)
        law("startedAt is there with Completed", new.phase != .completed || new.startedAt != nil)
        law("Pending has not started", new.phase != .pending || new.startedAt == nil)
        law("finishedAt comes with the end", (new.finishedAt != nil) == new.phase.isTerminal)
        if let start = new.startedAt, let end = new.finishedAt { law("the end is not before the start", end >= start) }
        law("startedAt is stamped on the way", old.startedAt == new.startedAt || isStamp(new.startedAt, of: now))
        law("updatedAt moves", new.updatedAt != nil && (old.updatedAt.map { new.updatedAt! > $0 } ?? true))
        law(
            "something else changed too",
            {
                var same = new; same.updatedAt = old.updatedAt; return same != old
            }())

        law("no way back to Pending", old.phase == .pending || new.phase != .pending)
        law("a terminal phase stays", !old.phase.isTerminal || new.phase == old.phase)
        law("a terminal outcome stays", !old.phase.isTerminal || new.outcome == old.outcome)
        law("a terminal reason stays", !old.phase.isTerminal || new.reason == old.reason)
        law("an outcome comes with the end", (new.outcome != nil) == new.phase.isTerminal)
        law("Completed means Success", (new.phase == .completed) == (new.outcome == .success))
        law("the run stays", old.runRef == nil || new.runRef == old.runRef)
        law("what started stays started", old.executed != true || new.executed == true)
        law("that nothing started is said at the end only", new.executed != false || new.phase.isTerminal)
        law("executed stays after the end", !old.phase.isTerminal || new.executed == old.executed)
        return broken + conditionViolations(from: old, to: new, generation: generation, now: now)
            + boundViolations(new)
    }

    private static func isStamp(_ time: ServerTime?, of now: ServerTime) -> Bool {
        time?.seconds == now.seconds && time?.nanoseconds == 0
    }

    private static func conditionViolations(
        from old: ExecutionStatus, to new: ExecutionStatus, generation: Int64, now: ServerTime
    ) -> [String] {
        var broken: [String] = []
        let table: [String: String] =
            switch new.phase {
            case .pending, .running:
                ["Succeeded": "Unknown", "Finished": "False", "Ready": "False", "Reconciling": "True"]
            case .completed: ["Succeeded": "True", "Finished": "True", "Ready": "True"]
            case .failed: ["Succeeded": "False", "Finished": "True", "Ready": "False", "Stalled": "True"]
            }
        for type in ["Succeeded", "Finished", "Ready", "Reconciling", "Stalled"] {
            let found = new.conditions.filter { $0.type == type }
            if found.map(\.status.rawValue) != (table[type].map { [$0] } ?? []) {
                broken.append("\(type) is \(found.map(\.status.rawValue)) in \(new.phase.rawValue)")
            }
        }
        if Set(new.conditions.map(\.type)).count != new.conditions.count { broken.append("a type stands twice") }
        for condition in new.conditions where ConditionType(rawValue: condition.type) != nil {
            if condition.observedGeneration != generation { broken.append("\(condition.type) has another generation") }
            if condition.reason.isEmpty { broken.append("\(condition.type) has no reason") }
            if let before = old.conditions.first(where: { $0.type == condition.type }) {
                let moved = before.lastTransitionTime != condition.lastTransitionTime
                if before.status == condition.status, moved {
                    broken.append("\(condition.type) moved without a change")
                }
                if before.status != condition.status, !isStamp(condition.lastTransitionTime, of: now) {
                    broken.append("\(condition.type) changed without moving")
                }
            }
        }
        for foreign in old.conditions where ConditionType(rawValue: foreign.type) == nil {
            if !new.conditions.contains(foreign) { broken.append("a foreign condition is gone") }
        }
        return broken
    }

    private static func boundViolations(_ status: ExecutionStatus) -> [String] {
        var broken: [String] = []
        func law(_ name: String, _ text: String?, _ limit: Int) {
            if let text, text.utf8.count > limit { broken.append("\(name) has \(text.utf8.count) bytes") }
        }
        law("message", status.message, 1024)
        law("engineReason", status.engineReason, 253)
        law("progress", status.progress, 32)
        law("failure.message", status.failure?.message, 1024)
        law("failure.task", status.failure?.task, 253)
        for output in status.outputs {
            law("output name", output.name, 253)
            law("output value", output.value, 4096)
        }
        for link in status.links { law("link", link.url, 2048) }
        for condition in status.conditions { law("condition message", condition.message, 1024) }
        if status.outputs.count > 64 || status.links.count > 8 || status.conditions.count > 16 {
            broken.append("a list is too long")
        }
        if Set(status.outputs.map(\.name)).count != status.outputs.count { broken.append("an output stands twice") }
        if Set(status.links.map(\.name)).count != status.links.count { broken.append("a link stands twice") }
        return broken
    }
}
