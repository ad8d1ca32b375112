import KubeClient

extension ReflectorMachine {
    mutating func streamed(
        _ watch: Watch, _ signal: Signal, _ now: Instant, _ random: () -> Double
    ) -> Step {
        var watch = watch
        watch.lastSignal = now
        watch.hasSignals = true
        switch signal {
        case .bookmark(let version, endsInitialEvents: true):
            observed = version
            listFailures = 0
            probes = 0
            // On a watch of its own, because one that dies without a word is to be found out soon.
            var step = openWatch(now, random)
            step.copy = .finishRelist(version)
            return step
        case .object, .bookmark:
            // The objects of the state come in no order of versions, so none of these is observed yet.
            state = .streaming(watch)
            return Step(next: .read(until: streamDeadline(watch)))
        case .failed(let status):
            return streamFailed(.status(status), now, random)
        }
    }

    mutating func streamFailed(_ error: KubeError, _ now: Instant, _ random: () -> Double) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        switch error.code {
        case 400, 422:
            streams = false
            var step = beginPages(.initial, isConsistent: false)
            step.note = .streamingUnsupported
            return step
        default:
            listFailures += 1
            // What no repetition mends may still be allowed as a list.
            if !error.isTransient, !error.isExpired { streams = false }
            let dropsVersion = error.isResourceVersionTooLarge || error.isExpired
            return pause(
                attempt: listFailures, then: .relisting(isConsistent: dropsVersion), after: error, now, random)
        }
    }

    /// Lists instead: a stream whose end did not come will most likely not end the next time either.
    mutating func stopStreaming(_ reason: RelistReason, _ now: Instant, _ random: () -> Double) -> Step {
        streams = false
        return beginPages(reason, isConsistent: false)
    }

    func streamDeadline(_ watch: Watch) -> Instant {
        min(watch.lastSignal.advanced(by: settings.streamQuietLimit), watch.deadline)
    }
}
