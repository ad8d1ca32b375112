/// Says whether, and after which pause, a request that failed is sent once more.
///
/// | failure | repeatable request | any other |
/// | --- | --- | --- |
/// | 429 | yes | yes: the server did nothing |
/// | 502, 503, 504, any 5xx that names a time to wait | yes | no |
/// | no connection, connection lost | yes | no |
/// | everything else | no | no |
///
/// Repeatable are reads, watches, apply, deletion by UID, and writes that name the version they were made for. The
/// pause is the longer of what the server asks for and the base doubled with each try (200 ms, 400 ms, 800 ms…, at
/// most the cap), of which a random half is taken away so that clients do not come back all at once.
public struct RetryPolicy: Sendable {
    /// How often a request is sent again at most.
    public var limit: Int
    /// The pause before the first repetition.
    public var base: Duration
    /// The longest pause; a server that asks for more gets no repetition, the caller gets the error.
    public var cap: Duration
    /// Waits; throws when the task is cancelled.
    let sleep: @Sendable (Duration) async throws -> Void
    /// Returns a number from 0 up to, not including, 1.
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

    /// Returns the pause before the next try; nil when there is to be none.
    ///
    /// - Parameter repetition: how many repetitions there were before: 0 after the first failure.
    func pause(after error: KubeError, repetition: Int, isRepeatable: Bool) -> Duration? {
        guard repetition < limit, Self.isWorthRepeating(error, isRepeatable: isRepeatable) else { return nil }
        let asked = error.retryAfter ?? .zero
        guard asked <= cap else { return nil }
        // Beyond 20 doublings the cap rules anyhow, and the shift stays far from overflow.
        let grown = min(cap, base * (1 << min(repetition, 20)))
        return max(asked, grown * (1 - random() / 2))
    }

    private static func isWorthRepeating(_ error: KubeError, isRepeatable: Bool) -> Bool {
        switch error {
        case .transport(let error):
            return isRepeatable && (error.kind == .unreachable || error.kind == .connectionLost)
        case .status, .plainText:
            guard let code = error.code else { return false }
            if code == 429 { return true }
            // A version from the future is mended by asking without it, not by waiting.
            guard isRepeatable, !error.isResourceVersionTooLarge else { return false }
            return (502...504).contains(code) || code >= 500 && error.retryAfter != nil
        case .undecodable: return false
        }
    }
}
