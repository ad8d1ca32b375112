import Engines
import KubeClient
import Status
import TowlineAPI

/// What the decision about an environment asks for next.
enum EnvironmentStep {
    /// Read the Lifecycle that the environment names.
    case readLifecycle(DefinitionID)
    /// Read the definitions that phases name.
    case readDefinitions([DefinitionID])
    /// Read the execution with this name.
    case readExecution(String)
    /// Write this status.
    case write(EnvironmentStatus)
    /// Add the finalizer that holds the deletion.
    case hold
    /// Remove the finalizer.
    case release
    /// Create the execution of an attempt.
    case create(PhaseExecution)
    /// Find out whether the namespace accepts this execution, without storing it.
    case probeNamespace(PhaseExecution)
    /// Ask the operator of executions to stop one.
    case stop(WorkflowExecution, Shutdown)
    /// Delete the execution of an attempt that is too old to be kept.
    case deleteOld(String)
    /// Nothing to do until something changes or this time has come, on the API server's clock.
    case rest(until: ServerTime?)
    /// Something is missing that sends no event: look again after this time.
    case poll(after: Duration)
    /// A request failed, or must be repeated: try again after the backoff, and not earlier than this.
    case retry(after: Duration)

    /// The step's name for logs.
    var name: String {
        switch self {
        case .readLifecycle: "readLifecycle"
        case .readDefinitions: "readDefinitions"
        case .readExecution: "readExecution"
        case .write: "write"
        case .hold: "hold"
        case .release: "release"
        case .create: "create"
        case .probeNamespace: "probeNamespace"
        case .stop: "stop"
        case .deleteOld: "deleteOld"
        case .rest: "rest"
        case .poll: "poll"
        case .retry: "retry"
        }
    }
}

/// What one reconciliation knows besides the environment: the results of its requests.
struct EnvironmentFacts {
    /// The result of a read.
    enum Lookup<Value> {
        case found(Value)
        case missing
        /// The object could not be read.
        case failed(EnvironmentReason, message: String, retryAfter: Duration)
    }

    var lifecycle: Lookup<Lifecycle>?
    var definitions: [DefinitionID: Lookup<WorkflowDefinition>] = [:]
    /// The executions that were read or created, by name.
    var executions: [String: Lookup<PhaseExecutionState>] = [:]
    /// The errors of creates, by the name of the execution.
    var createFailures: [String: CreateFailure] = [:]
    /// Whether the namespace is being deleted; nil if that was not asked.
    var isNamespaceTerminating: Bool?
    /// Why the stop of an execution failed.
    var stopFailure: (message: String, retryAfter: Duration)?
    /// The executions whose stop was accepted, with the kind of stop.
    var stops: [String: Shutdown] = [:]
    /// The old executions that were deleted or do not exist.
    var deletedOld: Set<String> = []
    /// Why the finalizer could not be changed.
    var holdFailure: (message: String, retryAfter: Duration)?
}

/// An execution that was read by its name.
struct PhaseExecutionState {
    let execution: WorkflowExecution
    /// The UID of the environment that it was created for; nil if it has none.
    let environmentUID: String?
    /// The UID of its controller in the sense of owner references; nil if it has none.
    let ownerUID: String?
}

extension CreateFailure.Subject {
    /// The execution of a phase.
    static let execution = CreateFailure.Subject(
        noun: "execution",
        notServedMessage:
            "the API server does not serve \(WorkflowExecution.resourceType.plural).\(WorkflowExecution.resourceType.group): \(WellKnown.definitionRemedy)",
        admissionDomain: nil)
}
