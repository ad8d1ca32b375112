/// A priority queue of unique keys that can be found, moved and removed in O(log n).
///
/// Keys of equal priority are in no particular order. A key that is not in the heap uses no memory.
package struct KeyedHeap<Key: Hashable & Sendable, Priority: Comparable & Sendable>: Sendable {
    private struct Node {
        let key: Key
        var priority: Priority
    }

    /// A binary min-heap: no node's priority is above that of its children.
    private var nodes: [Node] = []
    /// The position of each key: `nodes[positions[key]].key == key`.
    private var positions: [Key: Int] = [:]

    package init() {}

    package var isEmpty: Bool { nodes.isEmpty }
    package var count: Int { nodes.count }

    /// The key with the lowest priority value.
    package var first: (key: Key, priority: Priority)? {
        nodes.first.map { ($0.key, $0.priority) }
    }

    package func priority(of key: Key) -> Priority? {
        positions[key].map { nodes[$0].priority }
    }

    /// Adds the key, or changes its priority.
    package mutating func set(_ key: Key, priority: Priority) {
        if let position = positions[key] {
            nodes[position].priority = priority
            siftDown(siftUp(position))
        } else {
            nodes.append(Node(key: key, priority: priority))
            positions[key] = nodes.count - 1
            siftUp(nodes.count - 1)
        }
    }

    /// Removes the key; returns false if it was not in the heap.
    @discardableResult
    package mutating func remove(_ key: Key) -> Bool {
        guard let position = positions.removeValue(forKey: key) else { return false }
        let last = nodes.removeLast()
        if position < nodes.count {
            place(last, at: position)
            siftDown(siftUp(position))
        }
        return true
    }

    /// Removes and returns the first key if its priority is not above `limit`.
    package mutating func popFirst(notAbove limit: Priority) -> Key? {
        guard let first = nodes.first, first.priority <= limit else { return nil }
        remove(first.key)
        return first.key
    }

    package mutating func popFirst() -> Key? {
        guard let first = nodes.first else { return nil }
        remove(first.key)
        return first.key
    }

    package mutating func removeAll() {
        nodes = []
        positions = [:]
    }

    private mutating func place(_ node: Node, at position: Int) {
        nodes[position] = node
        positions[node.key] = position
    }

    @discardableResult
    private mutating func siftUp(_ start: Int) -> Int {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard nodes[position].priority < nodes[parent].priority else { break }
            swapNodes(position, parent)
            position = parent
        }
        return position
    }

    private mutating func siftDown(_ start: Int) {
        var position = start
        while true {
            let left = 2 * position + 1
            guard left < nodes.count else { return }
            let right = left + 1
            let smaller = right < nodes.count && nodes[right].priority < nodes[left].priority ? right : left
            guard nodes[smaller].priority < nodes[position].priority else { return }
            swapNodes(position, smaller)
            position = smaller
        }
    }

    private mutating func swapNodes(_ left: Int, _ right: Int) {
        let node = nodes[left]
        place(nodes[right], at: left)
        place(node, at: right)
    }
}
