public import KubeClient
public import TowlineAPI

/// A workflow engine: builds, reads, and stops runs.
///
/// An engine does no I/O: it takes and returns JSON, and the caller talks to the API server. Code outside this module
/// does not depend on a particular engine.
public protocol Engine: Sendable {
    var name: EngineName { get }
    /// The engine's display name: `Tekton Pipelines`.
    var title: String { get }
    /// The resource of the engine's runs.
    var runType: ResourceType { get }
    /// The resources that a ``ChildListing`` can list; empty if runs contain all information themselves.
    var childTypes: [ResourceType] { get }
    /// The domain suffix of the engine's own admission webhooks, which reject invalid runs rather than forbidden ones.
    var admissionDomain: String? { get }
    /// What the user should check if the engine does not pick up a run.
    var notRespondingHint: String { get }
    /// The pages about a run in the engine's user interfaces.
    var pages: [RunPage] { get }

    /// The JSON of a new run that the execution owns, with only the fields that the user set.
    ///
    /// Nil if the execution must not get a run because it has finished or a stop was requested.
    func makeRun(for execution: WorkflowExecution, named name: String, labels: [MapEntry]) -> [UInt8]?

    /// Reads a run; throws if the text is not a JSON object. Every JSON object has a state.
    func decodeRun(_ cursor: inout JSONCursor) throws(JSONError) -> EngineRun

    /// The merge patch that stops a run; nil if the run has ended or an equal or stronger stop was already requested.
    ///
    /// A run that the engine still queues is terminated at once, since there is nothing to clean up.
    func shutdownPatch(_ shutdown: Shutdown, for run: EngineRun) -> [UInt8]?

    /// The lists of children that complete a run's state: why it failed, what it waits for, whether a step started.
    ///
    /// Empty if the run itself contains all of that.
    func childListings(for run: EngineRun) -> [ChildListing]

    /// Reads one object of a ``ChildListing``; throws if the text is not a JSON object.
    func decodeChild(_ cursor: inout JSONCursor) throws(JSONError) -> EngineChild

    /// The state of a run, completed with the children from its ``childListings(for:)``.
    ///
    /// Children never change whether the run has ended. A missing child proves nothing.
    func state(of run: EngineRun, children: [EngineChild]) -> RunState
}

extension Engine {
    /// Decodes runs in lists and watches.
    public var runDecoder: ObjectDecoder<EngineRun> {
        { (cursor) throws(JSONError) in try decodeRun(&cursor) }
    }

    /// Decodes children in lists.
    public var childDecoder: ObjectDecoder<EngineChild> {
        { (cursor) throws(JSONError) in try decodeChild(&cursor) }
    }

    /// The reference to a run that an execution's status stores.
    public func reference(to run: EngineRun) -> RunReference {
        RunReference(apiVersion: runType.apiVersion, kind: runType.kind, name: run.key.name, uid: run.uid)
    }

    /// The message if the cluster does not serve the engine's API in the version that Towline uses.
    var notServedMessage: String {
        "the cluster does not serve \(runType.plural) of \(runType.apiVersion): install a release of \(title) that does"
    }

    /// The shutdown that must still be requested so that the run ends as `shutdown` says; nil if none.
    func missingShutdown(_ shutdown: Shutdown, for run: EngineRun) -> Shutdown? {
        guard !run.state.isFinished else { return nil }
        let needed = run.state.reason == .queued ? .terminate : shutdown
        if let requested = run.requestedShutdown, requested >= needed { return nil }
        return needed
    }
}

/// A list request for the objects that an engine creates for the tasks of a run.
public struct ChildListing: Hashable, Sendable {
    public let type: ResourceType
    public let namespace: String
    public let labelSelector: String
    /// The maximum number of objects per page.
    public let pageSize: Int
    /// Whether the other listings suffice if the API server refuses this one.
    public let isOptional: Bool

    /// The maximum number of objects kept of one listing, more than runs have: a Pipeline with ten matrices of 256
    /// combinations has 2,560.
    public static let maximumObjects = 4_000
}

/// A page about a run in a well-known user interface of its engine.
public struct RunPage: Hashable, Sendable {
    /// The name of the preset in the configuration: `tekton-dashboard`.
    public let preset: String
    /// The display name of the user interface.
    public let title: String
    /// The path below the user interface's address; `{namespace}`, `{name}`, and `{uid}` are replaced by the run's.
    public let path: String
}
