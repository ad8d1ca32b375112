import KubeClient
import TowlineAPI

/// The nodes of a failed Workflow; distinguishes the cause of the failure from its consequences.
struct NodeGraph {
    private let nodes: [String: WorkflowNode]
    /// The ID of the group or retried step to which a node belongs, by node ID.
    private let groups: [String: String]
    /// The IDs of nodes that failed because a node inside them failed.
    private let failedAround: Set<String>
    /// The ID of the last attempt of each retried step, by the ID of the step; hooks are no attempts.
    private let lastAttempts: [String: String]

    init(_ nodes: [WorkflowNode]) {
        var byID: [String: WorkflowNode] = [:]
        var groups: [String: String] = [:]
        for node in nodes {
            byID[node.id] = node
            guard ["StepGroup", "TaskGroup", "Retry"].contains(node.type) else { continue }
            for child in node.children { groups[child] = node.id }
        }
        var failedAround: Set<String> = []
        for node in nodes where node.hasFailed {
            failedAround.insert(node.boundaryID)
            if let group = groups[node.id] { failedAround.insert(group) }
        }
        var lastAttempts: [String: String] = [:]
        for node in nodes where node.type == "Retry" {
            lastAttempts[node.id] = node.children.last { byID[$0]?.isHook == false }
        }
        self.nodes = byID
        self.groups = groups
        self.failedAround = failedAround
        self.lastAttempts = lastAttempts
    }

    /// The position of a node in the graph.
    private struct Place {
        /// Whether the workflow continues after a failure of the node (`continueOn`, `depends: a.Failed`).
        var isTolerated = false
        /// Whether the node belongs to an exit handler or another hook.
        var isHook = false
        /// Whether the node belongs to an attempt that was followed by another.
        var isSuperseded = false

        mutating func formUnion(_ other: Place) {
            isTolerated = isTolerated || other.isTolerated
            isHook = isHook || other.isHook
            isSuperseded = isSuperseded || other.isSuperseded
        }
    }

    /// The sort key of causes; the ID makes the choice deterministic.
    private typealias Order = (tolerated: Int, hook: Int, finishedAt: EngineTime, follows: Int, id: String)

    /// A failure and its role in how the workflow ended.
    struct Cause {
        let failure: TaskFailure
        let finishedAt: EngineTime?
        /// Whether an exit handler or another hook failed.
        let isHook: Bool
    }

    /// The first cause of the failure: tasks before exit handlers, and tolerated failures last.
    ///
    /// - Parameter wasShutDown: True if a stop was requested; failures that result from the stop are then no causes.
    func firstFailure(wasShutDown: Bool) -> Cause? {
        var first: (order: Order, node: WorkflowNode)?
        var places = Places()
        for node in nodes.values where isCause(node) {
            var place = place(of: node, &places)
            if isFollowed(node) { place.isTolerated = true }
            guard !place.isSuperseded else { continue }
            if wasShutDown, place.isTolerated || isCausedByShutdown(node) { continue }
            // A container that waited for a failed one ends in an error, too.
            let follows = node.type == "Container" && node.phase == "Error" ? 1 : 0
            let order: Order = (
                place.isTolerated ? 1 : 0, place.isHook ? 1 : 0, node.finishedAt ?? .latest, follows, node.id
            )
            if let best = first, best.order < order { continue }
            first = (order, node)
        }
        return first.map {
            Cause(failure: failure(of: $0.node), finishedAt: end(of: $0.node), isHook: $0.order.hook == 1)
        }
    }

    /// Whether a shutdown ended the node, kept it from starting, or ended the pod of the container.
    private func isCausedByShutdown(_ node: WorkflowNode) -> Bool {
        if NodeMessage(node.message).isCausedByShutdown(exitCode: node.exitCode) { return true }
        guard node.type == "Container", let pod = nodes[node.boundaryID] else { return false }
        return NodeMessage(pod.message).isCausedByShutdown(exitCode: pod.exitCode)
    }

    /// Whether the node itself failed, rather than a node inside it, and is not the workflow's root.
    private func isCause(_ node: WorkflowNode) -> Bool {
        guard node.hasFailed, !failedAround.contains(node.id) else { return false }
        return !node.isGroup || !node.boundaryID.isEmpty
    }

    private func failure(of node: WorkflowNode) -> TaskFailure {
        // If the container did not end on its own, the step of its container set has more details.
        let step = node.type == "Container" ? nodes[node.boundaryID] ?? node : node
        let own = NodeMessage(node.message)
        let message = own.exitCode == nil && !step.message.isEmpty ? NodeMessage(step.message) : own
        // An attempt is called `name(0)`; the retried step has the user's name.
        let named = retriedStep(of: step) ?? step
        let container = message.container ?? (node.type == "Container" ? node.displayName : nil)
        return TaskFailure(
            reason: message.failureReason, task: named.displayName.isEmpty ? named.id : named.displayName,
            step: container,
            exitCode: node.exitCode ?? message.exitCode, message: message.text)
    }

    /// When the failure became final; if the deadline prevented another attempt, when the step ended.
    private func end(of node: WorkflowNode) -> EngineTime? {
        guard let group = retriedStep(of: node), NodeMessage(group.message).isRetryPreventedByDeadline else {
            return node.finishedAt
        }
        return group.finishedAt ?? node.finishedAt
    }

    /// The retried step of which a node is an attempt.
    private func retriedStep(of node: WorkflowNode) -> WorkflowNode? {
        guard let group = groups[node.id].flatMap({ nodes[$0] }), group.type == "Retry" else { return nil }
        return group
    }

    /// The positions that are known, by node ID.
    private typealias Places = [String: Place]

    /// The position of a node, from the groups and templates that contain it.
    ///
    /// Each node is visited once, regardless of how many nodes it contains; a cycle of IDs ends where it began.
    private func place(of node: WorkflowNode, _ places: inout Places) -> Place {
        var path: [(id: String, own: Place)] = []
        var place = Place()
        var next: WorkflowNode? = node
        while let current = next {
            if let known = places[current.id] {
                place = known
                break
            }
            let (own, container) = ownPlace(of: current)
            path.append((current.id, own))
            places[current.id] = own
            next = container
        }
        for (id, own) in path.reversed() {
            place.formUnion(own)
            places[id] = place
        }
        return place
    }

    /// What a node contributes to the positions of the nodes inside it, and the node that contains it; nil for none.
    private func ownPlace(of node: WorkflowNode) -> (place: Place, container: WorkflowNode?) {
        var place = Place()
        place.isHook = node.isHook
        if let group = groups[node.id].flatMap({ nodes[$0] }) {
            place.isSuperseded = group.type == "Retry" && lastAttempts[group.id] != node.id
            place.isTolerated = group.phase == "Succeeded"
            if group.type != "StepGroup" { return (place, group) }
        }
        guard let template = nodes[node.boundaryID] else { return (place, nil) }
        if template.phase == "Succeeded" { place.isTolerated = true }
        return (place, template)
    }

    /// Whether a successor of the node ran; containers do not count, since all containers of a pod start.
    private func isFollowed(_ node: WorkflowNode) -> Bool {
        node.type != "Container"
            && node.children.contains { id in
                guard let next = nodes[id] else { return false }
                return !next.isHook && !next.wasSkipped
            }
    }
}
