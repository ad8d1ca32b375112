import Testing

/// Waits until a condition inside this process holds, checking every millisecond; records an issue after `limit`.
///
/// Other tasks run between the checks. For conditions that need I/O use `poll` of module TestSupport.
public func eventually(
    _ what: String, within limit: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async {
    let deadline = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("did not happen within \(limit): \(what)", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(1))
    }
}
