import KubeClient

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
