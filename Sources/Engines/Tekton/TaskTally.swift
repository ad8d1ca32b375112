/// The counts Tekton puts into a PipelineRun's message, the only place where it tells how far the run is.
///
/// `Tasks Completed: 5 (Failed: 1 (Ignored: 1), Cancelled 0), Incomplete: 2, Skipped: 1`; without `Incomplete` once
/// the run has ended. Messages of timeouts, cancellation and validation have another form.
struct TaskTally: Hashable {
    let completed: Int32
    /// How many of the completed tasks succeeded; of an unfinished run those that failed tolerably are among them, since
    /// Tekton counts these as failed only in its last message.
    let succeeded: Int32
    let incomplete: Int32
    let skipped: Int32
    /// Tasks that Tekton refused when it was their turn.
    let invalid: Int32
    /// True when a task failed whose failure the pipeline does not ignore.
    let hasFailures: Bool
    /// True when something stands behind the counts, such as why a task was refused.
    let hasMore: Bool

    init?(_ message: String) {
        var scanner = TextScanner(message)
        guard scanner.consume("Tasks Completed: "), let completed = scanner.number(),
            scanner.consume(" (Failed: "), let failed = scanner.number()
        else { return nil }
        var ignored: Int32 = 0
        if scanner.consume(" (Ignored: ") {
            guard let count = scanner.number(), scanner.consume(")") else { return nil }
            ignored = count
        }
        guard scanner.consume(", Cancelled "), let cancelled = scanner.number(), scanner.consume(")") else {
            return nil
        }
        var incomplete: Int32 = 0
        if scanner.consume(", Incomplete: ") {
            guard let count = scanner.number() else { return nil }
            incomplete = count
        }
        guard scanner.consume(", Skipped: "), let skipped = scanner.number() else { return nil }
        var rest = scanner
        invalid = rest.consume(", Failed Validation: ") ? rest.number() ?? 0 : 0
        self.completed = completed
        // Each count has at most nine digits, so neither the sum nor the difference overflows.
        succeeded = max(0, completed - (failed + cancelled))
        self.incomplete = incomplete
        self.skipped = skipped
        hasFailures = failed > ignored
        hasMore = !scanner.isAtEnd
    }

    /// How many tasks there are; each count has at most nine digits, so the sum of a few fits 64 bits.
    private var total: Int32? {
        Int32(exactly: Int64(completed) + Int64(incomplete) + Int64(skipped) + Int64(invalid))
    }

    /// What succeeded, or was skipped by its own condition, of all tasks; nil without any.
    ///
    /// - Parameter conditionalSkips: how many of the skipped tasks their own conditions left out.
    func progress(conditionalSkips: Int32) -> Progress? {
        guard let total, total > 0 else { return nil }
        return Progress(done: min(total, succeeded + min(conditionalSkips, skipped)), total: total)
    }
}
