import KubeClient

extension ReflectorMachine {
    /// Reads the whole state, in the way that is set and that the server can do.
    mutating func relist(
        _ reason: RelistReason, isConsistent: Bool, _ now: Instant, _ random: () -> Double
    ) -> Step {
        guard streams, !isConsistent || observed.isEmpty else {
            // A list also tells when the server's history was set back, which a stream only tells at its end.
            return beginPages(reason, isConsistent: isConsistent)
        }
        let timeout = settings.streamTimeout
        state = .streaming(newWatch(timeout, now))
        let version = observed.isEmpty ? nil : observed
        return Step(
            copy: .beginRelist(isConsistent: false), note: .relist(reason),
            next: .openWatch(.initialEvents(notOlderThan: version), timeout: timeout))
    }

    mutating func beginPages(_ reason: RelistReason, isConsistent: Bool, pageSize: Int? = nil) -> Step {
        let isConsistent = isConsistent || observed.isEmpty
        let listing = Listing(isConsistent: isConsistent, pageSize: pageSize ?? self.pageSize)
        state = .listing(listing)
        return Step(
            copy: .beginRelist(isConsistent: isConsistent), note: .relist(reason),
            next: .list(
                isConsistent ? .mostRecent : .notOlderThan(observed), limit: listing.pageSize, continueToken: nil))
    }

    mutating func turnPage(
        _ listing: Listing, _ version: ResourceVersion, _ token: String?, _ now: Instant, _ random: () -> Double
    ) -> Step {
        var listing = listing
        let version = listing.version ?? version
        listing.version = version
        listing.pages += 1
        if let token {
            guard listing.pages < settings.maximumPages else {
                return listFailed(
                    listing, .undecodable("the list has more than \(settings.maximumPages) pages"), now, random)
            }
            state = .listing(listing)
            return Step(next: .list(.mostRecent, limit: listing.pageSize, continueToken: token))
        }
        listFailures = 0
        probes = 0
        observed = version
        var step = openWatch(now, random)
        step.copy = .finishRelist(version)
        return step
    }

    mutating func listFailed(
        _ listing: Listing, _ error: KubeError, _ now: Instant, _ random: () -> Double
    ) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        if error.isExpired, listing.version != nil, listing.pageSize == pageSize {
            // Fewer pages are read in time; all at once could be more than there is room for.
            return beginPages(
                .tokenExpired, isConsistent: listing.isConsistent, pageSize: 10 * pageSize)
        }
        if case .transport(let error) = error, error.kind == .tooLarge {
            // Some objects are larger than others; what was too much at once may be none too much in parts.
            pageSize = max(1, min(pageSize, listing.pageSize) / 4)
        }
        listFailures += 1
        let dropsVersion = listing.isConsistent || error.isResourceVersionTooLarge || error.isExpired
        return pause(
            attempt: listFailures, then: .relisting(isConsistent: dropsVersion), after: error, now, random)
    }

    /// Waits before the next look for a resource type that is not served: soon at first, then at the set interval.
    mutating func becomeAbsent(_ error: KubeError, _ random: () -> Double) -> Step {
        state = .absent
        probes += 1
        let interval = settings.probeInterval * (0.75 + random() / 2)
        let delay = min(settings.backoff.delay(attempt: probes, random: random()), interval)
        return Step(copy: .markUnavailable("\(error)"), next: .sleep(for: delay))
    }

    mutating func pause(
        attempt: Int, then resumption: Resumption, after error: KubeError? = nil, _ now: Instant,
        _ random: () -> Double
    ) -> Step {
        state = .pausing(then: resumption)
        let backoff = settings.backoff.delay(attempt: attempt, random: random())
        // A server may ask for more, but not for so much that the copy would look dead.
        let asked = min(error?.retryAfter ?? .zero, .seconds(120))
        let delay = max(backoff, asked)
        return Step(note: error.map { .failed($0, retryIn: delay) }, next: .sleep(for: delay))
    }
}
