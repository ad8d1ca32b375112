/// How an execution ended.
public enum Outcome: String, CaseIterable, Hashable, Sendable {
    /// The workflow did its work.
    case success = "Success"
    /// The workflow ran and failed, or the engine refused it for the user's input.
    case failed = "Failed"
    /// A time limit ended it.
    case timeout = "Timeout"
    /// Somebody asked it to end.
    case cancelled = "Cancelled"
    /// There is no verdict from the workflow: it was not created, not resolved or lost.
    case error = "Error"

    /// The phase an execution with this outcome is in.
    public var phase: Phase { self == .success ? .completed : .failed }
}
