import KubeClient
import TowlineAPI

/// The masks of recently reconciled executions, which hide parameter values in logs and events.
///
/// A mask is made once for all log lines and events of an execution. Only a few masks are kept, and no large ones, so that
/// memory does not grow with the number of executions.
final class ParameterMasks: Sendable {
    /// The maximum number of masks: a few for each worker.
    private static let capacity = 16
    /// Larger masks, in bytes, are not kept.
    private static let largest = 256 << 10

    private struct Entry {
        let uid: String
        let parameters: [Parameter]
        let mask: Mask
    }

    /// The most recently used mask is last.
    private let entries = Locked<[Entry]>([])

    /// The mask of an execution. Names of objects stay readable even if a parameter has the same value.
    func mask(of execution: WorkflowExecution) -> Mask {
        let parameters = execution.spec?.parameters ?? []
        guard !parameters.isEmpty else { return .none }
        return entries.withLock { entries in
            if let index = entries.firstIndex(where: { $0.uid == execution.uid }) {
                let entry = entries.remove(at: index)
                if entry.parameters == parameters {
                    entries.append(entry)
                    return entry.mask
                }
            }
            let names = [execution.key.name, execution.runName, execution.key.namespace]
            let mask = Mask(parameters.map(\.value), keeping: names)
            // The size grows at the first use, so large masks are dropped here.
            entries.removeAll { $0.mask.size > Self.largest }
            if entries.count >= Self.capacity { entries.removeFirst() }
            entries.append(Entry(uid: execution.uid, parameters: parameters, mask: mask))
            return mask
        }
    }
}
