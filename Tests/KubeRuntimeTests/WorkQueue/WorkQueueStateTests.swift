import Testing

@testable import KubeRuntime

@Suite struct WorkQueueStateTests {
    let start = ContinuousClock.now

    func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test func `duplicate adds count once and keys are served in order`() {
        var queue = WorkQueueState<Int>()
        for key in [3, 1, 3, 2, 1] { queue.add(key, priority: .normal, now: start) }
        #expect((0..<4).map { _ in queue.pop(now: start)?.key } == [3, 1, 2, nil])
        #expect(queue.count == 3)
    }

    @Test func `a key added while it runs runs once more`() {
        var queue = WorkQueueState<Int>()
        queue.add(1, priority: .normal, now: start)
        _ = queue.pop(now: start)
        queue.add(1, priority: .normal, now: start)
        queue.add(1, priority: .normal, now: start)
        #expect(queue.pop(now: start) == nil)
        #expect(queue.finish(1, .worked, again: nil, now: at(2)) == .seconds(2))
        #expect(queue.pop(now: at(2))?.key == 1)
        _ = queue.finish(1, .worked, again: nil, now: at(2))
        #expect(queue.pop(now: at(2)) == nil)
        #expect(queue.count == 0)
    }

    /// What a worker writes about its failure comes back as a change, which is no reason to retry immediately.
    @Test func `the watch event of an own write does not end a backoff`() {
        for isRunning in [true, false] {
            var queue = WorkQueueState<Int>()
            queue.add(1, priority: .normal, now: start)
            _ = queue.pop(now: start)
            if isRunning { queue.add(1, priority: .low, endsBackoff: false, now: start) }
            _ = queue.finish(1, .failed, again: at(10), now: start)
            if !isRunning { queue.add(1, priority: .low, endsBackoff: false, now: at(1)) }
            #expect(queue.pop(now: at(1)) == nil && queue.nextDeadline == at(10))
            queue.add(1, priority: .normal, now: at(2))
            #expect(queue.pop(now: at(2))?.attempt == 2, "a change ends it")
        }
    }

    @Test func `an expired TTL ends a backoff in spite of its low priority`() {
        for isRunning in [true, false] {
            var queue = WorkQueueState<Int>()
            queue.add(1, priority: .normal, now: start)
            _ = queue.pop(now: start)
            if isRunning { queue.add(1, priority: .low, now: start) }
            _ = queue.finish(1, .failed, again: at(10), now: start)
            if !isRunning { queue.add(1, priority: .low, now: start) }
            #expect(queue.pop(now: at(1))?.attempt == 2)
        }
    }

    @Test func `only the earliest delay of a key counts`() {
        var queue = WorkQueueState<Int>()
        queue.add(1, at: at(10), priority: .normal, now: start)
        queue.add(1, at: at(5), priority: .normal, now: start)
        queue.add(1, at: at(20), priority: .normal, now: start)
        #expect(queue.nextDeadline == at(5))
        queue.promote(now: at(5))
        #expect(queue.pop(now: at(5))?.key == 1)
        _ = queue.finish(1, .worked, again: nil, now: at(5))
        #expect(queue.nextDeadline == nil)
    }

    @Test func `an add ends the delay and keeps the attempt`() {
        var queue = WorkQueueState<Int>()
        queue.add(1, priority: .normal, now: start)
        #expect(queue.pop(now: start)?.attempt == 1)
        _ = queue.finish(1, .failed, again: at(100), now: start)
        queue.add(1, priority: .normal, now: at(1))
        #expect(queue.nextDeadline == nil)
        #expect(queue.pop(now: at(1))?.attempt == 2)
        _ = queue.finish(1, .worked, again: at(200), now: at(1))
        queue.promote(now: at(200))
        #expect(queue.pop(now: at(200))?.attempt == 1)
    }

    @Test func `keys of low priority get turns under constant load`() {
        var queue = WorkQueueState<Int>()
        for key in 0..<100 { queue.add(key, priority: .low, endsBackoff: false, now: start) }
        var served = 0
        for turn in 0..<400 {
            queue.add(1_000 + turn, priority: .normal, now: start)
            queue.add(5_000 + turn, priority: .normal, now: start)
            guard let item = queue.pop(now: start) else { continue }
            if item.key < 100 { served += 1 }
            _ = queue.finish(item.key, .worked, again: nil, now: start)
        }
        #expect(served == 100)
    }

    @Test func `a change overtakes keys of low priority`() {
        var queue = WorkQueueState<Int>()
        for key in 0..<10 { queue.add(key, priority: .low, endsBackoff: false, now: start) }
        queue.add(7, priority: .normal, now: start)
        #expect(queue.pop(now: start)?.key == 7)
        #expect(queue.readyCount == 9)
    }

    @Test func `waiting keys are forgotten at shutdown`() {
        var queue = WorkQueueState<Int>()
        for key in 0..<3 { queue.add(key, priority: .normal, now: start) }
        queue.add(9, at: at(9), priority: .normal, now: start)
        _ = queue.pop(now: start)
        queue.removeUnstarted()
        #expect(queue.count == 1)
        #expect(queue.nextDeadline == nil)
        #expect(queue.finish(0, .worked, again: nil, now: start) != nil)
        #expect(queue.count == 0)
    }

    @Test func `a key without a worker cannot be finished`() {
        var queue = WorkQueueState<Int>()
        queue.add(1, priority: .normal, now: start)
        #expect(queue.finish(1, .worked, again: nil, now: start) == nil)
        #expect(queue.finish(2, .worked, again: nil, now: start) == nil)
        #expect(queue.pop(now: start)?.key == 1)
    }

    /// The timeout of an execution can be years.
    @Test func `a key whose object is gone does not wait for its time`() {
        var queue = WorkQueueState<String>()
        queue.add("a", at: start + .seconds(1_000_000), priority: .normal, now: start)
        queue.drop("a", now: start)
        #expect((queue.count, queue.waitingCount) == (0, 0))
        #expect(queue.nextDeadline == nil)
        queue.drop("a", now: start)
        #expect(queue.count == 0)
    }

    @Test func `a key whose object is gone runs once more if a worker has it`() {
        var queue = WorkQueueState<String>()
        queue.add("a", priority: .normal, now: start)
        #expect(queue.pop(now: start)?.key == "a")
        queue.drop("a", now: start)
        // The worker decided before the object was gone.
        _ = queue.finish("a", .worked, again: start + .seconds(1_000_000), now: start)
        #expect(queue.pop(now: start)?.key == "a")
        _ = queue.finish("a", .worked, again: nil, now: start)
        #expect(queue.count == 0)
    }

    @Test func `a ready key whose object is gone still runs`() {
        var queue = WorkQueueState<String>()
        queue.add("a", priority: .normal, now: start)
        queue.drop("a", now: start)
        #expect(queue.pop(now: start)?.key == "a")
    }
}
