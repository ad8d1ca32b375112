/// The ready keys of one priority: groups take turns, and keys of a group are first in, first out.
///
/// Groups are either quick or slow; the caller decides which, and whether a group may use another worker. Operations
/// are O(log n), plus the number of groups that may not use another worker.
package struct FairQueue<Key: Hashable & Sendable>: Sendable {
    /// The ready keys of each group by ticket; no empty groups.
    private var keys: [String: KeyedHeap<Key, UInt64>] = [:]
    /// The quick groups with ready keys, by the ticket of their next turn.
    private var quick = KeyedHeap<String, UInt64>()
    /// The slow groups with ready keys, by the ticket of their next turn.
    private var slow = KeyedHeap<String, UInt64>()
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Appends a key to its group's queue.
    package mutating func append(_ key: Key, of group: String, isSlow: Bool, ticket: UInt64) {
        guard keys[group]?.priority(of: key) == nil else { return }
        if keys[group] == nil {
            if isSlow { slow.set(group, priority: ticket) } else { quick.set(group, priority: ticket) }
        }
        keys[group, default: KeyedHeap()].set(key, priority: ticket)
        count += 1
    }

    package mutating func remove(_ key: Key, of group: String) {
        guard keys[group]?.remove(key) == true else { return }
        count -= 1
        dropIfEmpty(group)
    }

    /// Moves a group that became slow or quick; it keeps its turn.
    mutating func move(_ group: String, toSlow isSlow: Bool) {
        guard let turn = quick.priority(of: group) ?? slow.priority(of: group) else { return }
        quick.remove(group)
        slow.remove(group)
        if isSlow { slow.set(group, priority: turn) } else { quick.set(group, priority: turn) }
    }

    /// Removes the next key whose group may use a worker, and moves the group to the end of the turns.
    package mutating func pop(
        ticket: UInt64, servesSlow: Bool, hasRoom: (_ group: String) -> Bool
    ) -> Key? {
        let quickTurn = Self.first(of: &quick, where: hasRoom)
        let slowTurn = servesSlow ? Self.first(of: &slow, where: hasRoom) : nil
        let isSlow: Bool
        switch (quickTurn, slowTurn) {
        case (let quickTurn?, let slowTurn?): isSlow = slowTurn.turn < quickTurn.turn
        case (nil, _?): isSlow = true
        case (_?, nil): isSlow = false
        case (nil, nil): return nil
        }
        guard let group = (isSlow ? slowTurn : quickTurn)?.group, let key = keys[group]?.popFirst() else { return nil }
        count -= 1
        if isSlow { slow.set(group, priority: ticket) } else { quick.set(group, priority: ticket) }
        dropIfEmpty(group)
        return key
    }

    mutating func removeAll() { self = FairQueue() }

    private mutating func dropIfEmpty(_ group: String) {
        guard keys[group]?.isEmpty == true else { return }
        keys[group] = nil
        quick.remove(group)
        slow.remove(group)
    }

    /// The first group in turn that may use a worker; keeps the order.
    private static func first(
        of turns: inout KeyedHeap<String, UInt64>, where hasRoom: (String) -> Bool
    ) -> (group: String, turn: UInt64)? {
        var skipped: [(group: String, turn: UInt64)] = []
        defer { for (group, turn) in skipped { turns.set(group, priority: turn) } }
        while let (group, turn) = turns.first {
            if hasRoom(group) { return (group, turn) }
            turns.remove(group)
            skipped.append((group, turn))
        }
        return nil
    }
}

/// How many workers the keys of one group may use at the same time, so that a slow group does not block the others.
///
/// A group becomes slow when a worker has had one of its keys for ``slowness``, and quick again when a key is finished
/// sooner.
public struct WorkShares: Hashable, Sendable {
    /// The maximum number of workers of one group.
    public var perGroup: Int
    /// The maximum number of workers of one slow group.
    public var perSlowGroup: Int
    /// The maximum number of workers of all slow groups together.
    public var allSlow: Int

    /// A key that a worker has for this long makes its group slow.
    public static let slowness = Duration.seconds(2)

    /// No limits: each group may use all workers.
    public static let unlimited = WorkShares(perGroup: .max, perSlowGroup: .max, allSlow: .max)

    public init(perGroup: Int, perSlowGroup: Int, allSlow: Int) {
        self.perGroup = perGroup
        self.perSlowGroup = perSlowGroup
        self.allSlow = allSlow
    }

    /// Reserves one worker from each group, and from all slow groups together; a slow group gets half of the workers
    /// and one more.
    public init(ofWorkers workers: Int) {
        let shared = max(1, workers - 1)
        self.init(perGroup: shared, perSlowGroup: min(shared, workers / 2 + 1), allSlow: shared)
    }
}
