import KubeClient
import TowlineAPI

/// The masks of the executions that were worked on last: what hides their parameters' values in logs and events.
///
/// A mask is made once and used for every line and event of an execution, also when it is tried again and again. Only a
/// few are kept, and no large ones, so that their memory does not grow with the number of executions.
final class ParameterMasks: Sendable {
    /// How many masks are kept: some for each worker.
    private static let capacity = 16
    /// A mask that takes more bytes is used for one reconciliation only.
    private static let largest = 256 << 10

    private struct Entry {
        let uid: String
        let parameters: [Parameter]
        let mask: Mask
    }

    /// The one used last is last.
    private let entries = Locked<[Entry]>([])

    /// The mask of an execution: names of objects stay readable, whatever its parameters are.
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
            // What to look for is only computed at the first text.
            entries.removeAll { $0.mask.size > Self.largest }
            if entries.count >= Self.capacity { entries.removeFirst() }
            entries.append(Entry(uid: execution.uid, parameters: parameters, mask: mask))
            return mask
        }
    }
}
