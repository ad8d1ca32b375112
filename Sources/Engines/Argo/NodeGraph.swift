import KubeClient
import WorkflowAPI

/// The nodes of a Workflow that failed, to tell the cause from what merely went along with it.
struct NodeGraph {
    /// More levels than any template has; ids that form a circle end here.
    private static let maximumDepth = 64

    private let nodes: [String: WorkflowNode]
    /// The ids of the group, or of the step that is tried again, which nodes are part of.
    private let groups: [String: String]

    init(_ nodes: [WorkflowNode]) {
        var byID: [String: WorkflowNode] = [:]
        var groups: [String: String] = [:]
        for node in nodes {
            byID[node.id] = node
            guard ["StepGroup", "TaskGroup", "Retry"].contains(node.type) else { continue }
            for child in node.children { groups[child] = node.id }
        }
        self.nodes = byID
        self.groups = groups
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

    /// The leaf that failed first: tasks before exit handlers, and last of all what the workflow tolerated.
    var firstFailure: (failure: TaskFailure, finishedAt: Timestamp?)? {
        var first: (order: (Int, Int, Timestamp, String), node: WorkflowNode)?
        for node in nodes.values where node.isLeaf && node.hasFailed {
            let place = place(of: node)
            guard !place.isSuperseded else { continue }
            let order = (place.isTolerated ? 1 : 0, place.isHook ? 1 : 0, node.finishedAt ?? .latest, node.id)
            if let best = first, best.order < order { continue }
            first = (order, node)
        }
        return first.map { (failure(of: $0.node), $0.node.finishedAt) }
    }

    private func failure(of node: WorkflowNode) -> TaskFailure {
        let message = NodeMessage(node.message)
        let group = groups[node.id].flatMap { nodes[$0] }
        // A try is called `name(0)`; the step it is a try of has the name people know.
        let named = group?.type == "Retry" ? group ?? node : node
        return TaskFailure(
            reason: message.meaning, task: named.displayName.isEmpty ? named.id : named.displayName,
            step: message.container, exitCode: node.exitCode ?? message.exitCode, message: node.message)
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

    /// True when a node that comes after this one was not left out.
    private func isFollowed(_ node: WorkflowNode) -> Bool {
        node.children.contains { id in
            guard let next = nodes[id] else { return false }
            return !next.isHook && !next.wasLeftOut
        }
    }

    private func lastTry(of step: WorkflowNode) -> String? {
        step.children.last { nodes[$0]?.isHook == false }
    }
}
