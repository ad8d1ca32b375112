import Engines
import KubeClient
import TowlineAPI

/// The next thing to do for an execution.
enum Step: Sendable {
    /// Done until something changes or this time has passed.
    case idle(recheckAfter: Duration?)
    /// Done until this time, when a TTL expires.
    case expireLater(at: ServerTime)
    /// Something failed: retry after the backoff, and not before this time has passed.
    case failed(retryAfter: Duration)
    /// Waits for something outside that sends no notification: check after the backoff, and not before this time.
    case waiting(retryAfter: Duration)
    /// Other work goes first: try again after this time at most, or when something changes.
    case deferred(atMost: Duration)
    /// Read the run from the API server.
    case readRun
    /// Create the run from this manifest.
    case createRun(manifest: [UInt8])
    /// Read the run's children, which show why it failed or what it waits for.
    case readChildren(EngineRun, [ChildListing])
    /// Send the run this merge patch, which asks it to stop.
    case stopRun(EngineRun, patch: [UInt8])
    /// Read the execution from the API server.
    case readExecution
    /// Delete the run, in exactly this version.
    case deleteRun(EngineRun)
    /// Delete the execution, in exactly the version of the decision.
    case deleteExecution
    /// Write this status.
    case write(ExecutionStatus)

    /// True if nothing is left to do until something changes or a time has come.
    var isPause: Bool {
        switch self {
        case .idle, .expireLater: true
        default: false
        }
    }

    /// The name in logs.
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

/// What one reconciliation knows so far.
///
/// It starts with what the caches hold. Each executed ``Step`` adds a fact for the next decision.
struct Facts: Sendable {
    /// The children of the run, as far as they were read.
    enum Children: Sendable {
        case unread
        /// The state of the run including its children.
        case read(RunState)
        /// The children could not be read now, but reading them again may work.
        case postponed
        /// The children cannot be read, so the run's own state must do.
        case unreadable
    }

    var run: RunKnowledge
    /// False while the cache of runs may be stale, because lists and watches fail.
    var isCacheCurrent = true
    /// True if ``run`` was read from the API server in this reconciliation.
    var isRunConfirmed = false
    var children = Children.unread
    /// Until when a create that was sent before may still take effect; nil if none can.
    var pendingCreateDeadline: ContinuousClock.Instant?
    /// How the attempt to create the run failed.
    var createFailure: CreateFailure?
    /// How long the server asked to wait, after an earlier attempt, before the next create; nil if it did not.
    var createDelay: Duration?
    /// Why the operator itself delays the create; nil if it does not.
    var createAdmission: CreateTraffic.Admission?
    /// How long the operator itself has kept the create waiting.
    var timeInOwnQueues = Duration.zero
    /// The server's last Retry-After.
    var retryAfter = Duration.zero
    /// Why the stop request of this reconciliation failed.
    var stopRefusal: Refusal?
    /// What this process has seen of the execution and its run so far.
    var timeline = Timeline()
    /// True if it is this execution's turn to delete what exceeded its TTL.
    var isExpiryTurn = false
    /// True if the execution was read from the API server in this reconciliation.
    var isExecutionConfirmed = false
    /// True if the run was deleted in this reconciliation, because its TTL expired.
    var didExpireRun = false
    /// Why the API server refused to delete something whose TTL expired.
    var deletionRefusal: Refusal?
    /// False if the API server is known not to serve the engine.
    var isEngineServed: Bool
}
