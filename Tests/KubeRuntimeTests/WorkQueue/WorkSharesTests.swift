import TestSupport
import Testing

@testable import KubeRuntime

/// How groups of keys share the workers. A key is `group * 100 + number`.
@Suite struct WorkSharesTests {
    let start = ContinuousClock.now

    func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    func makeQueue(workers: Int) -> WorkQueueState<Int> {
        WorkQueueState(shares: WorkShares(ofWorkers: workers)) { "\($0 / 100)" }
    }

    @Test func `groups take turns`() {
        var queue = WorkQueueState<Int> { "\($0 / 100)" }
        for key in [100, 101, 102, 200, 300, 201] { queue.add(key, priority: .normal, now: start) }
        #expect((0..<7).map { _ in queue.pop(now: start)?.key } == [100, 200, 300, 101, 201, 102, nil])
    }

    @Test func `a late group does not wait for all keys of another`() {
        var queue = WorkQueueState<Int> { "\($0 / 100)" }
        for key in 100..<200 { queue.add(key, priority: .low, endsBackoff: false, now: start) }
        _ = queue.pop(now: start)
        queue.add(200, priority: .low, endsBackoff: false, now: start)
        let next = (0..<2).map { _ in queue.pop(now: start)?.key }
        #expect(next.contains(200))
    }

    @Test func `one group leaves a worker for the others`() {
        var queue = makeQueue(workers: 4)
        for key in 100..<110 { queue.add(key, priority: .normal, now: start) }
        #expect((0..<4).map { _ in queue.pop(now: start)?.key } == [100, 101, 102, nil])
        queue.add(200, priority: .low, endsBackoff: false, now: start)
        #expect(queue.pop(now: start)?.key == 200, "at any priority")
        _ = queue.finish(101, .worked, again: nil, now: start)
        #expect(queue.pop(now: start)?.key == 103)
    }

    @Test func `a single worker serves all groups`() {
        var queue = makeQueue(workers: 1)
        for key in [100, 200] { queue.add(key, priority: .normal, now: start) }
        #expect(queue.pop(now: start)?.key == 100)
        _ = queue.finish(100, .failed, again: at(5), now: at(3))
        #expect(queue.pop(now: at(3))?.key == 200)
    }

    @Test func `a slow group gets half of the workers and one more until it is quick again`() {
        var queue = makeQueue(workers: 6)
        for key in 100..<110 { queue.add(key, priority: .normal, now: start) }
        #expect((0..<6).map { _ in queue.pop(now: start)?.key } == [100, 101, 102, 103, 104, nil])
        _ = queue.finish(100, .failed, again: nil, now: at(10))
        #expect(queue.pop(now: at(10)) == nil, "workers still have four keys")
        _ = queue.finish(101, .failed, again: nil, now: at(10))
        #expect(queue.pop(now: at(10))?.key == 105)
        #expect(queue.pop(now: at(10)) == nil)
        for key in 102...104 { _ = queue.finish(key, .failed, again: nil, now: at(10)) }
        _ = queue.finish(105, .worked, again: nil, now: at(11))
        #expect((0..<6).map { _ in queue.pop(now: at(11))?.key } == [106, 107, 108, 109, nil, nil])
    }

    @Test func `all slow groups together leave a worker for the others`() {
        var queue = makeQueue(workers: 4)
        for group in 1...4 { queue.add(group * 100, priority: .normal, now: start) }
        for _ in 1...4 { _ = queue.pop(now: start) }
        for group in 1...4 {
            queue.add(group * 100 + 1, priority: .normal, now: at(9))
            _ = queue.finish(group * 100, .failed, again: nil, now: at(10))
        }
        #expect((0..<4).map { _ in queue.pop(now: at(10))?.key } == [101, 201, 301, nil])
        queue.add(500, priority: .low, endsBackoff: false, now: at(10))
        #expect(queue.pop(now: at(10))?.key == 500)
    }

    @Test func `a key that was not attempted keeps its failures`() {
        var queue = makeQueue(workers: 4)
        queue.add(100, priority: .normal, now: start)
        _ = queue.pop(now: start)
        _ = queue.finish(100, .failed, again: start, now: start)
        #expect(queue.pop(now: start) == nil)
        queue.promote(now: start)
        #expect(queue.pop(now: start)?.attempt == 2)
        // Its own write comes back while it waits: no reason to check again.
        queue.add(100, priority: .low, endsBackoff: false, now: start)
        _ = queue.finish(100, .untried, again: at(10), now: start)
        #expect(queue.nextDeadline == at(10))
        queue.add(100, priority: .normal, now: at(1))
        #expect(queue.pop(now: at(1))?.attempt == 2)
    }

