import KubeClient

/// Why a task is not run, in the engine's words.
enum SkipReason: String, Sendable {
    case whenExpressions = "When Expressions evaluated to false"
    case parentTasks = "Parent Tasks were skipped"
    case stopping = "PipelineRun was stopping"
    case gracefullyCancelled = "PipelineRun was gracefully cancelled"
    case gracefullyStopped = "PipelineRun was gracefully stopped"
    case missingResults = "Results were missing"
    case tasksTimeout = "PipelineRun Tasks timeout has been reached"
    case finallyTimeout = "PipelineRun Finally timeout has been reached"
}

/// What is known of the tasks of a run at one moment.
struct PipelineFacts: Sendable {
    enum TaskState: Hashable, Sendable {
        case waiting
        case running
        case succeeded
        case failed
        /// Failed, and the pipeline does not mind.
        case failureIgnored
        case cancelled
        case skipped(SkipReason)

        var isDone: Bool { self != .waiting && self != .running }
    }

    /// In the order of the plan's tasks.
    var states: [TaskState]
    var isGraphDone = false
    var isFinallyDone = false

    func count(_ wanted: TaskState...) -> Int {
        states.count { wanted.contains($0) }
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

    /// The tasks that may be created now.
    func ready(plan: PipelinePlan, mayStartGraph: Bool) -> [Int] {
        plan.tasks.indices.filter { index in
            guard states[index] == .waiting else { return false }
            if plan.tasks[index].isFinally { return isGraphDone }
            return mayStartGraph && plan.tasks[index].parents.allSatisfy { states[$0].isDone }
        }
    }
}

extension SimulatedPipelineRun {
    /// Looks at all tasks anew; a reason for skipping may change while the run goes on.
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
        guard let taskRun = taskRuns[index] else { return .waiting }
        switch taskRun.outcome {
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
        return haveTasksTimedOut(at: now) ? .tasksTimeout : nil
    }

    private func reasonToSkipFinally(
        _ index: Int, facts: PipelineFacts, plan: PipelinePlan, now: Timestamp
    ) -> SkipReason? {
        if !hasAllResults(index, plan: plan) { return .missingResults }
        if !whenExpressionsAreMet(index, plan: plan) { return .whenExpressions }
        return hasFinallyTimedOut(at: now) ? .finallyTimeout : nil
    }
}
