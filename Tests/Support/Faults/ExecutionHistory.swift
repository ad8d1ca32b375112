import KubeClient

/// The observed executions and runs, and all violations of the status rules.
package struct ExecutionHistory: Sendable {
    /// The last observed state of an execution.
    package struct Execution: Sendable {
        package let name: String
        package fileprivate(set) var phase = "Pending"
        package fileprivate(set) var outcome = ""
        package fileprivate(set) var reason = ""
        package fileprivate(set) var message = ""
        fileprivate var startedAt: String?
        fileprivate var finishedAt: String?

        package var isFinished: Bool { phase == "Completed" || phase == "Failed" }
        /// `Completed/Success/Succeeded`
        package var verdict: String { "\(phase)/\(outcome)/\(reason)" }
    }

    /// By the UID of the execution.
    package private(set) var executions: [String: Execution] = [:]
    /// The UIDs of all observed runs, by the UID of the owning execution.
    package private(set) var runs: [String: Set<String>] = [:]
    package private(set) var violations: [String] = []

    package init() {}

    /// Records a version of an execution.
    package mutating func observe(execution object: JSONValue) {
        guard let uid = object["metadata"]?["uid"]?.stringValue else { return }
        let before = executions[uid]
        var execution = before ?? Execution(name: object["metadata"]?["name"]?.stringValue ?? "")
        let status = object["status"]
        execution.phase = status?["phase"]?.stringValue ?? "Pending"
        execution.outcome = status?["outcome"]?.stringValue ?? ""
        execution.reason = status?["reason"]?.stringValue ?? ""
        execution.message = status?["message"]?.stringValue ?? ""
        execution.startedAt = status?["startedAt"]?.stringValue
        execution.finishedAt = status?["finishedAt"]?.stringValue
        executions[uid] = execution
        if let before { compare(before, execution) }
        if execution.isFinished, execution.finishedAt == nil {
            violations.append("\(execution.name): ended without finishedAt")
        }
    }

    /// Records a run; runs without a controlling execution are ignored.
    package mutating func observe(run: JSONValue) {
        guard let uid = run["metadata"]?["uid"]?.stringValue,
            let owner = run["metadata"]?["ownerReferences"]?.arrayValue?.first(where: {
                $0["controller"] == true && $0["kind"] == "WorkflowExecution"
            })?["uid"]?.stringValue
        else { return }
        runs[owner, default: []].insert(uid)
        if let all = runs[owner], all.count > 1 {
            violations.append("\(executions[owner]?.name ?? owner): \(all.count) runs were created")
        }
    }

    private mutating func compare(_ before: Execution, _ after: Execution) {
        func report(_ what: String) { violations.append("\(after.name): \(what)") }
        let ranks = ["Pending": 0, "Running": 1, "Completed": 2, "Failed": 2]
        if ranks[after.phase] ?? 0 < ranks[before.phase] ?? 0
            || before.isFinished && (before.phase, before.outcome) != (after.phase, after.outcome)
        {
            report("\(before.verdict) became \(after.verdict)")
        }
        if let started = before.startedAt, started != after.startedAt {
            report("startedAt \(started) became \(after.startedAt ?? "nothing")")
        }
        if let finished = before.finishedAt, finished != after.finishedAt {
            report("finishedAt \(finished) became \(after.finishedAt ?? "nothing")")
        }
    }
}

/// Watches the executions and runs of some namespaces and records an ``ExecutionHistory``.
///
/// It starts with the existing objects and follows all changes. After the end of a watch it lists again, so it misses
/// only objects that were deleted in between.
package final class HistoryRecorder: Sendable {
    private static let executions = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let runs = [
        ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun"),
        ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow"),
    ]

    private let client: KubeClient
    private let namespaces: [String]
    private let recorded = Locked(ExecutionHistory())

    package init(_ client: KubeClient, namespaces: [String]) {
        self.client = client
        self.namespaces = namespaces
    }

    package var history: ExecutionHistory { recorded.withLock { $0 } }

    /// The last observed state of an execution.
    package func execution(uid: String) -> ExecutionHistory.Execution? {
        recorded.withLock { $0.executions[uid] }
    }

    /// Watches until the task is canceled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            for namespace in namespaces {
                group.addTask { await self.follow(Self.executions, namespace) { $0.observe(execution: $1) } }
                for type in Self.runs {
                    group.addTask { await self.follow(type, namespace) { $0.observe(run: $1) } }
                }
            }
        }
    }

    private typealias Observation = @Sendable (inout ExecutionHistory, JSONValue) -> Void

    private func follow(_ type: ResourceType, _ namespace: String, _ observe: Observation) async {
        while !Task.isCancelled {
            try? await followOnce(type, namespace, observe)
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private func followOnce(_ type: ResourceType, _ namespace: String, _ observe: Observation) async throws {
        let tree: ObjectDecoder<JSONValue> = { (cursor) throws(JSONError) in try cursor.readValue() }
        let page = try await client.list(type, namespace: namespace, decoding: tree)
        recorded.withLock { history in
            for object in page.items { observe(&history, object) }
        }
        var watch = try await client.watch(
            type, namespace: namespace, WatchOptions(start: .after(page.resourceVersion)), decoding: tree)
        while let event = try await watch.next() {
            switch event {
            case .added(let object), .modified(let object), .deleted(let object):
                recorded.withLock { observe(&$0, object) }
            case .failed: return
            case .bookmark, .undecodable, .undecodableDeletion: break
            }
        }
    }
}
