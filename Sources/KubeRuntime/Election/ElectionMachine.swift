import KubeClient

/// Decides how one candidate acquires a lease and keeps it. Pure.
///
/// A leader trusts its lease until `renewDeadline` after it *sent* the last successful renewal. A candidate takes a
/// lease over only after it has seen the same version for the whole `leaseDuration` that the lease states. Both use the
/// local monotonic clock; times written by other processes are never compared with it; a candidate only notices that
/// the lease changed. The server orders the writes, because each one names the version that it replaces.
///
/// If a lease is deleted, candidates that saw its holder wait as if the lease still existed.
struct ElectionMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum State: Hashable {
        /// Nothing was requested yet. Goes to `reading`.
        case idle
        /// A candidate waits for a change or for its next check. Goes to `claiming` if the lease is free, else to
        /// `reading`.
        case observing
        /// A candidate is reading the lease. Goes to `claiming` or `observing`.
        case reading
        /// A candidate is writing itself into the lease. Goes to `leading` or `observing`.
        case claiming(sentAt: Instant)
        /// The holder waits for its next renewal. Goes to `renewing`, `yielding`, `releasing` or `ended`.
        case leading(Term)
        /// The holder is renewing the lease. Goes back to `leading`, or to `checking` after a conflict.
        case renewing(Term, sentAt: Instant)
        /// The holder is reading the lease after a conflict. Goes to `renewing`, `leading`, `yielding` or `ended`.
        case checking(Term)
        /// The holder waits for its work to end and no longer renews. Goes to `releasing` or `ended`.
        case yielding(Term, to: String)
        /// The work has ended, and the lease is being released. Goes to `ended`.
        case releasing(until: Instant, Ending)
        /// Final.
        case ended(Ending)
    }

    /// The time as a leader.
    struct Term: Hashable {
        /// The time until which the lease is trusted.
        var deadline: Instant
        var nextRenewal: Instant
        /// The number of renewals in a row that had a conflict.
        var refusals = 0
    }

    /// The time limit for the release of the lease.
    static let releaseTime = Duration.seconds(2)
    /// The pause before a failed release is retried.
    static let releasePause = Duration.milliseconds(200)

    let identity: String
    let timing: ElectionTiming
    private(set) var state = State.idle
    /// The lease as last seen; nil before it was read, and if it does not exist.
    private(set) var lease: Lease?
    /// When the claim of another holder expires; nil without such a claim.
    private var claimedUntil: Instant?
    /// True if ``lease`` is current enough for a claim.
    private var isInformed = false

    init(identity: String, timing: ElectionTiming) {
        self.identity = identity
        self.timing = timing
    }

    /// Processes an event and returns what to do next. `random` is uniform in `0..<1`.
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

    private mutating func enter(_ state: State, _ next: Next, _ effect: Effect? = nil) -> Step {
        self.state = state
        return Step(effect: effect, next: next)
    }

    private mutating func end(_ ending: Ending) -> Step { enter(.ended(ending), .end(ending)) }

    /// Records the current lease; returns false if it was already known.
    ///
    /// - Parameter mayBeLate: true for the watch, whose older versions are ignored.
    @discardableResult
    private mutating func learn(_ new: Lease, mayBeLate: Bool = false, _ now: Instant) -> Bool {
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

    /// Records that the lease does not exist. The previous holder's claim is still valid.
    private mutating func learnAbsence() {
        isInformed = true
        lease = nil
    }

    /// Requires the lease to be read before the next claim.
    private mutating func forget() { isInformed = false }

    private func isFree(_ now: Instant) -> Bool { isInformed && claimedUntil.map { now >= $0 } ?? true }

    /// When a candidate checks again: at the end of the holder's claim, or after one to 2.2 retry periods.
    private func nextLook(_ now: Instant, _ random: Double) -> Instant {
        let look = now.advanced(by: timing.retryPeriod * (1 + 1.2 * random))
        guard let claimedUntil, claimedUntil > now else { return look }
        return min(look, claimedUntil)
    }
}

extension ElectionMachine {
    /// An event. During a request only its result is passed to the machine; other events wait.
    enum Event {
        /// The election starts.
        case start
        /// A read returned the lease.
        case read(Lease)
        /// A read found no lease.
        case absent
        /// A write succeeded; the lease as it is now.
        case wrote(Lease)
        /// A write had a conflict: the lease is no longer the version that it replaces.
        case refused
        /// A read or write without a usable response; a write may have succeeded.
        case failed
        /// The watch delivered the lease, possibly late.
        case changed(Lease)
        /// The watch delivered the deletion of the lease.
        case deleted
        /// The wait ended.
        case woke
        /// The process is stopping. A leader continues until its work has ended.
        case stop
        /// The leader's work has ended.
        case workEnded
    }

    /// What to do next; its result is the next event.
    enum Next: Hashable {
        case read(timeout: Duration)
        /// Creates the lease if `lease` is nil; replaces that version otherwise.
        case write(LeaseClaim, on: Lease?, timeout: Duration)
        case wait(until: Instant)
        case end(Ending)
    }

    /// What a step means for the work that only a leader does.
    enum Effect: Hashable {
        /// The work starts.
        case lead(Trust)
        /// The work may continue for longer.
        case extend(Trust)
        /// The work must stop gracefully, because another process is to lead.
        case stepDown(for: String)
        /// The work has ended, and no request may be sent: the lease is about to be released.
        case resign
    }

