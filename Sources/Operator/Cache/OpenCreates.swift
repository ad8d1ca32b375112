import KubeClient

/// The creates that may still be carried out although nobody waits for their answer any more.
///
/// A request whose connection broke can reach the API server later. Until that is out of the question, the absence of a
/// run proves nothing: an execution that ended "without a run" would get one after all.
final class OpenCreates: Sendable {
    /// When the create of a run was last sent without a definite answer, or may have been.
    private let uncertain = Locked<[ObjectKey: ContinuousClock.Instant]>([:])
    private let patience: Duration

    /// - Parameter patience: after this time a request that was sent is carried out or never will be.
    init(patience: Duration) {
        self.patience = patience
    }

    func note(_ run: ObjectKey, at now: ContinuousClock.Instant) {
        uncertain.withLock { uncertain in
            // What was deleted before it ended is never forgotten by name.
            if uncertain.count >= 1024 { uncertain = uncertain.filter { $0.value.duration(to: now) < patience } }
            uncertain[run] = now
        }
    }

    /// From when on the absence of a run counts; nil when it counts already.
    func settling(_ run: ObjectKey, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        uncertain.withLock { uncertain in
            guard let last = uncertain[run] else { return nil }
            if now < last + patience { return last + patience }
            uncertain[run] = nil
            return nil
        }
    }

    func forget(_ run: ObjectKey) {
        uncertain.withLock { $0[run] = nil }
    }
}
