import APIServer
import KubeClient

/// Why a task is skipped, in Tekton's words.
enum SkipReason: String, Sendable {
    case whenExpressions = "When Expressions evaluated to false"
    case parentTasks = "Parent Tasks were skipped"
    case stopping = "PipelineRun was stopping"
    case gracefullyCancelled = "PipelineRun was gracefully cancelled"
    case gracefullyStopped = "PipelineRun was gracefully stopped"
    case missingResults = "Results were missing"
    case tasksTimeout = "PipelineRun Tasks timeout has been reached"
    case finallyTimeout = "PipelineRun Finally timeout has been reached"
    case emptyMatrix = "Matrix Parameters have an empty array"
}

/// The states of a run's tasks at one moment.
struct PipelineFacts: Sendable {
    enum TaskState: Hashable, Sendable {
        case waiting
        case running
        case succeeded
        case failed
        /// Failed, with `onError: continue`.
        case failureIgnored
        case cancelled
        case skipped(SkipReason)

        var isDone: Bool { self != .waiting && self != .running }
    }

    /// The states in the order of the plan's tasks.
    var states: [TaskState]
    var isGraphDone = false
    var isFinallyDone = false

    func count(_ selected: TaskState...) -> Int {
        states.count { selected.contains($0) }
    }

    var skipped: [(Int, SkipReason)] {
        states.enumerated().compactMap { index, state in
            if case .skipped(let reason) = state { (index, reason) } else { nil }
        }
    }

    var hasSkippedByTimeout: Bool {
        skipped.contains { $0.1 == .tasksTimeout || $0.1 == .finallyTimeout }
    }

    var incomplete: Int { count(.waiting, .running) }

    /// The indices of the tasks whose TaskRuns can be created now.
    func ready(plan: PipelinePlan, mayStartGraph: Bool) -> [Int] {
        plan.tasks.indices.filter { index in
            guard states[index] == .waiting else { return false }
            if plan.tasks[index].isFinally { return isGraphDone }
            return mayStartGraph && plan.tasks[index].parents.allSatisfy { states[$0].isDone }
        }
    }
}

extension SimulatedPipelineRun {
    /// Determines the states of all tasks; a reason to skip a task may change while the run is in progress.
    func facts(at now: Timestamp) -> PipelineFacts {
        guard let plan else { return PipelineFacts(states: []) }
        var facts = PipelineFacts(states: plan.tasks.indices.map { taskRunState($0, plan: plan) })
        let isStopping = plan.tasks.indices.contains { index in
            !plan.tasks[index].isFinally && (facts.states[index] == .failed || facts.states[index] == .cancelled)
        }
        for index in plan.order where facts.states[index] == .waiting && !plan.tasks[index].isFinally {
            if let reason = reasonToSkip(index, isStopping: isStopping, facts: facts, plan: plan, now: now) {
                facts.states[index] = .skipped(reason)
            }
        }
        facts.isGraphDone = plan.tasks.indices.allSatisfy { plan.tasks[$0].isFinally || facts.states[$0].isDone }
        guard facts.isGraphDone else { return facts }
        for index in plan.tasks.indices where plan.tasks[index].isFinally && facts.states[index] == .waiting {
            if let reason = reasonToSkipFinally(index, facts: facts, plan: plan, now: now) {
                facts.states[index] = .skipped(reason)
            }
        }
        facts.isFinallyDone = plan.tasks.indices.allSatisfy { !plan.tasks[$0].isFinally || facts.states[$0].isDone }
        return facts
    }

    private func taskRunState(_ index: Int, plan: PipelinePlan) -> PipelineFacts.TaskState {
        guard !taskRuns[index].isEmpty else { return .waiting }
        switch taskRuns[index].outcome {
        case nil: return .running
        case .succeeded: return .succeeded
        case .cancelled: return .cancelled
        case .timedOutWithRun: return .failed
        case .failed: return plan.tasks[index].continuesOnError ? .failureIgnored : .failed
        }
    }

    private func reasonToSkip(
        _ index: Int, isStopping: Bool, facts: PipelineFacts, plan: PipelinePlan, now: Timestamp
    ) -> SkipReason? {
        if isStopping { return .stopping }
        if request == "CancelledRunFinally" { return .gracefullyCancelled }
        if request == "StoppedRunFinally" { return .gracefullyStopped }
        let parents = plan.tasks[index].parents
        if parents.allSatisfy({ facts.states[$0].isDone }) {
            if !whenExpressionsAreMet(index, plan: plan) { return .whenExpressions }
            let parentWasSkipped = parents.contains { parent in
                if case .skipped(let reason) = facts.states[parent] { reason != .whenExpressions } else { false }
            }
            if parentWasSkipped { return .parentTasks }
            if !hasAllResults(index, plan: plan) { return .missingResults }
        }
        if haveTasksTimedOut(at: now) { return .tasksTimeout }
        return hasEmptyMatrix(index, plan: plan) ? .emptyMatrix : nil
    }

