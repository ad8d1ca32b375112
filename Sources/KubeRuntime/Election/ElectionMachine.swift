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

extension ElectionMachine {
    /// What happened. While a request is under way only its answer is fed; everything else waits.
    enum Event {
        /// The election begins.
        case start
        /// The answer to a read.
        case read(Lease)
        /// The answer to a read: there is no lease.
        case absent
        /// The answer to a write that was done: the lease as it is now.
        case wrote(Lease)
        /// The answer to a write that was not done, because the lease is no longer what it was written on.
        case refused
        /// A read or write without a useful answer; a write may have been done nevertheless.
        case failed
        /// The watch told of the lease, late perhaps.
        case changed(Lease)
        /// The watch told that the lease was deleted.
        case deleted
        /// The time to wait is over.
        case woke
        /// The process is to end. Whoever leads goes on until its work has ended.
        case stop
        /// What is done while leading has come to its end.
        case workEnded
    }

    /// What has to be done next; its outcome is the next event.
    enum Next: Hashable {
        case read(timeout: Duration)
        /// Creates the lease where `lease` is nil, or else replaces that version of it.
        case write(LeaseClaim, on: Lease?, timeout: Duration)
        case wait(until: Instant)
        case end(Ending)
    }

    /// What a step means for the work that only a leader does.
    enum Effect: Hashable {
        /// The work begins.
        case lead(Trust)
        /// It may go on for longer.
        case extend(Trust)
        /// It has to end in good order, because somebody else is to lead.
        case stepDown(for: String)
        /// It has ended, and nothing may be begun any more: the lease is about to be given to others.
        case resign
    }

    /// How long a leader may trust in its lease.
    struct Trust: Hashable {
        /// From when on nothing may be begun any more.
        let validUntil: Instant
        /// Before when nobody else leads, so that what was begun in time can be finished.
        let soleUntil: Instant
    }

    enum Ending: Hashable {
        /// Asked for, and the lease is released, or was never held.
        case stopped
        case lost(LeadershipLoss)
    }

    struct Step: Hashable {
        var effect: Effect?
        var next: Next
    }
}

/// Why a process leads no longer although it was not asked to end.
public enum LeadershipLoss: Error, Sendable, Hashable, CustomStringConvertible {
    /// No renewal succeeded within the renew deadline.
    case expired
    /// The lease says that somebody else leads, or nobody.
    case taken(by: String)
    /// The lease named somebody who is to lead instead; it was released.
    case steppedDown(for: String)

    public var description: String {
        switch self {
        case .expired: "leadership was lost: the lease could not be renewed in time"
        case .taken(by: ""): "leadership was lost: somebody released the lease"
        case .taken(let holder): "leadership was lost: the lease is held by \(holder)"
        case .steppedDown(let holder): "leadership was handed over: the lease prefers \(holder)"
        }
    }
}

extension ElectionMachine {
    mutating func read() -> Step {
        enter(.reading, .read(timeout: timing.requestTimeout))
    }

    mutating func observed(_ event: Event, _ now: Instant, _ random: Double) -> Step {
        switch event {
        case .changed(let lease):
            learn(lease, mayBeLate: true, now)
            return claimOrWait(now, random)
        case .deleted:
            learnAbsence()
            return claimOrWait(now, random)
        case .woke: return isFree(now) ? claim(now) : read()
        case .stop, .workEnded: return end(.stopped)
        case .start, .read, .absent, .wrote, .refused, .failed: return wait(now, random)
        }
    }

    mutating func wasRead(_ event: Event, _ now: Instant, _ random: Double) -> Step {
        switch event {
        case .read(let lease): learn(lease, now)
        case .absent: learnAbsence()
        default: return wait(now, random)
        }
        return claimOrWait(now, random)
    }

    mutating func claimed(_ event: Event, _ sentAt: Instant, _ now: Instant, _ random: Double) -> Step {
        guard case .wrote(let lease) = event else {
            // Without an answer it may have been done; when it was refused, somebody else was faster. The watch is about
            // to say which, or else what is read next.
            forget()
            return wait(now, random)
        }
        learn(lease, now)
        let trust = trust(since: sentAt)
        // An answer that took this long is none: the lease is the own one and will be claimed again.
        guard now < trust.validUntil else { return wait(now, random) }
        let term = Term(deadline: trust.validUntil, nextRenewal: now.advanced(by: timing.retryPeriod))
        return enter(.leading(term), .wait(until: term.nextRenewal), .lead(trust))
    }

    private mutating func claimOrWait(_ now: Instant, _ random: Double) -> Step {
        isFree(now) ? claim(now) : wait(now, random)
    }

    private mutating func claim(_ now: Instant) -> Step {
        enter(.claiming(sentAt: now), .write(.acquire, on: lease, timeout: timing.requestTimeout))
    }

    private mutating func wait(_ now: Instant, _ random: Double) -> Step {
        enter(.observing, .wait(until: nextLook(now, random)))
    }

