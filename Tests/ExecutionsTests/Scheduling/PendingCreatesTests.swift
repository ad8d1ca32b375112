import KubeClient
import Testing

@testable import Executions

@Suite struct PendingCreatesTests {
    private let run = ObjectKey(namespace: "payments", name: "restart-3f9c2a71d0")
    private let start = ContinuousClock.now
    private let creates = PendingCreates(patience: .seconds(10))

    @Test func `a create that was never sent has no deadline`() {
        #expect(creates.deadline(of: run, now: start) == nil)
    }

    @Test func `a create without an answer can take effect until its deadline`() {
        creates.record(run, at: start)
        #expect(creates.deadline(of: run, now: start + .seconds(4)) == start + .seconds(10))
        #expect(creates.deadline(of: run, now: start + .seconds(10)) == nil)
        #expect(creates.deadline(of: run, now: start + .seconds(11)) == nil)
    }

    @Test func `the last create determines the deadline`() {
        creates.record(run, at: start)
        creates.record(run, at: start + .seconds(8))
        #expect(creates.deadline(of: run, now: start + .seconds(9)) == start + .seconds(18))
    }

    @Test func `a forgotten create has no deadline`() {
        creates.record(run, at: start)
        creates.forget(run)
        #expect(creates.deadline(of: run, now: start) == nil)
    }

    @Test func `creates that can no longer take effect are forgotten`() {
        for second in 0..<5_000 {
            creates.record(ObjectKey(namespace: "n", name: "r\(second)"), at: start + .seconds(second))
        }
        #expect(creates.count <= 1_024)
    }

    /// A new leader records a create for each execution without a run.
    @Test func `a burst of creates takes time proportional to their number`() {
        for number in 0..<20_000 {
            creates.record(ObjectKey(namespace: "n", name: "r\(number)"), at: start)
        }
        #expect(creates.count == 20_000, "each of them can still take effect")
        #expect(creates.visits < 2 * 20_000)
        for number in 0..<20_000 {
            creates.record(ObjectKey(namespace: "n", name: "s\(number)"), at: start + .seconds(10))
        }
        #expect(creates.count <= 20_000 + 20_000)
        creates.record(ObjectKey(namespace: "n", name: "t"), at: start + .seconds(20))
        for number in 0..<20_000 {
            creates.record(ObjectKey(namespace: "n", name: "u\(number)"), at: start + .seconds(30))
        }
        #expect(creates.count <= 2 * 20_001)
    }
}
