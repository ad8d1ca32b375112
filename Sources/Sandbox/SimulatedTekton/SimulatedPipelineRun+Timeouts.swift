import KubeClient

/// The times a run, its tasks and its `finally` may take.
extension SimulatedPipelineRun {
    private func limit(_ part: String) -> Duration? {
        specification["timeouts"]?[part]?.stringValue.flatMap(Duration.goLimit)
    }

    /// How long the whole run may take; zero for any time.
    var timeout: Duration { limit("pipeline") ?? Tekton.standardTimeout }

    /// How long the tasks may take: their own limit, or what `finally` leaves of the whole; nil without either.
    var tasksTimeout: Duration? {
        if let own = limit("tasks") { return own }
        guard let final = limit("finally"), timeout > final else { return nil }
        return timeout - final
    }

    private var finallyTimeout: Duration? {
        if let own = limit("finally") { return own }
        guard let tasks = limit("tasks"), timeout > tasks else { return nil }
        return timeout - tasks
    }

    private var tasksDeadline: Timestamp? { Self.deadline(startedAt, tasksTimeout) }
    private var finallyDeadline: Timestamp? { Self.deadline(finallyStartedAt, finallyTimeout) }

    private static func deadline(_ start: Timestamp?, _ limit: Duration?) -> Timestamp? {
        guard let start, let limit, limit > .zero else { return nil }
        return start + limit
    }

    func haveTasksTimedOut(at now: Timestamp) -> Bool { tasksDeadline.map { now >= $0 } ?? false }
    func hasFinallyTimedOut(at now: Timestamp) -> Bool { finallyDeadline.map { now >= $0 } ?? false }

    /// The deadlines that may still pass; those of parts only while they would stop something.
    var deadlines: [Timestamp?] {
        guard let plan else { return [] }
        let isGraphBusy = plan.tasks.indices.contains { !plan.tasks[$0].isFinally && taskRuns[$0]?.outcome == nil }
        return [
            timeout > .zero ? startedAt.map { $0 + timeout } : nil,
            isGraphBusy && finallyStartedAt == nil ? tasksDeadline : nil,
            finallyDeadline,
        ]
    }
}