    /// What a claim or renewal that succeeded is good for, counted from when it was sent.
    func trust(since sentAt: Instant) -> Trust {
        Trust(
            validUntil: sentAt.advanced(by: timing.renewDeadline),
            soleUntil: sentAt.advanced(by: timing.leaseDuration))
    }
}

extension ElectionMachine {
    mutating func led(_ event: Event, _ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        switch event {
        case .changed(let newer):
            guard learn(newer, mayBeLate: true, now) else { return wait(term) }
            return goOn(newer, term)
        case .deleted:
            learnAbsence()
            return renew(term, now)
        case .woke: return renew(term, now)
        case .workEnded: return beginRelease(.stopped, now)
        case .start, .read, .absent, .wrote, .refused, .failed, .stop: return wait(term)
        }
    }

    mutating func renewed(_ event: Event, _ term: Term, _ sentAt: Instant, _ now: Instant) -> Step {
        var term = term
        switch event {
        case .wrote(let lease):
            learn(lease, now)
            let trust = trust(since: sentAt)
            guard now < trust.validUntil else { return end(.lost(.expired)) }
            term = Term(deadline: trust.validUntil, nextRenewal: now.advanced(by: timing.retryPeriod))
            var step = goOn(lease, term)
            // Who steps down trusts in what it has got just as well, but will not ask for more.
            if step.effect == nil { step.effect = .extend(trust) }
            return step
        case .refused:
            guard now < term.deadline else { return end(.lost(.expired)) }
            term.refusals += 1
            return enter(.checking(term), .read(timeout: requestTime(term, now)))
        default: return tryLater(term, now)
        }
    }

    mutating func checked(_ event: Event, _ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        switch event {
        case .read(let lease):
            learn(lease, now)
            if lease.holder != identity || names(lease, another: lease.preferredHolder) { return goOn(lease, term) }
        case .absent: learnAbsence()
        default: return tryLater(term, now)
        }
        // The first time it was a renewal whose answer was lost; again and again it is somebody else who writes.
        return term.refusals <= 1 ? renew(term, now) : tryLater(term, now)
    }

    mutating func yielded(_ event: Event, _ term: Term, _ other: String, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        switch event {
        case .workEnded: return beginRelease(.lost(.steppedDown(for: other)), now)
        case .changed(let newer):
            guard learn(newer, mayBeLate: true, now), newer.holder != identity else { break }
            return end(.lost(.taken(by: newer.holder)))
        default: break
        }
        return enter(.yielding(term, to: other), .wait(until: term.deadline))
    }

    /// Stays the leader unless the lease says otherwise.
    private mutating func goOn(_ lease: Lease, _ term: Term) -> Step {
        guard lease.holder == identity else { return end(.lost(.taken(by: lease.holder))) }
        guard names(lease, another: lease.preferredHolder) else { return wait(term) }
        return enter(
            .yielding(term, to: lease.preferredHolder), .wait(until: term.deadline),
            .stepDown(for: lease.preferredHolder))
    }

    private func names(_ lease: Lease, another name: String) -> Bool { !name.isEmpty && name != identity }

    private mutating func wait(_ term: Term) -> Step {
        enter(.leading(term), .wait(until: term.nextRenewal))
    }

    private mutating func tryLater(_ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        var term = term
        term.nextRenewal = min(now.advanced(by: timing.retryPeriod), term.deadline)
        return wait(term)
    }

    private mutating func renew(_ term: Term, _ now: Instant) -> Step {
        enter(.renewing(term, sentAt: now), .write(.renew, on: lease, timeout: requestTime(term, now)))
    }

    /// A request never lasts beyond the deadline, so that the loss is noticed in time.
    private func requestTime(_ term: Term, _ now: Instant) -> Duration {
        min(timing.requestTimeout, now.duration(to: term.deadline))
    }
}

extension ElectionMachine {
    /// Gives the lease back: what needed it has ended.
    mutating func beginRelease(_ ending: Ending, _ now: Instant) -> Step {
        var step = release(until: now.advanced(by: Self.releaseTime), ending, now)
        step.effect = .resign
        return step
    }

    mutating func released(_ event: Event, _ deadline: Instant, _ ending: Ending, _ now: Instant) -> Step {
        guard now < deadline else { return end(ending) }
        let state = State.releasing(until: deadline, ending)
        switch event {
        case .wrote, .absent, .deleted: return end(ending)
        case .refused: return enter(state, .read(timeout: now.duration(to: deadline)))
        case .read(let lease):
            learn(lease, now)
            return release(until: deadline, ending, now)
        case .failed: return enter(state, .wait(until: min(deadline, now.advanced(by: Self.releasePause))))
        case .changed(let lease):
            learn(lease, mayBeLate: true, now)
            return release(until: deadline, ending, now)
        case .woke, .stop, .workEnded, .start: return release(until: deadline, ending, now)
        }
    }

    private mutating func release(until deadline: Instant, _ ending: Ending, _ now: Instant) -> Step {
        guard let lease, lease.holder == identity else { return end(ending) }
        return enter(
            .releasing(until: deadline, ending), .write(.release, on: lease, timeout: now.duration(to: deadline)))
    }
}