    /// A key waits for at most two reconciliations for each busy group that a worker has to serve, four if its priority
    /// is low: the bound of the documentation.
    @Test(arguments: 0..<40) func `busy groups delay another group by a bounded time`(round: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let workers = 2 + random.below(8)
        let busyGroups = 1 + random.below(12)
        let longest = Duration.milliseconds(50 + random.below(1_500))
        var queue = makeQueue(workers: workers)
        var now = start
        var running: [Int: ContinuousClock.Instant] = [:]
        var waiting: [Int: (since: ContinuousClock.Instant, isLow: Bool)] = [:]
        var served = 0
        func cost() -> Duration { longest * Double(random.below(100) + 1) / 100 }
        for group in 1...busyGroups {
            for number in 0..<50 {
                queue.add(group * 100 + number, priority: random.below(2) == 0 ? .normal : .low, now: now)
            }
        }
        while served < 200 {
            while running.count < workers, let item = queue.pop(now: now) {
                running[item.key] = now + cost()
                guard let (since, isLow) = waiting.removeValue(forKey: item.key) else { continue }
                served += 1
                let turns = (busyGroups + workers - 1) / workers
                let bound = longest * ((isLow ? 4 : 2) * turns + 1)
                #expect(since.duration(to: now) <= bound, "\(isLow ? "low" : "normal") priority, seed \(seed)")
            }
            if random.below(20) == 0, waiting.isEmpty, !running.keys.contains(where: { $0 >= 9_000 }) {
                let isLow = random.below(2) == 0
                queue.add(9_000 + served, priority: isLow ? .low : .normal, now: now)
                waiting[9_000 + served] = (now, isLow)
                continue
            }
            guard let (key, end) = running.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { break }
            now = end
            running[key] = nil
            _ = queue.finish(key, .worked, again: nil, now: now)
            // A busy object is changed again at once.
            if key < 9_000 { queue.add(key, priority: random.below(2) == 0 ? .normal : .low, now: now) }
        }
        #expect(served == 200, "seed \(seed)")
    }

    /// No share is exceeded, no worker is idle while it could work, and no group is skipped for long.
    @Test(arguments: 0..<40) func `random histories keep the shares`(round: Int) {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let workers = 1 + random.below(9)
        let shares = WorkShares(ofWorkers: workers)
        var queue = makeQueue(workers: workers)
        var now = start
        var running: [Int: ContinuousClock.Instant] = [:]
        var slow: Set<Int> = []
        var ready: Set<Int> = []
        /// How often others were served while a ready group could have been.
        var passedOver: [Int: Int] = [:]
        func noteSlow() {
            for (key, since) in running where since.duration(to: now) >= .seconds(2) { slow.insert(key / 100) }
        }
        func hasRoom(_ group: Int) -> Bool {
            let mine = running.keys.count { $0 / 100 == group }
            guard slow.contains(group) else { return mine < shares.perGroup }
            return mine < shares.perSlowGroup && running.keys.count { slow.contains($0 / 100) } < shares.allSlow
        }
        for _ in 0..<3_000 {
            switch random.below(5) {
            case 0, 1:
                let key = (1 + random.below(6)) * 100 + random.below(5)
                guard running[key] == nil else { continue }
                queue.add(key, priority: random.below(2) == 0 ? .normal : .low, now: now)
                ready.insert(key)
            case 2 where running.count < workers:
                noteSlow()
                let servable = Set(ready.map { $0 / 100 }.filter(hasRoom))
                let item = queue.pop(now: now)
                #expect((item == nil) == servable.isEmpty, "seed \(seed)")
                guard let key = item?.key else { continue }
                #expect(servable.contains(key / 100), "seed \(seed)")
                ready.remove(key)
                running[key] = now
                for group in servable where group != key / 100 { passedOver[group, default: 0] += 1 }
                passedOver = passedOver.filter { servable.contains($0.key) && $0.key != key / 100 }
                // Six groups in two queues, one of which gets at least a quarter of the turns.
                #expect(passedOver.values.allSatisfy { $0 <= 6 * 4 }, "seed \(seed)")
            case 3:
                guard let key = running.keys.sorted().randomElement(using: &random), let since = running[key] else {
                    continue
                }
                running[key] = nil
                let isSlow = since.duration(to: now) >= .seconds(2)
                if isSlow { slow.insert(key / 100) } else { slow.remove(key / 100) }
                #expect(queue.finish(key, .worked, again: nil, now: now) == since.duration(to: now))
                // A group without keys is forgotten.
                let isIdle =
                    !ready.contains { $0 / 100 == key / 100 } && !running.keys.contains { $0 / 100 == key / 100 }
                if isIdle { slow.remove(key / 100) }
            default: now += .milliseconds(random.below(900))
            }
        }
    }
}
