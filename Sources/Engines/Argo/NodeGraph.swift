import KubeClient
import TowlineAPI

/// The nodes of a failed Workflow; distinguishes the cause of the failure from its consequences.
struct NodeGraph {
    /// The maximum nesting depth, more than any template has; it also stops cycles of node IDs.
    private static let maximumDepth = 64

    private let nodes: [String: WorkflowNode]
    /// The ID of the group or retried step to which a node belongs, by node ID.
    private let groups: [String: String]
    /// The IDs of nodes that failed because a node inside them failed.
    private let failedAround: Set<String>

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
        self.nodes = byID
        self.groups = groups
        self.failedAround = failedAround
    }

    /// The position of a node in the graph.
    private struct Place {
        /// Whether the workflow continues after a failure of the node (`continueOn`, `depends: a.Failed`).
        var isTolerated = false
        /// Whether the node belongs to an exit handler or another hook.
        var isHook = false
        /// Whether the node belongs to an attempt that was followed by another.
        var isSuperseded = false
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
        for node in nodes.values where isCause(node) {
            let place = place(of: node)
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

    /// Determines the position of a node from the groups and templates that contain it.
    private func place(of node: WorkflowNode) -> Place {
        var place = Place()
        place.isTolerated = isFollowed(node)
        var current = node
        for _ in 0..<Self.maximumDepth {
            if current.isHook { place.isHook = true }
            if let group = groups[current.id].flatMap({ nodes[$0] }) {
                if group.type == "Retry", lastAttempt(of: group) != current.id { place.isSuperseded = true }
                if group.phase == "Succeeded" { place.isTolerated = true }
                if group.type != "StepGroup" {
                    current = group
                    continue
                }
            }
            guard let template = nodes[current.boundaryID] else { break }
            if template.phase == "Succeeded" { place.isTolerated = true }
            current = template
        }
        return place
    }

    /// Whether a successor of the node ran; containers do not count, since all containers of a pod start.
    private func isFollowed(_ node: WorkflowNode) -> Bool {
        node.type != "Container"
            && node.children.contains { id in
                guard let next = nodes[id] else { return false }
                return !next.isHook && !next.wasSkipped
            }
    }

    private func lastAttempt(of step: WorkflowNode) -> String? {
        step.children.last { nodes[$0]?.isHook == false }
    }
}
