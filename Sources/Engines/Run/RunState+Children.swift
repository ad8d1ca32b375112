import KubeClient
import TowlineAPI

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
            read.allSatisfy({ $0.hasStarted == false && $0.phase != .unfinished })
        {
            executed = false
        }
        if areTaskRunsRead, areCustomRunsRead { countTasks(of: read) }
        switch outcome {
        case nil: wait(for: read)
        case .success?: break
        default: explain(by: read, areTaskRunsRead: areTaskRunsRead, areCustomRunsRead: areCustomRunsRead)
        }
        children = ChildCounts()
        unreadChildren = nil
        taskCounts = nil
    }

    /// Names the failure, and tells one that came before a shutdown, or after it, from what the shutdown did.
    ///
    /// Whatever failed by itself outside the cleanup had failed before the run was stopped: what runs then is cancelled.
    private mutating func explain(by read: [EngineChild], areTaskRunsRead: Bool, areCustomRunsRead: Bool) {
        if let first = EngineChild.firstFailure(of: read), let failure = first.failure {
            let isOfShutdown = wasShutDown && first.isInterrupted
            if wasShutDown, !first.isInterrupted {
                if first.isFinally {
                    if reason == .taskFailed { reason = .cancelled }
                } else if reason == .cancelled, failure.reason.outcome == .failed || failure.reason.outcome == .timeout
                {
                    reason = .taskFailed
                    message = ""
                }
            }
            // Of a run that was cancelled, what was cancelled with it is no failure.
            if outcome == .cancelled, isOfShutdown || first.isInterrupted { return }
            explain(by: failure)
        } else if reason == .taskFailed, areTaskRunsRead, let unreadChildren {
            explain(
                by: areCustomRunsRead
                    ? unreadChildren.others : unreadChildren.customRuns.joined(with: unreadChildren.others))
        }
    }

    /// Counts the tasks of a run whose own message does not; a task with several children is done when all of them are.
    private mutating func countTasks(of read: [EngineChild]) {
        guard progress == nil, isFinished, children.others == 0, let counts = taskCounts, counts.total > 0 else {
            return
        }
        let unsuccessful = Set(read.lazy.filter { $0.phase != .succeeded }.map(\.task))
        let succeeded = Set(read.lazy.filter { $0.phase == .succeeded }.map(\.task)).subtracting(unsuccessful)
        let (done, overflowed) = counts.skipped.addingReportingOverflow(Int32(clamping: succeeded.count))
        guard !overflowed else { return }
        progress = Progress(done: min(done, counts.total), total: counts.total)
    }

    /// Tells what an unfinished run waits for.
    private mutating func wait(for children: [EngineChild]) {
        guard reason == .executing, let waiting = EngineChild.firstWaiting(of: children), let cause = waiting.waiting
        else { return }
        message =
            waiting.awaitsPerson ? "task \(waiting.task) waits for \(cause)" : "task \(waiting.task) waits: \(cause)"
        let areAllWaiting = children.allSatisfy { $0.phase != .unfinished || $0.awaitsPerson }
        if areAllWaiting { reason = .suspended }
    }
}
