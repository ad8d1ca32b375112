import KubeClient
import TestSupport
import Testing

@testable import KubeRuntime

@Suite struct TimerTests {
    @Test func `the heap keeps its order under random changes`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        var heap = KeyedHeap<Int, Int>()
        var model: [Int: Int] = [:]
        for _ in 0..<5_000 {
            let key = Int.random(in: 0..<60, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let priority = Int.random(in: 0..<1_000, using: &random)
                heap.set(key, priority: priority)
                model[key] = priority
            case 2:
                #expect(heap.remove(key) == (model.removeValue(forKey: key) != nil), "seed \(seed)")
            default:
                #expect(heap.first?.priority == model.values.min(), "seed \(seed)")
                if let popped = heap.popFirst() { model[popped] = nil }
            }
            #expect(heap.count == model.count, "seed \(seed)")
        }
    }

    @Test func `virtual time runs each action at its deadline, in order`() {
        let time = VirtualTime()
        let start = time.now
        let log = Locked([(String, Duration)]())
        for (name, delay) in [("c", 30), ("a", 10), ("b", 20), ("a2", 10)] {
            time.schedule(after: .seconds(delay)) { log.withLock { $0.append((name, start.duration(to: time.now))) } }
        }
        let cancelled = time.schedule(after: .seconds(15)) { log.withLock { $0.append(("never", .zero)) } }
        time.cancel(cancelled)
        time.advance(by: .seconds(25))
        #expect(log.withLock { $0.map(\.0) } == ["a", "a2", "b"])
        #expect(log.withLock { $0.map(\.1) } == [.seconds(10), .seconds(10), .seconds(20)])
        #expect(time.scheduledCount == 1)
    }

    @Test func `system time runs actions and sets its timer again`() async throws {
        let time = SystemTime()
        let started = time.now
        try await time.sleep(for: .milliseconds(20))
        #expect(started.duration(to: time.now) >= .milliseconds(20))
        async let late: Void = time.sleep(for: .milliseconds(40))
        async let early: Void = time.sleep(for: .milliseconds(5))
        _ = try await (early, late)
        #expect(started.duration(to: time.now) >= .milliseconds(60))
    }

    @Test(arguments: 0..<20) func `sleep ends on cancellation`(round: Int) async {
        let time = SystemTime()
        let sleeper = Task { () -> Bool in
            do {
                try await time.sleep(for: .seconds(60))
                return false
            } catch {
                return true
            }
        }
        if round % 2 == 0 { await Task.yield() }
        sleeper.cancel()
        #expect(await sleeper.value)
    }
}
