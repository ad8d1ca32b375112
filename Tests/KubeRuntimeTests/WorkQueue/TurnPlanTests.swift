import KubeClient
import Testing

@testable import KubeRuntime

@Suite struct TurnPlanTests {
    private let instant = ContinuousClock.now
    private let start = ServerTime(seconds: 1_767_261_600)
    private let cap = 50

    private func key(_ number: Int) -> ObjectKey { ObjectKey(namespace: "payments", name: "e-\(number)") }
    private func after(_ seconds: Int64) -> ServerTime { start + .seconds(seconds) }

    @Test func `gives an object its turn when it is due`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        plan.plan(key(1), at: after(10))
        #expect(plan.giveTurns(now: after(10) - .nanoseconds(1), at: instant) == [])
        #expect(plan.giveTurns(now: after(10), at: instant) == [key(1)])
        #expect(plan.isTurn(of: key(1)))
        #expect(plan.giveTurns(now: after(10), at: instant) == [])
        plan.endTurn(of: key(1))
        #expect(!plan.isTurn(of: key(1)))
    }

    @Test func `the last planned time replaces earlier ones`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        plan.plan(key(1), at: after(10))
        plan.plan(key(1), at: after(20))
        #expect(plan.giveTurns(now: after(15), at: instant) == [])
        plan.plan(key(1), at: after(12))
        #expect(plan.giveTurns(now: after(15), at: instant) == [key(1)])
        plan.plan(key(2), at: after(12))
        plan.forget(key(2))
        plan.forget(key(1))
        #expect(plan.giveTurns(now: after(15), at: instant) == [] && !plan.isTurn(of: key(1)))
        #expect(plan.nextCheck(now: after(15), at: instant) == nil)
    }

    @Test func `a time that is planned during a turn applies after it`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        plan.plan(key(1), at: after(10))
        #expect(plan.giveTurns(now: after(10), at: instant) == [key(1)])
        plan.plan(key(1), at: after(10))
        #expect(
            plan.giveTurns(now: after(10), at: instant) == [], "a failure is tried again by the queue, with a pause")
        #expect(plan.nextCheck(now: after(10), at: instant) == nil)
        plan.endTurn(of: key(1))
        #expect(plan.giveTurns(now: after(10), at: instant) == [key(1)])
    }

    @Test func `the due objects of one namespace do not delay those of another`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        for number in 0..<1_000 {
            plan.plan(ObjectKey(namespace: "attack", name: "e-\(number)"), at: after(Int64(number % 7)))
        }
        _ = plan.giveTurns(now: after(100), at: instant)
        for number in 0..<20 { plan.plan(key(number), at: after(100 + Int64(number))) }
        let next = plan.giveTurns(now: after(200), at: instant + TurnPlan.interval)
        #expect(next.count == cap)
        #expect(next.filter { $0.namespace == "payments" } == (0..<20).map(key), "all of them, in order")
        plan.forget(ObjectKey(namespace: "attack", name: "e-999"))
        #expect(plan.waitingCount == 1_000 - 2 * cap + 20 - 1)
    }

    @Test func `many due objects are spread over intervals, the longest due first`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        for number in (0..<120).shuffled() { plan.plan(key(number), at: after(Int64(number))) }
        var order: [ObjectKey] = []
        var (now, elapsed) = (instant, Duration.zero)
        while order.count < 120 {
            let turns = plan.giveTurns(now: after(500), at: now)
            #expect(turns.count <= cap)
            order += turns
            // The wall clock stands still, but intervals pass.
            guard let next = plan.nextCheck(now: after(500), at: now) else { break }
            elapsed += now.duration(to: next)
            now = next
        }
        #expect(order == (0..<120).map(key))
        #expect(elapsed == .seconds((120 - 1) / cap))
    }

    @Test func `reads the wall clock at least once a second`() {
        var plan = TurnPlan(turnsPerInterval: cap)
        #expect(plan.nextCheck(now: after(0), at: instant) == nil, "no execution waits")
        plan.plan(key(1), at: after(86_400))
        #expect(plan.nextCheck(now: after(0), at: instant) == instant + .seconds(1))
        #expect(plan.nextCheck(now: after(86_400) - .milliseconds(3), at: instant) == instant + .milliseconds(3))
        // Set back by an hour: it waits for longer, and deletes nothing too early.
        #expect(plan.giveTurns(now: after(82_800), at: instant) == [])
    }
}
