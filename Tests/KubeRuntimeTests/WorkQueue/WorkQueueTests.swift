import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct WorkQueueTests {
    let time = VirtualTime()

    func makeQueue(_ metrics: MetricsRegistry? = nil) -> WorkQueue<String> {
        WorkQueue(name: "test", time: time, random: { 0.5 }, metrics: metrics)
    }

    @Test func `workers get ready keys immediately and delayed ones when due`() async {
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

    @Test func `failures back off and a success resets them`() async {
        let queue = makeQueue()
        queue.add("key")
        for attempt in 1...4 {
            let item = await queue.next()
            #expect(item?.attempt == attempt)
            queue.done("key", .failed())
            #expect(queue.depth == 0)
            time.advance(by: Backoff.workQueue.delay(attempt: attempt, random: 0.5))
            #expect(queue.depth == 1)
        }
        _ = await queue.next()
        queue.done("key", .failed(retryAfter: .seconds(7)))
        time.advance(by: .seconds(6))
        #expect(queue.depth == 0)
        time.advance(by: .seconds(1))
        #expect(await queue.next()?.attempt == 6)
        queue.done("key", .success)
        #expect(queue.count == 0)
        queue.add("key")
        #expect(await queue.next()?.attempt == 1)
    }

    @Test func `one timer serves all delayed keys`() {
        let queue = makeQueue()
        for index in 0..<1_000 { queue.add("key-\(index)", after: .seconds(60 + index)) }
        #expect(time.scheduledCount == 1)
        time.advance(by: .seconds(2_000))
        #expect(queue.depth == 1_000)
        #expect(time.scheduledCount == 0)
    }

    @Test func `a cancelled worker loses no key`() async {
        let queue = makeQueue()
        for _ in 0..<50 {
            let worker = Task { await queue.next() }
            if Bool.random() { await Task.yield() }
            worker.cancel()
            queue.add("key")
            if let item = await worker.value { queue.done(item.key, .failed()) }
            time.advance(by: .seconds(600))
            #expect(queue.depth == 1)
            guard let item = await queue.next() else { return }
            queue.done(item.key, .success)
        }
    }

    @Test func `shutdown dismisses workers and the drain waits for the last`() async {
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
        queue.done("running", .failed())
        await drain
        #expect(queue.count == 0)
    }

    @Test func `no timer is left after a shutdown`() async {
        let queue = makeQueue()
        queue.add("later", after: .seconds(10))
        queue.add("soon", after: .seconds(5))
        queue.add("running")
        #expect(await queue.next()?.key == "running")
        #expect(time.scheduledCount == 1)
        queue.shutDown()
        queue.done("running", .failed())
        #expect(time.scheduledCount == 0)
    }

    @Test func `many workers never share a key and miss none`() async {
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
            for round in 0..<20_000 { queue.add(round % 50, priority: round % 3 == 0 ? .low : .normal) }
            await eventually("the queue is empty") { queue.count == 0 }
            queue.shutDown()
        }
        #expect(runs.withLock { $0 } >= 50)
    }

    @Test func `metrics have client-go's names`() async {
        let registry = MetricsRegistry()
        func shows(_ line: String) -> Bool {
            String(decoding: registry.exposition(), as: UTF8.self).contains("\nworkqueue_\(line)\n")
        }
        let (queue, labels) = (makeQueue(registry), #"name="test",controller="test""#)
        #expect(shows("retries_total{\(labels)} 0"))
        queue.add("a")
        queue.add("a")
        queue.add("b", priority: .low, endsBackoff: false)
        queue.add("c", after: .seconds(60))
        #expect(shows(#"depth{\#(labels),priority="0"} 1"#))
        #expect(shows(#"depth{\#(labels),priority="-100"} 1"#))
        #expect(shows("adds_total{\(labels)} 2"), "a delayed key is not an add yet, and duplicates count once")
        #expect(shows("retries_total{\(labels)} 1"), "it will be an add later")
        _ = await queue.next()
        time.advance(by: .seconds(3))
        #expect(shows("unfinished_work_seconds{\(labels)} 3"))
        #expect(shows("longest_running_processor_seconds{\(labels)} 3"))
        queue.done("a", .failed())
        #expect(shows("retries_total{\(labels)} 2"))
        #expect(shows("work_duration_seconds_count{\(labels)} 1"))
        #expect(shows(#"work_duration_seconds_bucket{\#(labels),le="9.999999999999999e-06"} 0"#), "as in client-go")
        #expect(shows(#"work_duration_seconds_bucket{\#(labels),le="1000"} 1"#))
        await eventually("everything becomes ready") {
            time.advance(by: .seconds(60))
            return shows("adds_total{\(labels)} 4")
        }
    }

    @Test func `one timer serves all keys, regardless of their order`() {
        let time = VirtualTime()
        let queue = WorkQueue<Int>(name: "test", time: time)
        for key in 0..<100 { queue.add(key, after: .seconds(1_000 - key)) }
        #expect(time.scheduledCount == 1)
        for key in 0..<100 { queue.drop(key) }
        #expect(queue.count == 0)
        time.advance(by: .seconds(1_000))
        #expect(time.scheduledCount == 0)
    }
}
