import KubeClient

/// Watches the executions and runs of some namespaces into a ``History``.
///
/// It begins with what is there and follows every change. Whenever a watch breaks it lists again: what was deleted in
/// between is missed then, nothing else.
package final class Chronicle: Sendable {
    private static let executions = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowexecutions", kind: "WorkflowExecution")
    private static let runs = [
        ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun"),
        ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow"),
    ]

    private let client: KubeClient
    private let namespaces: [String]
    private let recorded = Locked(History())

    package init(_ client: KubeClient, namespaces: [String]) {
        self.client = client
        self.namespaces = namespaces
    }

    package var history: History { recorded.withLock { $0 } }

    /// One execution as it was seen last, by its UID.
    package func life(of execution: String) -> History.Life? { recorded.withLock { $0.lives[execution] } }

    /// Watches until the task is cancelled.
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

    private typealias Observation = @Sendable (inout History, JSONValue) -> Void

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
