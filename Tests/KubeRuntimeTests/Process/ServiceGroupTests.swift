import Eventually
import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct ServiceGroupTests {
    struct Fault: Error {}

    let time = VirtualTime()
    let stopped = Locked([String]())

    func group(_ services: [Service]) -> ServiceGroup {
        ServiceGroup(services, gracePeriod: .seconds(5), time: time, logger: Logger(LogSink(write: { _ in })))
    }

    func forever(_ name: String) -> Service {
        Service(name) { [stopped] in
            try? await SystemTime().sleep(for: .seconds(600))
            stopped.withLock { $0.append(name) }
        }
    }

    @Test func `a shutdown stops all services`() async throws {
        try await group([forever("a"), forever("b")]).run {}
        #expect(Set(stopped.withLock { $0 }) == ["a", "b"])
        #expect(time.scheduledCount == 0)
    }

    @Test func `the first failure stops the others and is thrown`() async {
        let failing = Service("c") { throw Fault() }
        await #expect { try await group([forever("a"), failing]).run { await never() } } throws: {
            "\($0)" == "c failed: Fault()"
        }
        #expect(stopped.withLock { $0 } == ["a"])
    }

    @Test func `a service that returns early is an error`() async {
        await #expect { try await group([forever("a"), Service("b") {}]).run { await never() } } throws: {
            "\($0)" == "b ended unexpectedly"
        }
    }

    @Test func `a service with a stop action is not cancelled`() async throws {
        let stop = Latch()
        let wasCancelled = Locked<Bool?>(nil)
        let service = Service("a", stop: { stop.set() }) {
            await stop.wait()
            wasCancelled.withLock { $0 = Task.isCancelled }
        }
        try await group([service, forever("b")]).run {}
        #expect(wasCancelled.withLock { $0 } == false)
        #expect(stopped.withLock { $0 } == ["b"])
    }

    @Test func `cancellation is a shutdown`() async {
        let task = Task { try await group([forever("a")]).run { await never() } }
        task.cancel()
        let result = await task.result
        #expect(throws: Never.self) { try result.get() }
        #expect(stopped.withLock { $0 } == ["a"])
    }

    @Test func `the error after the grace period names the stuck service`() async {
        let release = Locked(false)
        let stuck = Service("stuck") {
            while !release.withLock({ $0 }) { await Task.yield() }
        }
        let group = group([forever("a"), stuck])
        let task = Task { try await group.run {} }
        await eventually("the grace period begins") { time.scheduledCount == 1 }
        await eventually("the other one ends") { stopped.withLock { $0 } == ["a"] }
        time.advance(by: .seconds(5))
        let result = await task.result
        #expect { try result.get() } throws: { "\($0)".hasSuffix("grace period: stuck") || "\($0)".contains("stuck") }
        release.withLock { $0 = true }
    }

    private func never() async {
        try? await SystemTime().sleep(for: .seconds(600))
    }
}
