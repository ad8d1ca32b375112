/// The ready keys of one priority: first come, first served within a group, and the groups take turns.
///
/// Groups are either quick or slow; the caller says which, and which of them may have another worker now. Every
/// operation is O(log n), plus the number of groups that have workers but no room.
struct FairQueue<Key: Hashable & Sendable>: Sendable {
    /// The ready keys of each group by ticket; no group without a key is in it.
    private var keys: [String: KeyedHeap<Key, UInt64>] = [:]
    /// The quick groups that have ready keys, by the ticket of their next turn.
    private var quick = KeyedHeap<String, UInt64>()
    /// The slow ones.
    private var slow = KeyedHeap<String, UInt64>()
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// Puts a key at the end of its group's line.
    mutating func append(_ key: Key, of group: String, isSlow: Bool, ticket: UInt64) {
        guard keys[group]?.priority(of: key) == nil else { return }
        if keys[group] == nil {
            if isSlow { slow.set(group, priority: ticket) } else { quick.set(group, priority: ticket) }
        }
        keys[group, default: KeyedHeap()].set(key, priority: ticket)
        count += 1
    }

    mutating func remove(_ key: Key, of group: String) {
        guard keys[group]?.remove(key) == true else { return }
        count -= 1
        dropIfEmpty(group)
    }

    /// Moves a group that has become slow, or quick again; its turn stays where it was.
    mutating func move(_ group: String, toSlow isSlow: Bool) {
        guard let turn = quick.priority(of: group) ?? slow.priority(of: group) else { return }
        quick.remove(group)
        slow.remove(group)
        if isSlow { slow.set(group, priority: turn) } else { quick.set(group, priority: turn) }
    }

    /// Takes the next key whose group has room, and puts the group at the end of the turns.
    mutating func pop(
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

    /// The first group in turn that has room; the order stays as it is.
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

/// How many workers the keys of one group may have at the same time, so that the trouble of one is not that of others.
///
/// A group is slow from the moment a key of it is with a worker for ``slowness`` until one is given back sooner.
public struct WorkShares: Hashable, Sendable {
    /// The most workers for the keys of one group.
    public var perGroup: Int
    /// The most workers for the keys of one slow group.
    public var perSlowGroup: Int
    /// The most workers for the keys of all slow groups together.
    public var allSlow: Int

    /// A key that is with a worker for this long makes its group slow.
    public static let slowness = Duration.seconds(2)

    /// No limits: every group may have all workers.
    public static let unlimited = WorkShares(perGroup: .max, perSlowGroup: .max, allSlow: .max)

    public init(perGroup: Int, perSlowGroup: Int, allSlow: Int) {
        self.perGroup = perGroup
        self.perSlowGroup = perSlowGroup
        self.allSlow = allSlow
    }

    /// Keeps one worker free of any one group, and of all slow groups together; a slow group gets half of the workers.
    public init(ofWorkers workers: Int) {
        self.init(perGroup: max(1, workers - 1), perSlowGroup: max(1, workers / 2), allSlow: max(1, workers - 1))
    }
}
