import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

@Suite struct ExpiryScheduleTests {
    private let time = VirtualTime()
    private let woken = Locked<[ObjectKey]>([])
    private let offset = Locked(Duration.zero)
    private let key = ObjectKey(namespace: "payments", name: "restart")

    private func schedule() -> ExpirySchedule {
        let (even, woken, offset) = (time.wallClock(startingAt: Timestamp(assuming: Fixtures.start)), woken, offset)
        let clock = ServerClock(time: time, fallback: WallClock { even.now() + offset.withLock { $0 } })
        return ExpirySchedule(turnsPerSecond: ExpirySchedule.expiriesPerSecond, time: time, clock: clock) { key in
            woken.withLock { $0.append(key) }
        }
    }

    private var count: Int { woken.withLock { $0.count } }

    @Test func `queues nothing before the start or after the stop`() {
        let schedule = schedule()
        schedule.plan(key, at: Fixtures.start)
        #expect(time.scheduledCount == 0 && count == 0)
        schedule.start()
        #expect(count == 1)
        schedule.endTurn(of: key)
        schedule.plan(key, at: Fixtures.start + .seconds(5))
        #expect(time.scheduledCount == 1)
        schedule.stop()
        #expect(time.scheduledCount == 0)
        time.advance(by: .seconds(10))
        #expect(count == 1)
    }

    @Test func `queues an execution exactly when it is due, with a single timer`() {
        let schedule = schedule()
        schedule.start()
        schedule.plan(key, at: Fixtures.start + .milliseconds(90_500))
        for number in 0..<500 {
            schedule.plan(ObjectKey(namespace: "x", name: "\(number)"), at: Fixtures.start + .seconds(86_400))
        }
        #expect(time.scheduledCount == 1)
        time.advance(by: .milliseconds(90_499))
        #expect(count == 0)
        time.advance(by: .milliseconds(1))
        #expect(woken.withLock { $0 } == [key])
        #expect(time.scheduledCount == 1)
    }

    @Test func `notices within a second that the clock was set forward`() {
        let schedule = schedule()
        schedule.start()
        schedule.plan(key, at: Fixtures.start + .seconds(3_600))
        time.advance(by: .milliseconds(1_500))
        offset.withLock { $0 = .seconds(3_600) }
        time.advance(by: .seconds(1))
        #expect(count == 1)
    }

    @Test func `never queues too early after the clock was set back`() {
        let schedule = schedule()
        schedule.start()
        schedule.plan(key, at: Fixtures.start + .seconds(60))
        time.advance(by: .seconds(59))
        offset.withLock { $0 = .seconds(-600) }
        time.advance(by: .seconds(600))
        #expect(count == 0)
        time.advance(by: .seconds(1))
        #expect(count == 1)
    }

    @Test func `an earlier time is not missed because of a later one`() {
        let schedule = schedule()
        schedule.start()
        schedule.plan(ObjectKey(namespace: "x", name: "y"), at: Fixtures.start + .seconds(100))
        schedule.plan(key, at: Fixtures.start + .milliseconds(10))
        time.advance(by: .milliseconds(10))
        #expect(woken.withLock { $0 } == [key])
        schedule.forget(ObjectKey(namespace: "x", name: "y"))
        time.advance(by: .seconds(200))
        #expect(count == 1 && time.scheduledCount == 0)
    }
}
