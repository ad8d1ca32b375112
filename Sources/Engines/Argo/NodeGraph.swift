import KubeClient
import TowlineAPI

/// The nodes of a Workflow that failed, to tell the cause from what merely went along with it.
struct NodeGraph {
    /// More levels than any template has; ids that form a circle end here.
    private static let maximumDepth = 64

    private let nodes: [String: WorkflowNode]
    /// The ids of the group, or of the step that is tried again, which nodes are part of.
    private let groups: [String: String]
    /// The ids of nodes that failed with something inside them.
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

    /// Where a node stands among the others.
    private struct Place {
        /// The workflow went on regardless (`continueOn`, `depends: a.Failed`).
        var isTolerated = false
        /// Part of an exit handler or another hook.
        var isHook = false
        /// A try after which another one followed.
        var isSuperseded = false
    }

    /// What puts causes in order; the id only where nothing else does, so that the choice is always the same.
    private typealias Order = (tolerated: Int, hook: Int, finishedAt: EngineTime, follows: Int, id: String)

    /// A failure, with what decides how the workflow ended.
    struct Cause {
        let failure: TaskFailure
        let finishedAt: EngineTime?
        /// True for an exit handler or another hook.
        let isHook: Bool
    }

    /// The cause that came first: tasks before exit handlers, and last of all what the workflow tolerated.
    ///
    /// - Parameter wasShutDown: true for a workflow that was asked to end; what only followed from that is no cause.
    func firstFailure(wasShutDown: Bool) -> Cause? {
        var first: (order: Order, node: WorkflowNode)?
        for node in nodes.values where isCause(node) {
            let place = place(of: node)
            guard !place.isSuperseded else { continue }
            if wasShutDown, place.isTolerated || isOfShutdown(node) { continue }
            // A container that waited for one that failed ends in an error of its own.
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

    /// True for a node that a shutdown ended, or kept from starting; of a container also where it ended its pod.
    private func isOfShutdown(_ node: WorkflowNode) -> Bool {
        if NodeMessage(node.message).isOfShutdown(exitCode: node.exitCode) { return true }
        guard node.type == "Container", let pod = nodes[node.boundaryID] else { return false }
        return NodeMessage(pod.message).isOfShutdown(exitCode: pod.exitCode)
    }

    /// True for what failed by itself: not with something inside it, and not as the workflow as a whole.
    private func isCause(_ node: WorkflowNode) -> Bool {
        guard node.hasFailed, !failedAround.contains(node.id) else { return false }
        return !node.isGroup || !node.boundaryID.isEmpty
    }

    private func failure(of node: WorkflowNode) -> TaskFailure {
        // A container of a set belongs to the pod of the step, which knows more where the container did not end itself.
        let step = node.type == "Container" ? nodes[node.boundaryID] ?? node : node
        let own = NodeMessage(node.message)
        let message = own.exitCode == nil && !step.message.isEmpty ? NodeMessage(step.message) : own
        // A try is called `name(0)`; the step it is a try of has the name people know.
        let named = retriedStep(of: step) ?? step
        let container = message.container ?? (node.type == "Container" ? node.displayName : nil)
        return TaskFailure(
            reason: message.meaning, task: named.displayName.isEmpty ? named.id : named.displayName, step: container,
            exitCode: node.exitCode ?? message.exitCode, message: message.text)
    }

    /// When the failure was final: of a step that a deadline kept from another try, when it was given up.
    private func end(of node: WorkflowNode) -> EngineTime? {
        guard let group = retriedStep(of: node), NodeMessage(group.message).isLastTryBeforeDeadline else {
            return node.finishedAt
        }
        return group.finishedAt ?? node.finishedAt
    }

    /// The step that a node is a try of.
    private func retriedStep(of node: WorkflowNode) -> WorkflowNode? {
        guard let group = groups[node.id].flatMap({ nodes[$0] }), group.type == "Retry" else { return nil }
        return group
    }

    /// Climbs from a node over the groups and templates it belongs to.
    private func place(of node: WorkflowNode) -> Place {
        var place = Place()
        place.isTolerated = isFollowed(node)
        var current = node
        for _ in 0..<Self.maximumDepth {
            if current.isHook { place.isHook = true }
            if let group = groups[current.id].flatMap({ nodes[$0] }) {
                if group.type == "Retry", lastTry(of: group) != current.id { place.isSuperseded = true }
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

    /// True when a node that comes after this one was not left out; containers of one pod all start.
    private func isFollowed(_ node: WorkflowNode) -> Bool {
        node.type != "Container"
            && node.children.contains { id in
                guard let next = nodes[id] else { return false }
                return !next.isHook && !next.wasLeftOut
            }
    }

    private func lastTry(of step: WorkflowNode) -> String? {
        step.children.last { nodes[$0]?.isHook == false }
    }
}