    /// How long a leader may trust its lease.
    struct Trust: Hashable {
        /// No request may be sent from this time on.
        let validUntil: Instant
        /// No other process leads before this time, so requests sent earlier can finish.
        let soleUntil: Instant
    }

    enum Ending: Hashable {
        /// The process was stopped, and the lease is released or was never held.
        case stopped
        case lost(LeadershipLoss)
    }

    struct Step: Hashable {
        var effect: Effect?
        var next: Next
    }
}

/// Why a process lost leadership without being stopped.
public enum LeadershipLoss: Error, Sendable, Hashable, CustomStringConvertible {
    /// No renewal succeeded within the renew deadline.
    case expired
    /// The lease has another holder or no holder.
    case taken(by: String)
    /// The lease named another process as the preferred holder, and was released.
    case steppedDown(for: String)

    public var description: String {
        switch self {
        case .expired: "leadership lost: the lease could not be renewed in time"
        case .taken(by: ""): "leadership lost: another client released the lease"
        case .taken(let holder): "leadership lost: the lease is held by \(holder)"
        case .steppedDown(let holder): "leadership handed over: the lease prefers \(holder)"
        }
    }
}

extension ElectionMachine {
    private mutating func read() -> Step {
        enter(.reading, .read(timeout: timing.requestTimeout))
    }

    private mutating func observed(_ event: Event, _ now: Instant, _ random: Double) -> Step {
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

    private mutating func wasRead(_ event: Event, _ now: Instant, _ random: Double) -> Step {
        switch event {
        case .read(let lease): learn(lease, now)
        case .absent: learnAbsence()
        default: return wait(now, random)
        }
        return claimOrWait(now, random)
    }

    private mutating func claimed(_ event: Event, _ sentAt: Instant, _ now: Instant, _ random: Double) -> Step {
        guard case .wrote(let lease) = event else {
            // Without a response the claim may have succeeded; after a conflict another process was faster. The watch
            // or the next read shows the result.
            forget()
            return wait(now, random)
        }
        learn(lease, now)
        let trust = trust(since: sentAt)
        // The response came too late to trust. The lease is held by this process, which will claim it again.
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

    /// How long a successful claim or renewal may be trusted, counted from when it was sent.
    private func trust(since sentAt: Instant) -> Trust {
        Trust(
            validUntil: sentAt.advanced(by: timing.renewDeadline),
            soleUntil: sentAt.advanced(by: timing.leaseDuration))
    }
}

extension ElectionMachine {
    private mutating func led(_ event: Event, _ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        switch event {
        case .changed(let newer):
            guard learn(newer, mayBeLate: true, now) else { return wait(term) }
            return remain(newer, term)
        case .deleted:
            learnAbsence()
            return renew(term, now)
        case .woke: return renew(term, now)
        case .workEnded: return beginRelease(.stopped, now)
        case .start, .read, .absent, .wrote, .refused, .failed, .stop: return wait(term)
        }
    }

    private mutating func renewed(_ event: Event, _ term: Term, _ sentAt: Instant, _ now: Instant) -> Step {
        var term = term
        switch event {
        case .wrote(let lease):
            learn(lease, now)
            let trust = trust(since: sentAt)
            guard now < trust.validUntil else { return end(.lost(.expired)) }
            term = Term(deadline: trust.validUntil, nextRenewal: now.advanced(by: timing.retryPeriod))
            var step = remain(lease, term)
            // A leader that steps down keeps its current trust, but does not extend it.
            if step.effect == nil { step.effect = .extend(trust) }
            return step
        case .refused:
            guard now < term.deadline else { return end(.lost(.expired)) }
            term.refusals += 1
            return enter(.checking(term), .read(timeout: requestTime(term, now)))
        default: return retryLater(term, now)
        }
    }

    private mutating func checked(_ event: Event, _ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        switch event {
        case .read(let lease):
            learn(lease, now)
            if lease.holder != identity || names(lease, another: lease.preferredHolder) { return remain(lease, term) }
        case .absent: learnAbsence()
        default: return retryLater(term, now)
        }
        // A single conflict is a renewal whose response was lost; repeated ones mean that another process writes.
        return term.refusals <= 1 ? renew(term, now) : retryLater(term, now)
    }

    private mutating func yielded(_ event: Event, _ term: Term, _ other: String, _ now: Instant) -> Step {
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

    /// Continues as the leader unless the lease has another holder or a preferred one.
    private mutating func remain(_ lease: Lease, _ term: Term) -> Step {
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

    private mutating func retryLater(_ term: Term, _ now: Instant) -> Step {
        guard now < term.deadline else { return end(.lost(.expired)) }
        var term = term
        term.nextRenewal = min(now.advanced(by: timing.retryPeriod), term.deadline)
        return wait(term)
    }

    private mutating func renew(_ term: Term, _ now: Instant) -> Step {
        enter(.renewing(term, sentAt: now), .write(.renew, on: lease, timeout: requestTime(term, now)))
    }

    /// No request lasts beyond the deadline, so that a lost lease is noticed in time.
    private func requestTime(_ term: Term, _ now: Instant) -> Duration {
        min(timing.requestTimeout, now.duration(to: term.deadline))
    }
}

extension ElectionMachine {
    /// Releases the lease after the work has ended.
    private mutating func beginRelease(_ ending: Ending, _ now: Instant) -> Step {
        var step = release(until: now.advanced(by: Self.releaseTime), ending, now)
        step.effect = .resign
        return step
    }

    private mutating func released(_ event: Event, _ deadline: Instant, _ ending: Ending, _ now: Instant) -> Step {
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
