import Testing

@testable import KubeClient

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(random: { 0 })

    private func failure(_ code: Int, retryAfter: Int? = nil) -> KubeError {
        .plainText(code: code, body: "", retryAfterSeconds: retryAfter)
    }

    @Test(arguments: [(429, true), (500, false), (502, false), (503, false), (504, false), (404, false), (401, false)])
    func aWriteIsOnlyRepeatedWhenNothingHappened(code: Int, isRepeated: Bool) {
        let pause = policy.pause(after: failure(code), repetition: 0, isRepeatable: false)
        #expect((pause != nil) == isRepeated)
    }

    @Test(arguments: [(429, true), (500, false), (502, true), (503, true), (504, true), (409, false), (410, false)])
    func aReadIsRepeatedOnOverload(code: Int, isRepeated: Bool) {
        let pause = policy.pause(after: failure(code), repetition: 0, isRepeatable: true)
        #expect((pause != nil) == isRepeated)
    }

    @Test func any5xxThatNamesATimeIsRepeated() {
        #expect(policy.pause(after: failure(500, retryAfter: 1), repetition: 0, isRepeatable: true) == .seconds(1))
        #expect(policy.pause(after: failure(500, retryAfter: 1), repetition: 0, isRepeatable: false) == nil)
    }

    @Test(arguments: [
        (TransportError.Kind.unreachable, true), (.connectionLost, true), (.timedOut, false), (.tls, false),
        (.cancelled, false), (.tooLarge, false),
    ])
    func lostConnectionsAreTriedAgain(kind: TransportError.Kind, isRepeated: Bool) {
        let error = KubeError.transport(TransportError(kind, ""))
        #expect((policy.pause(after: error, repetition: 0, isRepeatable: true) != nil) == isRepeated)
        #expect(policy.pause(after: error, repetition: 0, isRepeatable: false) == nil)
    }

    @Test func pausesDoubleUpToTheCap() {
        var long = policy
        long.limit = 1000
        let pauses = [0, 1, 2, 5, 6, 999].map { long.pause(after: failure(503), repetition: $0, isRepeatable: true) }
        #expect(
            pauses == [
                .milliseconds(200), .milliseconds(400), .milliseconds(800), .milliseconds(6400), .seconds(10),
                .seconds(10),
            ])
        #expect(policy.pause(after: failure(503), repetition: 4, isRepeatable: true) == nil)
    }

    @Test func chanceTakesAwayUpToHalf() {
        let jittered = RetryPolicy(random: { 0.5 })
        #expect(jittered.pause(after: failure(503), repetition: 0, isRepeatable: true) == .milliseconds(150))
    }

    @Test func aServerThatWantsAnHourIsNotWaitedFor() {
        #expect(policy.pause(after: failure(429, retryAfter: 3600), repetition: 0, isRepeatable: true) == nil)
        #expect(policy.pause(after: failure(429, retryAfter: .max), repetition: 0, isRepeatable: true) == nil)
    }

    @Test func aVersionFromTheFutureIsNotWaitedFor() {
        var status = APIStatus(
            code: 504, reason: "Timeout", message: "Too large resource version", retryAfterSeconds: 1)
        #expect(policy.pause(after: .status(status), repetition: 0, isRepeatable: true) == nil)
        status.message = "etcd is slow"
        #expect(policy.pause(after: .status(status), repetition: 0, isRepeatable: true) == .seconds(1))
    }
}
