/// How many of a run's known tasks are done: what succeeded, and what its own condition left out.
///
/// What failed, was cancelled or was never started is not done.
public struct Progress: Hashable, Sendable {
    public let done: Int32
    public let total: Int32

    /// Nil when the numbers contradict each other.
    public init?(done: Int32, total: Int32) {
        guard done >= 0, done <= total else { return nil }
        self.done = done
        self.total = total
    }

    /// Reads `3/7`; nil for other text, and for `0/0`, which says nothing.
    public init?(_ text: String) {
        var scanner = TextScanner(text)
        guard let done = scanner.number(), scanner.consume("/"), let total = scanner.number(), scanner.isAtEnd,
            total > 0
        else { return nil }
        self.init(done: done, total: total)
    }
}

extension Progress: CustomStringConvertible {
    public var description: String { "\(done)/\(total)" }
}
