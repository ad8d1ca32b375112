import KubeClient

/// Decides how one candidate runs for a lease and keeps it, without clock, socket or lock.
///
/// The law: a leader trusts in its lease until `renewDeadline` after it *sent* the last renewal that succeeded; a
/// candidate takes a lease over only when it has seen the same version of it for the whole `leaseDuration` that the
/// lease states. Both are measured on the own monotonic clock. Times that others wrote are never compared with it:
/// only that the lease changed counts. The server orders the writes, since each names the version it was made for.
///
/// A lease that somebody deletes is not free for those who saw its holder: they wait as if it were still there.
struct ElectionMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum State: Hashable {
        /// Nothing was asked for. Goes to `reading`.
        case idle
        /// A candidate waits for a change or for time. Goes to `claiming` when the lease is free, else to `reading`.
        case observing
        /// A candidate asked for the lease. Goes to `claiming` or `observing`.
        case reading
        /// A candidate asked to be the holder. Goes to `leading` or `observing`.
        case claiming(sentAt: Instant)
        /// The holder waits for its next renewal. Goes to `renewing`, `yielding`, `releasing` or `ended`.
        case leading(Term)
        /// The holder asked for a renewal. Goes back to `leading`, or to `checking` when it was refused.
        case renewing(Term, sentAt: Instant)
        /// The holder asked for the lease to see why. Goes to `renewing`, `leading`, `yielding` or `ended`.
        case checking(Term)
        /// The holder waits for its work to end and renews no more. Goes to `releasing` or `ended`.
        case yielding(Term, to: String)
        /// The work has ended and the lease is being released. Goes to `ended`.
        case releasing(until: Instant, Ending)
        /// The end.
        case ended(Ending)
    }

    /// The time as a leader.
    struct Term: Hashable {
        /// Until when the lease is trusted in.
        var deadline: Instant
        var nextRenewal: Instant
        /// Renewals refused in a row.
        var refusals = 0
    }

    /// How long the release may take altogether.
    static let releaseTime = Duration.seconds(2)
    /// The pause before a release is tried again.
    static let releasePause = Duration.milliseconds(200)

    let identity: String
    let timing: ElectionTiming
    private(set) var state = State.idle
    /// The lease as it was last seen; nil when there is none, and before it was read.
    private(set) var lease: Lease?
    /// When the claim of somebody else that was seen runs out; nil when there was none.
    private var claimedUntil: Instant?
    /// True while what is known of the lease is worth a claim.
    private var isInformed = false

    init(identity: String, timing: ElectionTiming) {
        self.identity = identity
        self.timing = timing
    }

    /// Takes in what happened and says what to do about it. `random` is uniform in `0..<1`.
    mutating func step(_ event: Event, now: Instant, random: Double) -> Step {
        switch state {
        case .idle: return read()
        case .observing: return observed(event, now, random)
        case .reading: return wasRead(event, now, random)
        case .claiming(let sentAt): return claimed(event, sentAt, now, random)
        case .leading(let term): return led(event, term, now)
        case .renewing(let term, let sentAt): return renewed(event, term, sentAt, now)
        case .checking(let term): return checked(event, term, now)
        case .yielding(let term, let other): return yielded(event, term, other, now)
        case .releasing(let deadline, let ending): return released(event, deadline, ending, now)
        case .ended(let ending): return Step(next: .end(ending))
        }
    }

    mutating func enter(_ state: State, _ next: Next, _ effect: Effect? = nil) -> Step {
        self.state = state
        return Step(effect: effect, next: next)
    }

    mutating func end(_ ending: Ending) -> Step { enter(.ended(ending), .end(ending)) }

    /// Takes in what the lease is now; false when that was known.
    ///
    /// - Parameter mayBeLate: true for what the watch tells: an older version than the known one then means nothing.
    @discardableResult
    mutating func learn(_ new: Lease, mayBeLate: Bool = false, _ now: Instant) -> Bool {
        isInformed = true
        if let lease, lease.uid == new.uid {
            if lease.resourceVersion == new.resourceVersion { return false }
            if mayBeLate, new.resourceVersion.order(relativeTo: lease.resourceVersion) == .older { return false }
        }
        lease = new
        let isOthers = !new.holder.isEmpty && new.holder != identity
        claimedUntil = isOthers ? now.advanced(by: new.duration ?? timing.leaseDuration) : nil
        return true
    }

    /// Takes in that there is no lease. The claim of whoever held it goes on.
    mutating func learnAbsence() {
        isInformed = true
        lease = nil
    }

    /// Has the lease read before it is claimed again.
    mutating func forget() { isInformed = false }

    func isFree(_ now: Instant) -> Bool { isInformed && claimedUntil.map { now >= $0 } ?? true }

    /// When a candidate looks again: at the end of the holder's claim, or after a retry period or two.
    func nextLook(_ now: Instant, _ random: Double) -> Instant {
        let look = now.advanced(by: timing.retryPeriod * (1 + 1.2 * random))
        guard let claimedUntil, claimedUntil > now else { return look }
        return min(look, claimedUntil)
    }
}
