import Testing

@testable import KubeRuntime

@Suite struct BackoffTests {
    @Test(arguments: [
        (1, 5), (2, 10), (5, 80), (7, 320), (12, 10_240), (16, 163_840), (17, 300_000), (64, 300_000),
        (Int.max, 300_000), (0, 5), (Int.min + 1, 5),
    ])
    func `doubles up to the cap`(attempt: Int, milliseconds: Int) {
        #expect(Backoff.workQueue.ceiling(attempt: attempt) == .milliseconds(milliseconds))
    }

    @Test func `full jitter starts at zero and half jitter at the middle`() {
        let half = Backoff(base: .seconds(1), cap: .seconds(8), jitter: .half)
        #expect(Backoff.workQueue.delay(attempt: 2, random: 0) == .zero)
        #expect(Backoff.workQueue.delay(attempt: 2, random: 0.5) == .milliseconds(5))
        #expect(half.delay(attempt: 3, random: 0) == .seconds(2))
        #expect(half.delay(attempt: 9, random: 1) == .seconds(8))
    }

    @Test func `invalid arguments are clamped`() {
        let backoff = Backoff(base: .seconds(-1), cap: .seconds(2), jitter: .full)
        #expect(backoff.delay(attempt: 9, random: 0.5) == .zero)
        #expect(Backoff.workQueue.delay(attempt: 1, random: .nan) == .zero)
        #expect(Backoff.workQueue.delay(attempt: 1, random: 7) == .milliseconds(5))
    }
}
