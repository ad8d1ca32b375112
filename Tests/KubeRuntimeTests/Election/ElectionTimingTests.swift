import Testing

@testable import KubeRuntime

@Suite struct ElectionTimingTests {
    @Test(arguments: [
        (15, 15, 2, "must be greater than the renew deadline"), (15, 2, 2, "1.2 times the retry period"),
        (0, 10, 2, "whole seconds"), (15, 10, 0, "greater than zero"), (4000, 10, 2, "whole seconds"),
    ]) func `rejects invalid combinations of durations`(_ lease: Int, _ renew: Int, _ retry: Int, _ why: String) {
        #expect {
            try ElectionTiming(
                leaseDuration: .seconds(lease), renewDeadline: .seconds(renew), retryPeriod: .seconds(retry))
        } throws: {
            "\($0)".contains(why)
        }
    }

    @Test func `the lease duration must be in whole seconds`() throws {
        #expect(throws: ElectionTiming.Invalid.self) {
            try ElectionTiming(
                leaseDuration: .milliseconds(1500), renewDeadline: .seconds(1), retryPeriod: .milliseconds(100))
        }
        let timing = try ElectionTiming(
            leaseDuration: .seconds(2), renewDeadline: .milliseconds(1500), retryPeriod: .milliseconds(300))
        #expect(timing.requestTimeout == .seconds(1))
        #expect(ElectionTiming.default.requestTimeout == .seconds(5))
    }
}
