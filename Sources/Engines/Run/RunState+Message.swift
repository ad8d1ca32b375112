import TowlineAPI

extension RunState {
    /// The message of a state about which the engine said nothing worth repeating.
    var standardMessage: String {
        switch reason {
        case .awaitingEngine: "the engine has not looked at the run yet"
        case .queued: "the engine holds the run back"
        case .resolving: "the engine is fetching the workflow's definition"
        case .executing: progressText ?? "the run is executing"
        case .suspended: "the run is suspended and waits for somebody to resume it"
        case .stopping: "a task failed or was cancelled, and the run is ending"
        case .cancelling: "the run was asked to end and is ending"
        case .timingOut: "a time limit was reached and the run is ending"
        case .succeeded: progressText ?? "the run succeeded"
        case .completedWithSkips: progressText.map { $0 + ", some of them skipped" } ?? "some tasks were skipped"
        case .cancelled: "the run was cancelled"
        case .taskFailed: "a task failed"
        default: "the run ended without a message"
        }
    }

    private var progressText: String? {
        progress.map { $0.total == 1 ? "\($0.done) of 1 task done" : "\($0.done) of \($0.total) tasks done" }
    }
}
