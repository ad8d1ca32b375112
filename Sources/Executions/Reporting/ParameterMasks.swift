import KubeClient
import TowlineAPI

/// The masks of recently reconciled executions, which hide parameter values in logs and events.
///
/// A mask is reused for all log lines and events of an execution. Only a few masks are cached, and no large ones, so
/// that memory does not grow with the number of executions.
final class ParameterMasks: Sendable {
    /// The maximum number of masks: a few for each worker.
    private static let capacity = 16
    /// The maximum size of a cached mask, in bytes.
    private static let largest = 256 << 10

    private struct Entry {
        let uid: String
        let parameters: [Parameter]
        let mask: Mask
    }

    /// The most recently used mask is last.
    private let entries = Locked<[Entry]>([])

    /// The number of cached masks, and the size of those that have been used.
    var usage: (count: Int, size: Int) {
        entries.withLock { ($0.count, $0.reduce(0) { $0 + $1.mask.size }) }
    }

    /// The mask of an execution. Names of objects stay readable even if a parameter has the same value.
    ///
    /// If the store does not keep the parameters, because they are too large or the execution has ended, the mask hides
    /// every text from elsewhere.
    func mask(of execution: WorkflowExecution) -> Mask {
        guard let spec = execution.spec, !spec.isPartial else { return .everything }
        let parameters = spec.parameters
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
            let mask = Mask(parameters.flatMap(\.value.strings), keeping: names)
            // A mask grows at its first use, so check its size here.
            entries.removeAll { $0.mask.size > Self.largest }
            if entries.count >= Self.capacity { entries.removeFirst() }
            entries.append(Entry(uid: execution.uid, parameters: parameters, mask: mask))
            return mask
        }
    }
}
