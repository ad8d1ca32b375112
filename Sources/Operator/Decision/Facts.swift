import Engines
import KubeClient
import TowlineAPI

/// What one reconciliation has found out so far.
///
/// Everything starts as unknown; each ``Step`` that is executed adds a fact, and the next decision rests on more.
struct Facts: Sendable {
    /// What is known of the run that bears the execution's run name.
    enum Run: Sendable {
        /// The store has none. That alone proves nothing: stores lag.
        case unknown
        /// The run, from the store or from a live read.
        case present(EngineRun)
        /// The watch saw it deleted; this was its last state.
        case deleted(last: EngineRun)
        /// A live read answered that no object of this name exists; the last state, where the watch saw one.
        case absent(last: EngineRun?)
        /// A live read answered that the engine's API is not served.
        case engineMissing
        /// This operator was told to leave the engine alone, and may have no right to ask about its runs.
        case engineNotFollowed
        /// The live read failed otherwise.
        case unreadable
    }

    /// What a look at the run's children gave.
    enum Detail: Sendable {
        case unread
        /// The run's state, completed by what its children say.
        case read(RunState)
        /// The children could not be read now, but maybe soon.
        case postponed
        /// The children could not be read; the run's own word has to do.
        case unreadable
    }

    var run: Run
    /// False while a cache's word may be old, as lists and watches of the runs fail.
    var isCacheCurrent = true
    /// True when ``run`` is the API server's answer of this reconciliation, not a cache's word.
    var isRunProven = false
    var detail = Detail.unread
    /// Until when a create that was sent before may still be carried out; nil when none can.
    var creationSettles: ContinuousClock.Instant?
    /// How the attempt to create the run failed.
    var creationFailure: CreateFailure?
    /// How long the server asked, after an earlier attempt, not to be asked for the run again; nil for no longer.
    var creationPause: Duration?
    /// Why the operator itself does not create the run now; nil where it did not ask, or may.
    var creationHold: CreateTraffic.Admission?
    /// For how long the operator itself has kept the run waiting before it could be created.
    var ownQueueing = Duration.zero
    /// How long the server asked to wait when it last refused something.
    var askedPause = Duration.zero
    /// Why the request to stop the run failed that was sent in this reconciliation.
    var stopRefusal: Refusal?
    /// What this process has seen of the execution and its run so far.
    var timeline = Timeline()
    /// True when it is this execution's turn to delete what outlived its time; otherwise it asks for one.
    var isExpiryTurn = false
    /// True when the execution was read from the API server in this reconciliation.
    var isExecutionProven = false
    /// True when the run was deleted in this reconciliation, because its time was over.
    var didExpireRun = false
    /// Why the API server refused to delete what outlived its time.
    var deletionRefusal: Refusal?
    /// False when the engine's API is known not to be served.
    var isEngineServed: Bool
}
