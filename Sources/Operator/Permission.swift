import Engines
import KubeClient
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

extension Right {
    /// Every right the operator can use; what is not here it never asks for.
    public static let all = executions + EngineCatalogue.all.flatMap { rights(on: $0) } + election

    private static let executions = [
        Right(
            .executions, WorkflowExecution.resourceType, [.list, .watch], for: "following executions",
            otherwise: "executions are not looked at"),
        Right(
            .executions, WorkflowExecution.resourceType, [.get],
            for: "reading an execution again after a conflict, and after a change of the leader",
            otherwise: "executions that others change at the same time are late"),
        Right(
            .executions, WorkflowExecution.resourceType, [.patch], of: "status", for: "telling how an execution goes",
            otherwise: "executions never tell how they go"),
        Right(
            .executions, WorkflowExecution.resourceType, [.update], of: "finalizers",
            for: "owning runs where OwnerReferencesPermissionEnforcement is on (OpenShift); nothing is written there",
            otherwise: "where OwnerReferencesPermissionEnforcement is on, no run can be created"),
        Right(
            .executions, WorkflowExecution.resourceType, [.delete],
            for: "removing finished executions that say so with ttlSecondsAfterFinished",
            otherwise: "finished executions stay, whatever their ttlSecondsAfterFinished says"),
        Right(
            .executions, ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event"),
            [.create, .patch], for: "telling people what happened; patch counts repetitions",
            otherwise: "there are no events about executions"),
    ]

    /// What running workflows on one engine takes.
    private static func rights(on engine: any Engine) -> [Right] {
        let part = Part.engine(engine.name)
        let runs = engine.runType.plural
        let own = [
            Right(
                part, engine.runType, [.list, .watch], for: "following runs",
                otherwise: "how \(runs) go on is not seen, and the workers start late"),
            Right(
                part, engine.runType, [.get], for: "making sure that a run exists, or does not",
                otherwise: "executions whose \(runs) are gone, or were there already, do not go on"),
            Right(
                part, engine.runType, [.create], for: "creating the run of an execution",
                otherwise: "no \(runs) are created"),
            Right(
                part, engine.runType, [.patch], for: "ending a run, and nothing else",
                otherwise: "\(runs) cannot be ended, neither by shutdown nor by the watchdog"),
            Right(
                part, engine.runType, [.delete],
                for: "removing the runs of finished executions that say so with runTTLSecondsAfterFinished",
                otherwise: "finished \(runs) stay, whatever runTTLSecondsAfterFinished says"),
        ]
        let children = engine.childTypes.map { type in
            Right(
                part, type, [.list], for: "finding out why a run failed, and what an unfinished one waits for",
                otherwise: "\(type.plural) are not read: which step failed, and what a task waits for, is not reported")
        }
        return own + children
    }

    private static let leases = ResourceType(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")

    private static let election = [
        // What is made has no name yet that a role could ask for.
        Right(
            .election, leases, [.create], for: "making the lease, where nobody has before",
            otherwise: "without a lease no operator leads, and nothing is done"),
        Right(
            .election, leases, [.get, .update], ofOneName: true, for: "holding the lease",
            otherwise: "this operator never leads, and does nothing"),
        Right(
            .election, leases, [.list, .watch], ofOneName: true, for: "seeing at once that the lease is free",
            otherwise: "another operator takes over some seconds later than it could"),
    ]

    private init(
        _ part: Part, _ type: ResourceType, _ verbs: [Verb], of subresource: String? = nil,
        ofOneName isForOneName: Bool = false, for purpose: String, otherwise loss: String
    ) {
        self.part = part
        group = type.group
        resource = subresource.map { "\(type.plural)/\($0)" } ?? type.plural
        self.verbs = verbs
        self.isForOneName = isForOneName
        self.purpose = purpose
        self.loss = loss
    }
}
