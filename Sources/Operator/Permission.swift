import Engines
import KubeClient
public import TowlineAPI

/// A permission that the operator uses, and what does not work without it.
///
/// ``all`` lists every permission: the shipped roles are generated from it, the operator checks it at startup, and the
/// tests compare the operator's requests with it.
public struct Permission: Hashable, Sendable {
    /// A verb of the API server's authorization, in the order in which roles list them.
    public enum Verb: String, CaseIterable, Sendable {
        case get, list, watch, create, update, patch, delete
    }

    /// The part of the operator that needs the permission. Each part can be granted, or left out, separately.
    public enum Part: Hashable, Sendable {
        /// Following executions and environments and reporting their status; always needed.
        case executions
        /// Running workflows on one engine.
        case engine(EngineName)
        /// Electing a leader: permissions in the namespace of the lease only.
        case election
    }

    public let part: Part
    public let group: String
    /// The plural name, with the subresource if there is one: `workflowexecutions/status`.
    public let resource: String
    public let verbs: [Verb]
    /// True if the permission is for a single object: the lease, which the roles name.
    public let isForOneName: Bool
    /// What the operator uses it for, as a gerund phrase.
    public let purpose: String
    /// What does not work without it, as a clause.
    public let consequence: String
}

extension Permission {
    /// The resource as messages name it: `pipelineruns.tekton.dev`, `workflowexecutions.towline.dev/status`.
    public var qualifiedResource: String {
        let parts = resource.split(separator: "/", maxSplits: 1)
        let name = group.isEmpty ? String(parts.first ?? "") : "\(parts.first ?? "").\(group)"
        return parts.count > 1 ? "\(name)/\(parts[1])" : name
    }
}

extension Permission {
    /// Every permission that the operator can use.
    public static let all = executions + environments + EngineRegistry.all.flatMap { permissions(for: $0) } + election

    private static let executions = [
        Permission(
            .executions, WorkflowExecution.resourceType, [.list, .watch], for: "following executions",
            without: "executions are not processed"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.get],
            for: "reading an execution after a conflict, after a change of the leader, and before it is deleted",
            without: "executions with concurrent changes are delayed"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.patch], of: "status",
            for: "reporting the status of executions", without: "the status of executions is never updated"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.update], of: "finalizers",
            for: "owning runs if OwnerReferencesPermissionEnforcement is on (OpenShift); nothing is written",
            without: "no run can be created if OwnerReferencesPermissionEnforcement is on"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.delete],
            for: "deleting finished executions when their ttlSecondsAfterFinished expires",
            without: "finished executions are kept despite their ttlSecondsAfterFinished"),
        Permission(
            .executions, WorkflowDefinition.resourceType, [.get],
            for: "reading the definitions that executions and phases of environments name",
            without: "executions and environments that name a definition wait with the reason Forbidden"),
        Permission(
            .executions, ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event"),
            [.create, .patch], for: "publishing events about executions and environments; patch counts repetitions",
            without: "no events about executions and environments are published"),
    ]

    private static let environments = [
        Permission(
            .executions, Environment.resourceType, [.list, .watch], for: "following environments",
            without: "environments are not processed"),
        Permission(
            .executions, Environment.resourceType, [.get], for: "reading an environment before each decision about it",
            without: "environments are not processed"),
        Permission(
            .executions, Environment.resourceType, [.patch],
            for: "holding the deletion of an environment until it is torn down (a finalizer)",
            without: "environments with a teardown phase do not start"),
        Permission(
            .executions, Environment.resourceType, [.patch], of: "status", for: "reporting the status of environments",
            without: "environments do not start"),
        Permission(
            .executions, Environment.resourceType, [.update], of: "finalizers",
            for: "owning executions if OwnerReferencesPermissionEnforcement is on (OpenShift); nothing is written",
            without: "no phase can run if OwnerReferencesPermissionEnforcement is on"),
        Permission(
            .executions, Lifecycle.resourceType, [.get], for: "reading the Lifecycle that an environment names",
            without: "environments that name a Lifecycle wait with the reason Forbidden"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.create],
            for: "creating the execution of a phase of an environment",
            without: "no phase of an environment runs"),
        Permission(
            .executions, WorkflowExecution.resourceType, [.patch],
            for: "stopping the execution of a phase when its environment ends (spec.shutdown)",
            without: "phases that run when their environment ends are not stopped"),
    ]

    private static func permissions(for engine: any Engine) -> [Permission] {
        let part = Part.engine(engine.name)
        let runs = engine.runType.plural
        let own = [
            Permission(
                part, engine.runType, [.list, .watch], for: "following runs",
                without: "changes of \(runs) are noticed late, and the workers start late"),
            Permission(
                part, engine.runType, [.get], for: "confirming that a run exists, or that it does not",
                without: "executions whose \(runs) were deleted, or existed before, get stuck"),
            Permission(
                part, engine.runType, [.create], for: "creating the run of an execution",
                without: "no \(runs) are created"),
            Permission(
                part, engine.runType, [.patch], for: "stopping a run",
                without: "\(runs) cannot be stopped, neither by shutdown nor at their timeout"),
            Permission(
                part, engine.runType, [.delete],
                for: "deleting the runs of finished executions when their runTTLSecondsAfterFinished expires",
                without: "finished \(runs) are kept despite runTTLSecondsAfterFinished"),
        ]
        let children = engine.childTypes.map { type in
            Permission(
                part, type, [.list], for: "reading why a run failed, and what an unfinished run waits for",
                without: "\(type.plural) are not read, so failed steps and what tasks wait for are not reported")
        }
        return own + children
    }

    private static let leases = ResourceType(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")

    private static let election = [
        // A role cannot name an object that does not exist yet.
        Permission(
            .election, leases, [.create], for: "creating the lease if it does not exist",
            without: "no leader is elected without a lease, and no execution is processed"),
        Permission(
            .election, leases, [.get, .update], ofOneName: true, for: "holding the lease",
            without: "this operator never becomes the leader"),
        Permission(
            .election, leases, [.list, .watch], ofOneName: true, for: "noticing at once that the lease is free",
            without: "a new leader takes over a few seconds late"),
    ]

    private init(
        _ part: Part, _ type: ResourceType, _ verbs: [Verb], of subresource: String? = nil,
        ofOneName isForOneName: Bool = false, for purpose: String, without consequence: String
    ) {
        self.part = part
        group = type.group
        resource = subresource.map { "\(type.plural)/\($0)" } ?? type.plural
        self.verbs = verbs
        self.isForOneName = isForOneName
        self.purpose = purpose
        self.consequence = consequence
    }
}
