/// How far an execution is; it only ever moves forward.
public enum Phase: String, CaseIterable, Hashable, Sendable {
    /// No run exists yet.
    case pending = "Pending"
    /// The run exists and has not ended.
    case running = "Running"
    /// The workflow did its work.
    case completed = "Completed"
    /// Everything else: the outcome says what.
    case failed = "Failed"

    public var isTerminal: Bool { self == .completed || self == .failed }

    /// True when an execution in this phase may be in `next` afterwards; staying is allowed.
    ///
    /// Pending to Completed is: a run first seen when it had ended passes through Running within one status.
    public func mayBecome(_ next: Phase) -> Bool {
        switch self {
        case .pending: true
        case .running: next != .pending
        case .completed, .failed: next == self
        }
    }
}
