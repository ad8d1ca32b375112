import Engines
import KubeClient
import TowlineAPI

/// The next thing to do for an execution.
enum Step: Sendable {
    /// Nothing, until something changes or the time has passed.
    case idle(recheckAfter: Duration?)
    /// Nothing until the clock on the wall shows this time: then something has outlived its time.
    case expireLater(at: ServerTime)
    /// Nothing now: something failed that may work later, and not before this time.
    case failed(retryAfter: Duration)
    /// Nothing now: something outside is waited for, without a sign when it is there. Not before this time.
    case waiting(retryAfter: Duration)
    /// Nothing now: the operator has other work first. Not later than this, and earlier when something changes.
    case deferred(atMost: Duration)
    /// Ask the API server itself for the run.
    case readRun
    /// Create the run from this manifest.
    case createRun(manifest: [UInt8])
    /// Read the run's children: why it failed, or what it waits for.
    case readChildren(EngineRun, [ChildListing])
    /// Send the run this merge patch, which asks it to end.
    case stopRun(EngineRun, patch: [UInt8])
    /// Ask the API server itself for the execution.
    case readExecution
    /// Delete the run, in exactly this version.
    case deleteRun(EngineRun)
    /// Delete the execution, in exactly the version that was decided upon.
    case deleteExecution
    /// Store this status.
    case write(ExecutionStatus)

    /// True for a step that does nothing until something changes or a time has come.
    var isPause: Bool {
        switch self {
        case .idle, .expireLater: true
        default: false
        }
    }

    /// What logs call the step.
    var name: String {
        switch self {
        case .idle: "idle"
        case .expireLater: "expireLater"
        case .failed: "failed"
        case .waiting: "waiting"
        case .deferred: "deferred"
        case .readRun: "readRun"
        case .createRun: "createRun"
        case .readChildren: "readChildren"
        case .stopRun: "stopRun"
        case .readExecution: "readExecution"
        case .deleteRun: "deleteRun"
        case .deleteExecution: "deleteExecution"
        case .write: "write"
        }
    }
}

/// What one reconciliation has found out so far.
///
/// Everything starts as unknown; each ``Step`` that is executed adds a fact, and the next decision rests on more.
struct Facts: Sendable {
    /// What a look at the run's children gave.
    enum Children: Sendable {
        case unread
        /// The run's state, completed by what its children say.
        case read(RunState)
        /// The children could not be read now, but maybe soon.
        case postponed
        /// The children could not be read; the run's own word has to do.
        case unreadable
    }

    var run: RunKnowledge
    /// False while a cache's word may be old, as lists and watches of the runs fail.
    var isCacheCurrent = true
    /// True when ``run`` is the API server's answer of this reconciliation, not a cache's word.
    var isRunConfirmed = false
    var children = Children.unread
    /// Until when a create that was sent before may still be carried out; nil when none can.
    var pendingCreateDeadline: ContinuousClock.Instant?
    /// How the attempt to create the run failed.
    var createFailure: CreateFailure?
    /// How long the server asked, after an earlier attempt, not to be asked for the run again; nil for no longer.
    var createDelay: Duration?
    /// Why the operator itself does not create the run now; nil where it did not ask, or may.
    var createAdmission: CreateTraffic.Admission?
    /// For how long the operator itself has kept the run waiting before it could be created.
    var timeInOwnQueues = Duration.zero
    /// How long the server asked to wait when it last refused something.
    var retryAfter = Duration.zero
    /// Why the request to stop the run failed that was sent in this reconciliation.
    var stopRefusal: Refusal?
    /// What this process has seen of the execution and its run so far.
    var timeline = Timeline()
    /// True when it is this execution's turn to delete what outlived its time; otherwise it asks for one.
    var isExpiryTurn = false
    /// True when the execution was read from the API server in this reconciliation.
    var isExecutionConfirmed = false
    /// True when the run was deleted in this reconciliation, because its time was over.
    var didExpireRun = false
    /// Why the API server refused to delete what outlived its time.
    var deletionRefusal: Refusal?
    /// False when the engine's API is known not to be served.
    var isEngineServed: Bool
}
