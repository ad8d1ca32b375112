import Testing

/// What a test waited for did not come.
struct DeadlineExceeded: Error, CustomStringConvertible {
    let description: String
}

/// Asks again and again until `condition` gives a value, and fails with what it saw last when `limit` has passed.
///
/// It asks ever less often, because many tests wait side by side for one API server.
func eventually<Value: Sendable>(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now.advanced(by: limit)
    var lastError: (any Error)?
    var pause = Duration.milliseconds(25)
    while true {
        do {
            if let value = try await condition() { return value }
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

/// The same for a condition that is true or false.
func eventually(_ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool)
    async throws
{
    let _: Bool = try await eventually(what, within: limit) { try await condition() ? true : nil }
}
