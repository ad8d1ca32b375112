import KubeClient
import TowlineAPI

/// The possible verdicts for the end of a run: an independent reading of what the engines write.
enum Verdict {
    /// The outcomes that fit the run as it is now; empty while it has not ended.
    static func of(_ run: JSONValue, _ kind: ResourceKind) -> Set<Outcome> {
        kind == .workflows ? argo(run) : tekton(run)
    }

    private static func tekton(_ run: JSONValue) -> Set<Outcome> {
        let condition = run["status"]?["conditions"]?[0]
        switch condition?["status"]?.stringValue {
        case "True": return [.success]
        case "False":
            switch condition?["reason"]?.stringValue {
            case "Cancelled": return [.cancelled]
            case "PipelineRunTimeout": return [.timeout]
            default: return [.failed]
            }
        default: return []
        }
    }

    private static func argo(_ run: JSONValue) -> Set<Outcome> {
        switch run["status"]?["phase"]?.stringValue {
        case "Succeeded": return [.success]
        case "Failed":
            // A task with its own failure had failed before the stop: a stop never makes a step end with another exit code.
            let words = run["status"]?["nodes"]?.objectValue?.compactMap { $0.value["message"]?.stringValue } ?? []
            let failedItself = words.contains { $0.hasSuffix("(exit code 1)") }
            if run["spec"]?["shutdown"] != nil, !failedItself { return [.cancelled] }
            // A failure in the second of the deadline may be reported as either.
            return run["spec"]?["activeDeadlineSeconds"] == nil ? [.failed] : [.failed, .timeout]
        default: return []
        }
    }
}
