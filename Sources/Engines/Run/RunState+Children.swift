import KubeClient
import WorkflowAPI

extension RunState {
    /// True when the run's children know more about it than the run itself.
    var needsChildren: Bool {
        guard children.taskRuns > 0 || children.customRuns > 0 else { return false }
        switch outcome {
        case nil: return reason == .executing || (executed == nil && reason != .queued)
        case .success?: return executed == nil
        default: return failure == nil
        }
    }

    /// Adds what the run's children say: why it failed, what its tasks wait for, and whether a step started.
    ///
    /// - Parameter read: the run's own children, as far as they could be read.
    mutating func complete(by read: [EngineChild]) {
        let taskRuns = read.count { $0.kind == .taskRun }
        let areTaskRunsRead = taskRuns >= Int(children.taskRuns)
        let areCustomRunsRead = read.count - taskRuns >= Int(children.customRuns)
        if read.contains(where: { $0.hasStarted == true }) {
            executed = true
        } else if isFinished, executed == nil, areTaskRunsRead, areCustomRunsRead, children.others == 0,
            read.allSatisfy({ $0.hasStarted == false })
        {
            executed = false
        }
        switch outcome {
        case nil: wait(for: read)
        case .success?: break
        default:
            if let failure = EngineChild.firstFailure(of: read)?.failure {
                explain(by: failure)
            } else if reason == .taskFailed, areTaskRunsRead, let unreadChildren {
                explain(
                    by: areCustomRunsRead
                        ? unreadChildren.others : unreadChildren.customRuns.joined(with: unreadChildren.others))
            }
        }
        children = ChildCounts()
        unreadChildren = nil
    }

    /// Tells what an unfinished run waits for.
    private mutating func wait(for children: [EngineChild]) {
        guard reason == .executing, let waiting = EngineChild.firstWaiting(of: children), let cause = waiting.waiting
        else { return }
        message = "task \(waiting.task) waits: \(cause)"
        let isIdle = children.allSatisfy { $0.phase != .unfinished || $0.awaitsPerson }
        if isIdle { reason = .suspended }
    }
}
