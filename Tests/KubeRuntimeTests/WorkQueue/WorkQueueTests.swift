import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct WorkQueueTests {
    let time = VirtualTime()

    func makeQueue(_ metrics: MetricsRegistry? = nil) -> WorkQueue<String> {
        WorkQueue(name: "test", time: time, random: { 0.5 }, metrics: metrics)
    }

    @Test func workersGetKeysAndDelayedOnesWhenTheirTimeComes() async {
        let queue = makeQueue()
        queue.add("later", after: .seconds(10))
        queue.add("now")
        #expect(await queue.next()?.key == "now")
        async let later = queue.next()
        time.advance(by: .seconds(9))
        #expect(queue.depth == 0)
        time.advance(by: .seconds(1))
        #expect(await later?.key == "later")
    }

    @Test func failuresBackOffAndSuccessResets() async {
        let queue = makeQueue()
        queue.add("key")
        for attempt in 1...4 {
            let item = await queue.next()
            #expect(item?.attempt == attempt)
            queue.done("key", .retry())
            #expect(queue.depth == 0)
            time.advance(by: Backoff.workQueue.delay(attempt: attempt, random: 0.5))
            #expect(queue.depth == 1)
        }
        _ = await queue.next()
        queue.done("key", .retry(notBefore: .seconds(7)))
        time.advance(by: .seconds(6))
        #expect(queue.depth == 0)
        time.advance(by: .seconds(1))
        #expect(await queue.next()?.attempt == 6)
        queue.done("key", .success)
        #expect(queue.count == 0)
        queue.add("key")
        #expect(await queue.next()?.attempt == 1)
    }

    @Test func oneTimerServesAllDelayedKeys() {
        let queue = makeQueue()
        for index in 0..<1_000 { queue.add("key-\(index)", after: .seconds(60 + index)) }
        #expect(time.scheduledCount == 1)
        time.advance(by: .seconds(2_000))
        #expect(queue.depth == 1_000)
        #expect(time.scheduledCount == 0)
    }

    @Test func aCancelledWorkerLosesNoKey() async {
        let queue = makeQueue()
        for _ in 0..<50 {
            let worker = Task { await queue.next() }
            if Bool.random() { await Task.yield() }
            worker.cancel()
            queue.add("key")
            if let item = await worker.value { queue.done(item.key, .retry()) }
            time.advance(by: .seconds(600))
            #expect(queue.depth == 1)
            guard let item = await queue.next() else { return }
            queue.done(item.key, .success)
        }
    }

    @Test func shutDownSendsWorkersAwayAndDrainWaitsForTheLast() async {
        let queue = makeQueue()
        queue.add("running")
        #expect(await queue.next()?.key == "running")
        async let idle = queue.next()
        let drained = Locked(false)
        async let drain: Void = {
            await queue.shutDownAndDrain()
            drained.withLock { $0 = true }
        }()
        #expect(await idle == nil)
        queue.add("late")
        #expect(await queue.next() == nil)
        #expect(!drained.withLock { $0 })
        queue.done("running", .retry())
        await drain
        #expect(queue.count == 0)
    }

    @Test func noTimerIsLeftAfterAShutdown() async {
        let queue = makeQueue()
        queue.add("later", after: .seconds(10))
        queue.add("soon", after: .seconds(5))
        queue.add("running")
        #expect(await queue.next()?.key == "running")
        #expect(time.scheduledCount == 2)
        queue.shutDown()
        queue.done("running", .retry())
        #expect(time.scheduledCount == 0)
    }

    @Test func manyWorkersNeverShareAKeyAndMissNothing() async {
        let queue = WorkQueue<Int>(name: "stress", time: SystemTime())
        let busy = Locked(Set<Int>())
        let runs = Locked(0)
        await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask {
                    while let item = await queue.next() {
                        #expect(busy.withLock { $0.insert(item.key).inserted })
                        await Task.yield()
                        _ = busy.withLock { $0.remove(item.key) }
                        runs.withLock { $0 += 1 }
                        queue.done(item.key, .success)
                    }
                }
            }
            for round in 0..<20_000 { queue.add(round % 50, priority: round % 3 == 0 ? .background : .fresh) }
            await eventually("the queue is empty") { queue.count == 0 }
            queue.shutDown()
        }
        #expect(runs.withLock { $0 } >= 50)
    }

    @Test func metricsCarryTheUsualNames() async {
        let registry = MetricsRegistry()
        let queue = makeQueue(registry)
        queue.add("a")
        queue.add("b", priority: .background)
        _ = await queue.next()
        time.advance(by: .seconds(3))
        let text = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(text.contains(#"workqueue_depth{name="test",controller="test",priority="background"} 1"#))
        #expect(text.contains(#"workqueue_adds_total{name="test",controller="test"} 2"#))
        #expect(text.contains(#"workqueue_unfinished_work_seconds{name="test",controller="test"} 3"#))
        queue.done("a", .retry())
        let after = String(decoding: registry.exposition(), as: UTF8.self)
        #expect(after.contains(#"workqueue_retries_total{name="test",controller="test"} 1"#))
        #expect(after.contains(#"workqueue_work_duration_seconds_count{name="test",controller="test"} 1"#))
    }
}
