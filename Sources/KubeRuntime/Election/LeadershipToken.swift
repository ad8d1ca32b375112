import KubeClient

/// The right to act as a leader, which ends by itself when the lease is not renewed.
///
/// It is asked before every act, and answers from the own monotonic clock: no task has to run for it to become invalid.
public final class LeadershipToken: Sendable {
    let time: any TimeSource
    /// Nil before the first claim, and for good after a revocation.
    private let trust = Locked<ElectionMachine.Trust?>(nil)

    init(time: any TimeSource) {
        self.time = time
    }

    /// True while this process leads.
    public var isValid: Bool { timeLeft != nil }

    /// How long what is begun now may take, so that it is over before anybody else can lead; nil when nothing may be
    /// begun.
    public var timeLeft: Duration? {
        guard let trust = trust.withLock({ $0 }) else { return nil }
        let now = time.now
        return now < trust.validUntil ? now.duration(to: trust.soleUntil) : nil
    }

    func extend(_ trust: ElectionMachine.Trust) {
        self.trust.withLock { $0 = trust }
    }

    func revoke() {
        trust.withLock { $0 = nil }
    }
}
