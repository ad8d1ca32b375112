import KubeClient
import TowlineAPI

/// What the end of a run may be called: an independent, second reading of what the engines write.
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
            // What failed by itself had failed before it was stopped: a stop never makes a step end with another code.
            let words = run["status"]?["nodes"]?.objectValue?.compactMap { $0.value["message"]?.stringValue } ?? []
            let failedItself = words.contains { $0.hasSuffix("(exit code 1)") }
            if run["spec"]?["shutdown"] != nil, !failedItself { return [.cancelled] }
            // A failure in the second of the deadline may be called either.
            return run["spec"]?["activeDeadlineSeconds"] == nil ? [.failed] : [.failed, .timeout]
        default: return []
        }
    }
}
