import WorkflowAPI

/// Splits the unfinished runs into as few list requests as their selectors allow.
///
/// A poll asks for exactly the runs that are not finished, by a set-based selector on the execution's UID. So the
/// number of requests grows with one per ``batchSize`` executions, and finished runs cost nothing, however many
/// there are.
struct PollPlan: Equatable {
    /// The most UIDs in one selector: 100 of them keep a request line below 5 KiB, which every proxy accepts.
    static let batchSize = 100

    /// A run that has to be verified.
    struct Subject: Hashable {
        let engine: EngineName
        let namespace: String
        let executionUID: String
    }

    /// One list request.
    struct Request: Equatable {
        let engine: EngineName
        /// The namespace to list; nil lists all of them at once.
        let namespace: String?
        let executionUIDs: [String]
    }

    let requests: [Request]

    /// What one list request can reach.
    private struct Scope: Hashable {
        let engine: EngineName
        let namespace: String?
    }

    /// Plans the requests for `subjects`, one namespace at a time where the operator may not list across them.
    init(subjects: some Sequence<Subject>, acrossNamespaces: Bool) {
        var scopes: [Scope: [String]] = [:]
        for subject in subjects {
            let scope = Scope(engine: subject.engine, namespace: acrossNamespaces ? nil : subject.namespace)
            scopes[scope, default: []].append(subject.executionUID)
        }
        let ordered = scopes.sorted { left, right in
            (left.key.engine.rawValue, left.key.namespace ?? "") < (
                right.key.engine.rawValue, right.key.namespace ?? ""
            )
        }
        requests = ordered.flatMap { scope, uids in
            stride(from: 0, to: uids.count, by: Self.batchSize).map { start in
                let batch = uids[start..<min(start + Self.batchSize, uids.count)]
                return Request(engine: scope.engine, namespace: scope.namespace, executionUIDs: Array(batch))
            }
        }
    }
}
