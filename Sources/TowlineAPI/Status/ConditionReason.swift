/// Why a condition beside those that the phase decides has its status.
public enum ConditionReason: Hashable, Sendable {
    /// What could be the reason of an execution, too.
    case general(Reason)
    case retention(RetentionReason)

    /// The reason as the status has it.
    public var word: String {
        switch self {
        case .general(let reason): reason.rawValue
        case .retention(let reason): reason.rawValue
        }
    }
}

/// What became of a finished execution, or of its run, whose time to live is over.
public enum RetentionReason: String, CaseIterable, Hashable, Sendable {
    /// The run is gone, as its time to live was over.
    case runExpired = "RunExpired"
    /// A GitOps tool manages the execution, and would create it again.
    case managedByGitOps = "ManagedByGitOps"
    /// ``WellKnown/keepAnnotation`` is on the execution or on its run.
    case keptByAnnotation = "KeptByAnnotation"
    /// The run goes on, or goes on again.
    case runGoesOn = "RunGoesOn"
    /// The engine has yet to archive the run.
    case runToBeArchived = "RunToBeArchived"
    /// Somebody took the run away from the execution.
    case runNotOwned = "RunNotOwned"
}
