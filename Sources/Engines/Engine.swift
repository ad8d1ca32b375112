public import KubeClient
public import WorkflowAPI

/// One workflow engine: how a run of it is made, read and ended.
///
/// Pure: bytes go in and out, and whoever calls talks to the API server. Nothing outside this module knows an engine
/// by name.
public protocol Engine: Sendable {
    var name: EngineName { get }
    /// The engine's name for people: `Tekton Pipelines`.
    var title: String { get }
    /// The resource a run is stored as.
    var runType: ResourceType { get }
    /// The resource of the objects that a ``ChildListing`` asks for; nil where an engine needs none.
    var childType: ResourceType? { get }
    /// How the names of the engine's own admission webhooks end: they refuse what is invalid, not what is forbidden.
    var admissionDomain: String? { get }
    /// What to check when the engine does not look at a run, for people.
    var notRespondingHint: String { get }
    /// The pages that user interfaces for the engine have about a run.
    var pages: [RunPage] { get }

    /// The JSON of a new run: only what the user set, owned by the execution.
    ///
    /// Nil for an execution that must not get a run: a finished one, and one that is asked to end.
    func makeRun(for execution: WorkflowExecution, named name: String) -> [UInt8]?

    /// Reads one run; it throws for text that is no JSON object, and gives a state for every other.
    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun

    /// The merge patch that asks a run to end; nil when it has ended or was already asked for that much.
    ///
    /// What was never started has nothing to clean up: a run the engine still holds back is ended at once.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]?

    /// The list of objects that tell why a run failed; nil where the run has told it already.
    func childListing(for run: EngineRun) -> ChildListing?

    /// The state of a run, completed by what the answer to its ``ChildListing`` says.
    func state(of run: EngineRun, children: [UInt8]) throws(JSONError) -> RunState
}

extension Engine {
    /// Reads runs for lists, watches and stores.
    public var runDecoder: ObjectDecoder<EngineRun> {
        { (cursor) throws(JSONError) in try decodeRun(&cursor) }
    }

    /// The reference an execution's status keeps to a run.
    public func reference(to run: EngineRun) -> RunReference {
        RunReference(apiVersion: runType.apiVersion, kind: runType.kind, name: run.key.name, uid: run.uid)
    }

    /// What to tell where the cluster does not serve the engine's API, in the version Towline speaks.
    var notServedMessage: String {
        "the cluster does not serve \(runType.plural) of \(runType.apiVersion): install \(title) in a release that does"
    }

    /// What has to be asked of a run so that it ends as `shutdown` wants; nil when nothing has to.
    func missingShutdown(_ shutdown: Shutdown, for run: EngineRun) -> Shutdown? {
        guard !run.state.isFinished else { return nil }
        let needed = run.state.reason == .queued ? .terminate : shutdown
        if let requested = run.requestedShutdown, requested >= needed { return nil }
        return needed
    }
}

/// The objects an engine makes for the parts of one run, as a list request asks for them.
public struct ChildListing: Hashable, Sendable {
    public let type: ResourceType
    public let namespace: String
    public let labelSelector: String
    /// How many objects to ask for at most; what does not fit one page is not needed.
    public let limit: Int
}
