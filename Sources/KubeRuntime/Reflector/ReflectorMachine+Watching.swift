import KubeClient

extension ReflectorMachine {
    mutating func openWatch(note: Note? = nil, _ now: Instant, _ random: () -> Double) -> Step {
        let timeout = watchTimeout(random)
        state = .watching(newWatch(timeout, now))
        return Step(note: note, next: .openWatch(.after(observed), timeout: timeout))
    }

    mutating func opened(_ watch: Watch, _ now: Instant) -> Step {
        var watch = watch
        watch.openedAt = now
        watch.lastSignal = now
        if case .streaming = state {
            state = .streaming(watch)
            return Step(next: .read(until: streamDeadline(watch)))
        }
        state = .watching(watch)
        return Step(next: .read(until: watch.deadline))
    }

    mutating func watched(
        _ watch: Watch, _ signal: Signal, _ now: Instant, _ random: () -> Double
    ) -> Step {
        var watch = watch
        watch.lastSignal = now
        switch signal {
        case .object(let version), .bookmark(let version, _):
            watch.hasSignals = true
            watchFailures = 0
            state = .watching(watch)
            let next = Next.read(until: watch.deadline)
            guard !version.isEmpty, version.order(relativeTo: observed) != .older else { return Step(next: next) }
            observed = version
            return Step(copy: .observe(version), next: next)
        case .failed(let status):
            return watchFailed(watch, .status(status), now, random)
        }
    }

    mutating func watchEnded(_ watch: Watch, _ now: Instant, _ random: () -> Double) -> Step {
        if watch.hasSignals || lifetime(watch, now) >= settings.shortWatch {
            noteSoundness(watch, now)
            return openWatch(now, random)
        }
        // Something between here and the server breaks watches; listing now and then still tells the truth.
        watchFailures += 1
        var step = pause(attempt: watchFailures, then: .relisting(isConsistent: false), now, random)
        step.note = .shortWatch
        return step
    }

    mutating func watchFailed(
        _ watch: Watch, _ error: KubeError, _ now: Instant, _ random: () -> Double
    ) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        noteSoundness(watch, now)
        watchFailures += 1
        if error.isExpired || error.isResourceVersionTooLarge {
            let isTooLarge = error.isResourceVersionTooLarge
            // The first time is a matter of course; again and again, without anything between, is not.
            guard watchFailures > 1 || isTooLarge else { return relist(.expired, isConsistent: false, now, random) }
            return pause(
                attempt: watchFailures, then: .relisting(isConsistent: isTooLarge), after: error, now, random)
        }
        return pause(
            attempt: watchFailures, then: resumption(after: error), after: error, now, random)
    }

    /// What failed on the way or for lack of room continues where it was; what the server could not do is begun anew.
    private func resumption(after error: KubeError) -> Resumption {
        switch error {
        case .transport: .watching
        case .undecodable: .relisting(isConsistent: false)
        case .status, .plainText:
            error.code == 429 || error.retryAfter != nil || error.code == 401 || error.code == 403
                ? .watching : .relisting(isConsistent: false)
        }
    }

    /// Forgets failures when the watch was open long enough to have worked.
    private mutating func noteSoundness(_ watch: Watch, _ now: Instant) {
        if lifetime(watch, now) >= settings.soundWatch { watchFailures = 0 }
    }

    private func lifetime(_ watch: Watch, _ now: Instant) -> Duration {
        watch.openedAt.map { $0.duration(to: now) } ?? .zero
    }

    func newWatch(_ timeout: Duration, _ now: Instant) -> Watch {
        Watch(deadline: now.advanced(by: timeout + settings.watchMargin), lastSignal: now)
    }

    func watchTimeout(_ random: () -> Double) -> Duration {
        let range = settings.watchTimeout
        return range.lowerBound + (range.upperBound - range.lowerBound) * random()
    }
}
