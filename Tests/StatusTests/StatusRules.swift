import KubeClient
import Status
import TowlineAPI

/// The rules of a status in docs/contract.md, checked on two statuses that follow each other.
///
/// They are written independently of the module that makes statuses.
enum StatusRules {
    /// The violations of the rules of every kind.
    ///
    /// `conditions` lists the derived conditions that the new status must have, and `derived` all derived types.
    static func violations<Status: KindStatus>(
        from old: Status, to new: Status, generation: Int64, now: ServerTime, conditions: [String: String],
        derived: [String]
    ) -> [String] {
        var broken: [String] = []
        func rule(_ name: String, _ holds: Bool) { if !holds { broken.append(name) } }

        rule("observedGeneration is the generation", new.observedGeneration == generation)
        rule("startedAt is immutable", old.startedAt == nil || new.startedAt == old.startedAt)
        rule("startedAt is the time of the update", old.startedAt == new.startedAt || isStamp(new.startedAt, of: now))
        rule("finishedAt is immutable", old.finishedAt == nil || new.finishedAt == old.finishedAt)
        rule("finishedAt comes with a terminal phase", (new.finishedAt != nil) == new.phase.isTerminal)
        if let start = new.startedAt, let end = new.finishedAt {
            rule("finishedAt is not before startedAt", end >= start)
        }
        rule("duration is immutable after the end", old.finishedAt == nil || new.duration == old.duration)
        rule(
            "duration comes with finishedAt after a start",
            (new.duration != nil) == (new.finishedAt != nil && new.startedAt != nil) || old.finishedAt != nil)
        if let start = new.startedAt, let end = new.finishedAt, let text = new.duration {
            rule("duration is finishedAt - startedAt", seconds(of: text) == end.seconds - start.seconds)
        }
        rule("updatedAt moves", new.updatedAt != nil && (old.updatedAt.map { new.updatedAt! > $0 } ?? true))
        var same = new
        same.updatedAt = old.updatedAt
        rule("something else changed too", same != old)
        rule("a terminal phase is final", !old.phase.isTerminal || new.phase == old.phase)
        rule("the message is final after the end", !old.phase.isTerminal || new.message == old.message)
        return broken
            + conditionViolations(from: old, to: new, generation: generation, now: now, conditions, derived)
            + textViolations([("message", new.message, 1024)])
            + textViolations(new.conditions.map { ("condition message", $0.message, 1024) })
            + (new.conditions.count > 16 ? ["there are more than 16 conditions"] : [])
    }

    /// Whether `time` is `now` in whole seconds.
    private static func isStamp(_ time: ServerTime?, of now: ServerTime) -> Bool {
        time?.seconds == now.seconds && time?.nanoseconds == 0
    }

    /// The seconds of a duration in Go's notation; nil for any other text.
    private static func seconds(of text: String) -> Int64? {
        guard let match = text.wholeMatch(of: /(?:(?:([1-9]\d*)h([0-5]?\d)m)|(?:([1-9]|[1-5]\d)m))?([0-5]?\d)s/)
        else { return nil }
        let parts = [(match.1, Int64(3600)), (match.2, 60), (match.3, 60), (match.4, 1)]
        return parts.reduce(0) { $0 + (Int64($1.0 ?? "0") ?? 0) * $1.1 }
    }

    private static func conditionViolations<Status: KindStatus>(
        from old: Status, to new: Status, generation: Int64, now: ServerTime, _ table: [String: String],
        _ derived: [String]
    ) -> [String] {
        var broken: [String] = []
        for type in derived {
            let found = new.conditions.filter { $0.type == type }
            if found.map(\.status.rawValue) != (table[type].map { [$0] } ?? []) {
                broken.append("\(type) is \(found.map(\.status.rawValue)) in \(new.phase.rawValue)")
            }
        }
        if Set(new.conditions.map(\.type)).count != new.conditions.count { broken.append("a type occurs twice") }
        for condition in new.conditions where Status.ConditionType(rawValue: condition.type) != nil {
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
        for foreign in old.conditions where Status.ConditionType(rawValue: foreign.type) == nil {
            if !new.conditions.contains(foreign) { broken.append("a foreign condition is gone") }
        }
        return broken
    }

    static func textViolations(_ texts: [(name: String, text: String?, limit: Int)]) -> [String] {
        texts.compactMap { name, text, limit in
            guard let text, text.utf8.count > limit else { return nil }
            return "\(name) has \(text.utf8.count) bytes"
        }
    }
}

/// The rules of an execution's status: those of every kind, and its own.
enum ExecutionRules {
    static func violations(
        from old: ExecutionStatus, to new: ExecutionStatus, generation: Int64, now: ServerTime
    ) -> [String] {
        var broken: [String] = []
        func rule(_ name: String, _ holds: Bool) { if !holds { broken.append(name) } }
        let conditions: [String: String] =
            switch new.phase {
            case .pending, .running:
                ["Succeeded": "Unknown", "Finished": "False", "Ready": "False", "Reconciling": "True"]
            case .completed: ["Succeeded": "True", "Finished": "True", "Ready": "True"]
            case .failed: ["Succeeded": "False", "Finished": "True", "Ready": "False", "Stalled": "True"]
            }

        rule("startedAt is set in Running", new.phase != .running || new.startedAt != nil)
        rule("startedAt is set in Completed", new.phase != .completed || new.startedAt != nil)
        rule("Pending has no startedAt", new.phase != .pending || new.startedAt == nil)
        rule("no phase returns to Pending", old.phase == .pending || new.phase != .pending)
        rule("the outcome is final", !old.phase.isTerminal || new.outcome == old.outcome)
        rule("the reason is final", !old.phase.isTerminal || new.reason == old.reason)
        rule("an outcome comes with a terminal phase", (new.outcome != nil) == new.phase.isTerminal)
        rule("Completed means Success", (new.phase == .completed) == (new.outcome == .success))
        rule("the run is immutable", old.runRef == nil || new.runRef == old.runRef)
        rule("the resolved workflow is immutable", old.resolved == nil || new.resolved == old.resolved)
        rule("nothing is resolved after a run was seen", old.runRef == nil || new.resolved == old.resolved)
        rule("nothing is resolved after the end", !old.phase.isTerminal || new.resolved == old.resolved)
        rule("executed stays true", old.executed != true || new.executed == true)
        rule("executed is false only at the end", new.executed != false || new.phase.isTerminal)
        rule("executed is final", !old.phase.isTerminal || new.executed == old.executed)
        return broken
            + StatusRules.violations(
                from: old, to: new, generation: generation, now: now, conditions: conditions,
                derived: ["Succeeded", "Finished", "Ready", "Reconciling", "Stalled"])
            + boundViolations(new)
    }

    private static func boundViolations(_ status: ExecutionStatus) -> [String] {
        var broken = StatusRules.textViolations([
            ("engineReason", status.engineReason, 253), ("progress", status.progress, 32),
            ("failure.message", status.failure?.message, 1024), ("failure.task", status.failure?.task, 253),
        ])
        broken += StatusRules.textViolations(status.outputs.map { ("output name", $0.name, 253) })
        broken += StatusRules.textViolations(status.outputs.map { ("output value", $0.value, 4096) })
        broken += StatusRules.textViolations(status.links.map { ("link", $0.url, 2048) })
        if status.outputs.count > 64 || status.links.count > 8 { broken.append("a list is too long") }
        if Set(status.outputs.map(\.name)).count != status.outputs.count { broken.append("an output occurs twice") }
        if Set(status.links.map(\.name)).count != status.links.count { broken.append("a link occurs twice") }
        return broken
    }
}
