/// The scheduled actions of a time source, in the order in which they are due; pure bookkeeping.
struct TimerHeap {
    /// Due time first; actions of the same instant in the order in which they were scheduled.
    private struct Due: Comparable {
        let deadline: ContinuousClock.Instant
        let number: UInt64

        static func < (left: Due, right: Due) -> Bool {
            (left.deadline, left.number) < (right.deadline, right.number)
        }
    }

    private var order = KeyedHeap<UInt64, Due>()
    /// The action of every number in `order`.
    private var actions: [UInt64: @Sendable () -> Void] = [:]
    private var nextNumber: UInt64 = 0

    var nextDeadline: ContinuousClock.Instant? { order.first?.priority.deadline }
    var count: Int { order.count }

    mutating func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken
    {
        nextNumber += 1
        order.set(nextNumber, priority: Due(deadline: deadline, number: nextNumber))
        actions[nextNumber] = action
        return TimerToken(number: nextNumber)
    }

    mutating func cancel(_ token: TimerToken) {
        order.remove(token.number)
        actions[token.number] = nil
    }

    /// Removes and returns the next action that is due at `now`.
    mutating func popDue(at now: ContinuousClock.Instant) -> (@Sendable () -> Void)? {
        guard let number = order.popFirst(notAbove: Due(deadline: now, number: .max)) else { return nil }
        return actions.removeValue(forKey: number)
    }
}
