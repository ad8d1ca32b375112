/// A condition that a test waited for did not become true in time.
public struct DeadlineExceeded: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) {
        self.description = description
    }
}

/// Calls `attempt` until it returns a value; after `limit` it throws with the last error of `attempt`.
///
/// The pause between attempts grows from 25 to 300 milliseconds, because many tests poll one API server.
public func poll<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(30), _ attempt: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now.advanced(by: limit)
    var lastError: (any Error)?
    var pause = Duration.milliseconds(25)
    while true {
        do {
            if let value = try await attempt() { return value }
            lastError = nil
        } catch {
            lastError = error
        }
        guard ContinuousClock.now < deadline else {
            let reason = lastError.map { "; last error: \($0)" } ?? ""
            throw DeadlineExceeded(description: "waited \(limit) for: \(what)\(reason)")
        }
        try await Task.sleep(for: pause)
        pause = min(pause * 1.25, .milliseconds(300))
    }
}

/// Checks `condition` until it is true.
public func poll(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let _: Bool = try await poll(what, within: limit) { try await condition() ? true : nil }
}
