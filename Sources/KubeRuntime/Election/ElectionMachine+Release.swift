import KubeClient

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
