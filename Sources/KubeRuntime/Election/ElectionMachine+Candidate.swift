import KubeClient

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