    private func reasonToSkipFinally(
        _ index: Int, facts: PipelineFacts, plan: PipelinePlan, now: Timestamp
    ) -> SkipReason? {
        if !hasAllResults(index, plan: plan) { return .missingResults }
        if !whenExpressionsAreMet(index, plan: plan) { return .whenExpressions }
        if hasFinallyTimedOut(at: now) { return .finallyTimeout }
        return hasEmptyMatrix(index, plan: plan) ? .emptyMatrix : nil
    }

    private func hasEmptyMatrix(_ index: Int, plan: PipelinePlan) -> Bool {
        guard plan.tasks[index].isMatrix else { return false }
        return TektonMatrix(resolvedTask(index, plan: plan)["matrix"])?.hasEmptyArray ?? false
    }
}

/// The conditions that Tekton writes for a run.
extension SimulatedPipelineRun {
    func condition(for facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp) -> TektonCondition {
        if haveTasksTimedOut(at: now), facts.states.contains(where: \.isTimeoutConcern), facts.isFinallyDone,
            let tasksTimeout
        {
            let limit = tasksTimeout.goText
            return TektonCondition(
                status: .failed, reason: "PipelineRunTimeout",
                message: "PipelineRun \"\(key.name)\" failed due to tasks failed to finish within \"\(limit)\"")
        }
        return facts.incomplete == 0 ? finalCondition(facts) : interimCondition(facts, plan: plan, at: now)
    }

    private func finalCondition(_ facts: PipelineFacts) -> TektonCondition {
        let failed = facts.count(.failed)
        let ignored = facts.count(.failureIgnored)
        let cancelled = facts.count(.cancelled)
        let skipped = facts.skipped.count
        let completed = facts.count(.succeeded) + failed + ignored + cancelled
        let failures = ignored > 0 ? "\(failed + ignored) (Ignored: \(ignored))" : "\(failed)"
        var condition = TektonCondition(
            status: .succeeded, reason: skipped > 0 ? "Completed" : "Succeeded",
            message: "Tasks Completed: \(completed) (Failed: \(failures), Cancelled \(cancelled)), Skipped: \(skipped)")
        if failed > 0 || facts.hasSkippedByTimeout {
            condition.status = .failed
            condition.reason = "Failed"
        } else if Self.isCancelRequest(request) {
            condition.status = .failed
            condition.reason = "Cancelled"
            condition.message = "PipelineRun \"\(key.name)\" was cancelled"
        } else if cancelled > 0 {
            condition.status = .failed
            condition.reason = "Cancelled"
        }
        return condition
    }

    private func interimCondition(
        _ facts: PipelineFacts, plan: PipelinePlan, at now: Timestamp
    ) -> TektonCondition {
        let failed = facts.count(.failed)
        let cancelled = facts.count(.cancelled)
        let completed = facts.count(.succeeded, .failed, .failureIgnored, .cancelled)
        let hasFinally = plan.tasks.contains { $0.isFinally }
        let reason: String
        if haveTasksTimedOut(at: now), hasFinally, !facts.isFinallyDone {
            reason = "PipelineRunTimeoutRunningFinally"
        } else if request == "CancelledRunFinally" {
            reason = "CancelledRunningFinally"
        } else if request == "StoppedRunFinally" {
            reason = "StoppedRunningFinally"
        } else if cancelled > 0 || (failed > 0 && !hasFinally) {
            reason = "PipelineRunStopping"
        } else {
            reason = "Running"
        }
        return TektonCondition(
            status: .unfinished, reason: reason,
            message: "Tasks Completed: \(completed) (Failed: \(failed), Cancelled \(cancelled)), "
                + "Incomplete: \(facts.incomplete), Skipped: \(facts.skipped.count)")
    }
}

extension PipelineFacts.TaskState {
    /// Whether the task failed or was skipped as a result of the tasks timeout.
    fileprivate var isTimeoutConcern: Bool {
        switch self {
        case .failed, .skipped(.tasksTimeout), .skipped(.stopping): true
        default: false
        }
    }
}
