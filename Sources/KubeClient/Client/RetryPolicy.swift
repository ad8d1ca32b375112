/// Decides whether a failed request is retried, and after which delay.
///
/// | failure | idempotent request | other requests |
/// | --- | --- | --- |
/// | 429 | yes | yes: the server did nothing |
/// | 502, 503, 504, any 5xx with `Retry-After` | yes | no |
/// | no connection, connection lost | yes | no |
/// | everything else | no | no |
///
/// Idempotent requests are reads, watches, apply, deletion by UID, and writes that name a resource version. The delay
/// is the longer of the server's `Retry-After` and an exponential backoff (200 ms, 400 ms, 800 ms…, at most the cap),
/// which is reduced by up to half at random, so that clients do not all retry at the same time.
public struct RetryPolicy: Sendable {
    /// The maximum number of retries.
    public var limit: Int
    /// The delay before the first retry.
    public var base: Duration
    /// The maximum delay; if the server asks for more, the request is not retried.
    public var cap: Duration
    /// Waits; throws if the task is canceled.
    let sleep: @Sendable (Duration) async throws -> Void
    /// Returns a number in `0..<1`.
    let random: @Sendable () -> Double

    public init(
        limit: Int = 4, base: Duration = .milliseconds(200), cap: Duration = .seconds(10),
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) },
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.limit = limit
        self.base = base
        self.cap = cap
        self.sleep = sleep
        self.random = random
    }

    /// Returns the delay before the next retry; nil if the error is final.
    ///
    /// - Parameter retries: the number of retries so far, which is 0 after the first failure.
    func delay(after error: KubeError, retries: Int, isIdempotent: Bool) -> Duration? {
        guard retries < limit, Self.isRetryable(error, isIdempotent: isIdempotent) else { return nil }
        let requested = error.retryAfter ?? .zero
        guard requested <= cap else { return nil }
        // After 20 doublings the cap applies anyway, and the shift cannot overflow.
        let backoff = min(cap, base * (1 << min(retries, 20)))
        return max(requested, backoff * (1 - random() / 2))
    }

    private static func isRetryable(_ error: KubeError, isIdempotent: Bool) -> Bool {
        switch error {
        case .transport(let error):
            return isIdempotent && (error.kind == .unreachable || error.kind == .connectionLost)
        case .status, .plainText:
            guard let code = error.code else { return false }
            if code == 429 { return true }
            // Waiting does not help with a version from the future; the client must retry without it.
            guard isIdempotent, !error.isResourceVersionTooLarge else { return false }
            return (502...504).contains(code) || code >= 500 && error.retryAfter != nil
        case .undecodable: return false
        }
    }
}
