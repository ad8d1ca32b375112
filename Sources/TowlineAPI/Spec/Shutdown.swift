/// How a user asks a running execution to end.
public enum Shutdown: String, CaseIterable, Hashable, Sendable, Comparable {
    /// End after the workflow's `finally` tasks or exit handlers ran.
    case stop = "Stop"
    /// End at once; nothing more runs.
    case terminate = "Terminate"

    public static func < (left: Shutdown, right: Shutdown) -> Bool {
        left == .stop && right == .terminate
    }
}
