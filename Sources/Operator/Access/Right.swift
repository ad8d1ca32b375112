public import TowlineAPI

/// Something the operator asks of the API server, and what does not work where it may not.
///
/// The rights of ``all`` are the operator's whole demand: the roles it ships with are made from them, at its start it
/// asks for each of them, and the tests hold its requests to them.
public struct Right: Hashable, Sendable {
    /// A verb of the API server's authorization, in the order in which roles list them.
    public enum Verb: String, CaseIterable, Sendable {
        case get, list, watch, create, update, patch, delete
    }

    /// The part of the operator that needs the right; each part can be granted, or left out, by itself.
    public enum Part: Hashable, Sendable {
        /// Following executions and telling how they go; there is no operator without it.
        case executions
        /// Running workflows on one engine.
        case engine(EngineName)
        /// Agreeing with other operators on the one that works: rights in the namespace of the lease only.
        case election
    }

    public let part: Part
    public let group: String
    /// The plural name, with the subresource where there is one: `workflowexecutions/status`.
    public let resource: String
    public let verbs: [Verb]
    /// True when it is about one object only, the lease whose name the operator is told: the roles name it.
    public let isForOneName: Bool
    /// What the operator does with it: the end of a sentence that begins with "It is for".
    public let purpose: String
    /// What is lost without it: a whole clause.
    public let loss: String
}

extension Right {
    /// The resource as messages name it: `pipelineruns.tekton.dev`, `workflowexecutions.towline.dev/status`.
    public var qualifiedResource: String {
        let parts = resource.split(separator: "/", maxSplits: 1)
        let name = group.isEmpty ? String(parts.first ?? "") : "\(parts.first ?? "").\(group)"
        return parts.count > 1 ? "\(name)/\(parts[1])" : name
    }
}
