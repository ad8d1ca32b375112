import Engines
import KubeClient
import TowlineAPI

/// The next action for an execution.
enum Step: Sendable {
    /// Nothing to do until a watch event arrives or this time has passed.
    case idle(recheckAfter: Duration?)
    /// Nothing to do until a TTL expires at this time. If `retryAfter` is set, a request failed, too: retry it as after
    /// ``failed(retryAfter:)``, unless the TTL expires first.
    case expireLater(at: ServerTime, retryAfter: Duration? = nil)
    /// A request failed: retry after the backoff, and not before this time has passed.
    case failed(retryAfter: Duration)
    /// Waits for an external change that causes no watch event: check after the backoff, and not before this time has
    /// passed.
    case waiting(retryAfter: Duration)
    /// The work must wait without having failed: try again after at most this time, or when the execution is queued.
    case deferred(atMost: Duration)
    /// Read the run from the API server.
    case readRun
    /// Read the whole spec, which the store does not keep because it is large.
    case readSpec
    /// Read the definition that the execution names.
    case readDefinition
    /// Create the run from this manifest.
    case createRun(manifest: [UInt8])
    /// Read the run's children, which show why it failed or why it is waiting.
    case readChildren(EngineRun, [ChildListing])
    /// Send this merge patch, which requests that the run stop.
    case stopRun(EngineRun, patch: [UInt8])
    /// Read the execution from the API server.
    case readExecution
    /// Delete the run, with its version as a precondition.
    case deleteRun(EngineRun)
    /// Delete the execution, with the version of the decision as a precondition.
    case deleteExecution
    /// Write this status.
    case write(ExecutionStatus)

    /// Whether the reconciliation is done for now.
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
        case .readSpec: "readSpec"
        case .readDefinition: "readDefinition"
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

/// The facts that one reconciliation has collected so far.
///
/// Initially these are the contents of the caches. Each executed ``Step`` adds a fact for the next decision.
struct Facts: Sendable {
    /// The children of the run, as far as they were read.
    enum Children: Sendable {
        case unread
        /// The state of the run including its children.
        case read(RunState)
        /// The children could not be read now, but reading them again may work.
        case postponed
        /// The children cannot be read, so the run's own state is used.
        case unreadable
    }

    /// The definition that the execution names, as far as it was read.
    enum Definition: Sendable {
        case unread
        case found(WorkflowDefinition)
        /// It could not be read: what to report, and the server's Retry-After.
        case unavailable(Reason, message: String, retryAfter: Duration)
    }

    var run: RunKnowledge
    var definition = Definition.unread
    /// False while the cache of runs may be stale, because lists and watches fail.
    var isCacheCurrent = true
    /// True if ``run`` was read from the API server in this reconciliation.
    var isRunConfirmed = false
    var children = Children.unread
    /// The execution with its whole spec, if the store keeps only a part of it and it was read in this reconciliation.
    var whole: WorkflowExecution?
    /// When an earlier create can no longer take effect; nil if none is pending.
    var pendingCreateDeadline: ContinuousClock.Instant?
    /// How the attempt to create the run failed.
    var createFailure: CreateFailure?
    /// The remaining Retry-After of an earlier attempt before the next create; nil if none.
    var createDelay: Duration?
    /// Whether the operator may send the create now; nil if it has no reason to delay it.
    var createAdmission: CreateTraffic.Admission?
    /// How long the create has waited in the operator's own queues.
    var timeInOwnQueues = Duration.zero
    /// The server's last Retry-After.
    var retryAfter = Duration.zero
    /// Why the stop request of this reconciliation failed.
    var stopRefusal: Refusal?
    /// The history of the execution and its run in this process.
    var timeline = Timeline()
    /// Whether the rate limit allows this execution to delete objects whose TTL expired now.
    var isExpiryTurn = false
    /// True if the execution was read from the API server in this reconciliation.
    var isExecutionConfirmed = false
    /// True if the run was deleted in this reconciliation, because its TTL expired.
    var didExpireRun = false
    /// Why the API server refused to delete an object whose TTL expired.
    var deletionRefusal: Refusal?
    /// False if the API server is known not to serve the engine.
    var isEngineServed: Bool
}
