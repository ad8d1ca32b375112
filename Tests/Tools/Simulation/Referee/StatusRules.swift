import KubeClient
import TowlineAPI

/// The rules of a status: an independent reading of the contract, over plain JSON.
enum StatusRules {
    /// The first rule that a status write violates; nil if it follows them all.
    static func violation(from before: JSONValue, to after: JSONValue) -> String? {
        let (old, new) = (before["status"] ?? [:], after["status"] ?? [:])
        return immutable(old, new) ?? phases(old, new) ?? times(old, new) ?? generation(new, after)
    }

    private static func immutable(_ old: JSONValue, _ new: JSONValue) -> String? {
        for field in ["startedAt", "finishedAt", "duration"] {
            if let value = old[field], new[field] != value { return "\(field) changed from \(value)" }
        }
        if let run = old["runRef"], new["runRef"] != run { return "runRef changed" }
        guard let phase = old["phase"]?.stringValue, phase == "Completed" || phase == "Failed" else { return nil }
        let latched = [
            "phase", "outcome", "reason", "message", "engineReason", "executed", "failure", "outputs", "progress",
        ]
        for field in latched where old[field] != new[field] { return "\(field) changed after the end" }
        return nil
    }

    private static func phases(_ old: JSONValue, _ new: JSONValue) -> String? {
        let order = ["Pending": 0, "Running": 1, "Completed": 2, "Failed": 2]
        let from = old["phase"]?.stringValue ?? "Pending"
        guard let to = new["phase"]?.stringValue, let rank = order[to] else {
            return "phase is \(new["phase"] ?? .null)"
        }
        if rank < order[from] ?? 0 { return "phase went from \(from) to \(to)" }
        let isTerminal = rank == 2
        if isTerminal != (new["outcome"] != nil) { return "outcome does not match phase \(to)" }
        if isTerminal != (new["finishedAt"] != nil) { return "finishedAt does not match phase \(to)" }
        let hasRun = new["startedAt"] != nil && new["finishedAt"] != nil
        if old["finishedAt"] == nil, hasRun != (new["duration"] != nil) {
            return "duration and phase \(to) do not agree"
        }
        if to == "Running" || to == "Completed", new["startedAt"] == nil { return "\(to) without startedAt" }
        if (to == "Completed") != (new["outcome"] == "Success") { return "outcome and phase \(to) contradict" }
        return nil
    }

    private static func times(_ old: JSONValue, _ new: JSONValue) -> String? {
        let start = new["startedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        let end = new["finishedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        if let start, let end, end < start { return "finishedAt is before startedAt" }
        let before = old["updatedAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
        guard let now = new["updatedAt"]?.stringValue.flatMap({ Timestamp(rfc3339: $0) }) else { return "no updatedAt" }
        if let before, now <= before { return "updatedAt did not increase" }
        var (old, new) = (old, new)
        old["updatedAt"] = nil
        new["updatedAt"] = nil
        return old == new ? "a write that changed only updatedAt" : nil
    }

    private static func generation(_ new: JSONValue, _ after: JSONValue) -> String? {
        let observed = new["observedGeneration"]?.integerValue ?? -1
        let actual = after["metadata"]?["generation"]?.integerValue ?? 0
        return observed > actual ? "observedGeneration \(observed) is ahead of \(actual)" : nil
    }
}
