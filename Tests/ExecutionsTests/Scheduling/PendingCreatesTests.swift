import KubeClient
import Testing

@testable import Executions

@Suite struct PendingCreatesTests {
    private let run = ObjectKey(namespace: "payments", name: "restart-3f9c2a71d0")
    private let start = ContinuousClock.now
    private let creates = PendingCreates(patience: .seconds(10))

    @Test func whatWasNeverSentIsSettled() {
        #expect(creates.deadline(of: run, now: start) == nil)
    }

    @Test func aCreateWithoutAnswerSettlesAfterItsPatience() {
        creates.record(run, at: start)
        #expect(creates.deadline(of: run, now: start + .seconds(4)) == start + .seconds(10))
        #expect(creates.deadline(of: run, now: start + .seconds(10)) == nil)
        #expect(creates.deadline(of: run, now: start + .seconds(11)) == nil)
    }

    @Test func theLastCreateCounts() {
        creates.record(run, at: start)
        creates.record(run, at: start + .seconds(8))
        #expect(creates.deadline(of: run, now: start + .seconds(9)) == start + .seconds(18))
    }

    @Test func whatIsForgottenIsSettled() {
        creates.record(run, at: start)
        creates.forget(run)
        #expect(creates.deadline(of: run, now: start) == nil)
    }
}
