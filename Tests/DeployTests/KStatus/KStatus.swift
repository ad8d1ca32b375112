import KubeClient

/// What kstatus says of an object of a kind it does not know, by the rules it publishes.
///
/// The library that Flux and others use reads nothing but a deletion, the generation that was observed, and the
/// conditions `Reconciling` and `Stalled`, and then `Ready`; an object without any of these it takes for current.
enum KStatus: String, Sendable {
    case inProgress = "InProgress"
    case failed = "Failed"
    case current = "Current"
    case terminating = "Terminating"

    init(of object: JSONValue) {
        let conditions = object[path: ["status", "conditions"]]?.arrayValue ?? []
        if object[path: ["metadata", "deletionTimestamp"]]?.stringValue?.isEmpty == false {
            self = .terminating
        } else if let observed = object[path: ["status", "observedGeneration"]]?.integerValue,
            let generation = object[path: ["metadata", "generation"]]?.integerValue, observed != generation
        {
            self = .inProgress
        } else {
            // The first of the two in the list decides.
            self = conditions.lazy.compactMap(Self.abnormal).first ?? Self.readiness(conditions)
        }
    }

    private static func abnormal(_ condition: JSONValue) -> KStatus? {
        guard condition["status"] == "True" else { return nil }
        switch condition["type"]?.stringValue {
        case "Reconciling": return .inProgress
        case "Stalled": return .failed
        default: return nil
        }
    }

    private static func readiness(_ conditions: [JSONValue]) -> KStatus {
        guard let ready = conditions.first(where: { $0["type"] == "Ready" }) else { return .current }
        return ready["status"] == "True" ? .current : .inProgress
    }
}
