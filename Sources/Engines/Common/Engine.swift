public import KubeClient
public import TowlineAPI

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
    /// The resources of the objects that a ``ChildListing`` asks for; none where a run carries all that is needed.
    var childTypes: [ResourceType] { get }
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

    /// The lists of objects that tell what a run does not: of an unfinished one what its tasks wait for and whether a
    /// step has started, of a finished one why it failed and whether a step had started.
    ///
    /// Empty where the run has told everything already.
    func childListings(for run: EngineRun) -> [ChildListing]

    /// Reads one object of a ``ChildListing``; throws for text that is no JSON object.
    func decodeChild(_ cursor: inout JSONCursor) throws(JSONError) -> EngineChild

    /// The state of a run, completed by what all children of its ``childListings(for:)`` say.
    ///
    /// It ends no run and revives none. Children that are missing prove nothing.
    func state(of run: EngineRun, children: [EngineChild]) -> RunState
}

extension Engine {
    /// Reads runs for lists, watches and stores.
    public var runDecoder: ObjectDecoder<EngineRun> {
        { (cursor) throws(JSONError) in try decodeRun(&cursor) }
    }

    /// Reads children for lists.
    public var childDecoder: ObjectDecoder<EngineChild> {
        { (cursor) throws(JSONError) in try decodeChild(&cursor) }
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

/// The objects an engine makes for the parts of one run, as list requests ask for them.
public struct ChildListing: Hashable, Sendable {
    public let type: ResourceType
    public let namespace: String
    public let labelSelector: String
    /// How many objects to ask for at a time.
    public let pageSize: Int
    /// True when the other listings say enough where this one is refused.
    public let isOptional: Bool

    /// The most objects of one listing that are read: more than the largest run has.
    public static let maximumObjects = 10_000
}

/// A page about one run in a well-known user interface of its engine.
public struct RunPage: Hashable, Sendable {
    /// The word that people ask for it with: `tekton-dashboard`.
    public let preset: String
    /// What the user interface is called.
    public let title: String
    /// What follows the address of the user interface; `{namespace}`, `{name}` and `{uid}` stand for the run's.
    public let path: String
}
