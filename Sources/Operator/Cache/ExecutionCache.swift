import KubeClient
public import KubeRuntime
public import WorkflowAPI

extension WorkflowExecution: StoredObject {}

/// The executions as they were last seen, and which of them are not finished.
final class ExecutionCache: Sendable {
    let stores: ScopedStores<WorkflowExecution>
    /// The unfinished executions by UID, so that neither a tick nor a run's event has to look at the finished ones.
    private let unfinished = Locked<[String: ObjectKey]>([:])

    init(namespaces: [String]) {
        stores = ScopedStores(namespaces: namespaces)
    }

    func execution(for key: ObjectKey) -> WorkflowExecution? { stores.object(for: key) }

    /// The key of the unfinished execution with this UID.
    func unfinishedExecution(withUID uid: String) -> ObjectKey? { unfinished.withLock { $0[uid] } }

    var unfinishedKeys: [ObjectKey] { unfinished.withLock { Array($0.values) } }

    /// Takes in the answer to an own write.
    func apply(_ execution: WorkflowExecution) {
        stores.apply(execution)
        note(execution)
    }

    /// Follows a change of a store and returns the execution that has to be looked at.
    func follow(_ change: StoreChange<WorkflowExecution>) -> ObjectKey? {
        switch change {
        case .added(let execution), .changed(_, let execution):
            note(execution)
            return needsWork(execution) ? execution.key : nil
        case .deleted(let execution):
            unfinished.withLock { $0[execution.uid] = nil }
            return nil
        case .quarantined, .synced, .unavailable:
            return nil
        }
    }

    /// What ended, and has told so of its newest generation, is only kept to know that it ended.
    private func needsWork(_ execution: WorkflowExecution) -> Bool {
        !execution.isFinished || execution.status.observedGeneration != execution.generation
    }

    private func note(_ execution: WorkflowExecution) {
        unfinished.withLock { $0[execution.uid] = execution.isFinished ? nil : execution.key }
    }
}
