import KubeClient

/// Decides how to keep a copy of a collection: what to ask for next, and what an answer means for the copy.
///
/// It has no clock, no socket and no objects. Whoever runs it takes in the objects, feeds what happened to
/// ``step(_:now:random:)`` and carries out the step that comes back. `controller-runtime`'s and `kube`'s watchers keep
/// the same protocol; where this one differs: the version is never forgotten without need, deletions are never lost,
/// and pauses only end their growth when something was really achieved.
struct ReflectorMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Where the protocol stands.
    enum State {
        /// Nothing was asked for. Goes to `listing` or `streaming`.
        case idle
        /// A page was asked for. Goes to `listing` for the next one, to `watching` after the last one, to `pausing` or
        /// `absent` on failure.
        case listing(Listing)
        /// A watch that begins with the whole state is asked for or being read. Goes to `watching`, on a new watch, at the
        /// bookmark that ends the state; to `listing` when the server cannot do it or never sends that bookmark.
        case streaming(Watch)
        /// A watch from the observed version on is asked for or being read. Goes to `watching` when it ends well or
        /// falls silent, to `listing` or `streaming` when the version is too old, to `pausing` or `absent` on failure.
        case watching(Watch)
        /// A failure is being waited out. Goes to what is to be tried again.
        case pausing(then: Resumption)
        /// The server does not serve the resource type; it is looked for now and then. Goes to `listing`.
        case absent
    }

    struct Listing {
        var isConsistent: Bool
        /// Larger once a token had expired.
        var pageSize: Int
        /// The version of the first page, which is that of the whole list.
        var version: ResourceVersion?
        /// How many pages there were.
        var pages = 0
    }

    struct Watch {
        /// Nil until the server accepted it.
        var openedAt: Instant?
        /// When the server will have ended it, at the latest.
        var deadline: Instant
        /// When the last event or bookmark came, or else when it was opened.
        var lastSignal: Instant
        var hasSignals = false
    }

    enum Resumption {
        case watching
        case relisting(isConsistent: Bool)
    }

    let settings: ReflectorSettings
    var state = State.idle
    /// The version from which a watch continues; empty before the first sync.
    var observed: ResourceVersion
    /// Failures to list since a list was complete.
    var listFailures = 0
    /// Failures of watches since one of them worked.
    var watchFailures = 0
    /// Failures to list or watch since one of both worked.
    var failuresInARow: Int { listFailures + watchFailures }
    /// Looks for the resource type since it was found missing.
    var probes = 0
    var streams: Bool
    /// How many objects a page is to have; fewer once a page was too large to be read.
    var pageSize: Int

    init(settings: ReflectorSettings, observed: ResourceVersion = ResourceVersion("")) {
        self.settings = settings
        self.observed = observed
        streams = settings.synchronization == .streaming
        pageSize = settings.pageSize
    }

    /// Takes in what happened and says what to do about it. `random` is uniform in `0..<1`.
    mutating func step(_ input: Input, now: Instant, random: () -> Double) -> Step {
        switch (state, input) {
        case (.idle, .start):
            return relist(.initial, isConsistent: true, now, random)
        case (.listing(let listing), .page(let version, let token)):
            return turnPage(listing, version, token, now, random)
        case (.listing(let listing), .failed(let error)):
            return listFailed(listing, error, now, random)
        case (.streaming(let watch), .opened), (.watching(let watch), .opened):
            return opened(watch, now)
        case (.streaming(let watch), .signal(let signal)):
            return streamed(watch, signal, now, random)
        case (.streaming, .ended), (.streaming, .silent):
            return stopStreaming(.streamStalled, now, random)
        case (.streaming, .failed(let error)):
            return streamFailed(error, now, random)
        case (.watching(let watch), .signal(let signal)):
            return watched(watch, signal, now, random)
        case (.watching(let watch), .ended):
            return watchEnded(watch, now, random)
        case (.watching, .silent):
            return openWatch(note: .silentWatch, now, random)
        case (.watching(let watch), .failed(let error)):
            return watchFailed(watch, error, now, random)
        case (.pausing(.watching), .woke):
            return openWatch(now, random)
        case (.pausing(.relisting(let isConsistent)), .woke):
            return relist(.retry, isConsistent: isConsistent, now, random)
        case (.absent, .woke):
            return beginPages(.probe, isConsistent: true)
        default:
            // The runner fed what cannot happen here. Starting over, after a pause, is right in every state.
            listFailures += 1
            return pause(attempt: listFailures, then: .relisting(isConsistent: true), now, random)
        }
    }
}

extension ReflectorMachine {
    /// What happened.
    enum Input {
        case start
        /// A page arrived and its objects are stored; the token is nil on the last one.
        case page(ResourceVersion, continueToken: String?)
        /// The server accepted the watch.
        case opened
        case signal(Signal)
        /// The server ended the watch in the regular way.
        case ended
        /// Nothing arrived until the deadline of the reading.
        case silent
        /// The list or the watch failed.
        case failed(KubeError)
        /// The pause is over.
        case woke
    }

    /// What a watch brought, without the object, which is stored already.
    enum Signal {
        /// A change, with its version; empty when it could not be read.
        case object(ResourceVersion)
        case bookmark(ResourceVersion, endsInitialEvents: Bool)
        case failed(APIStatus)
    }

    /// What to do: first the copy, then the one thing to wait for.
    struct Step {
        var copy: CopyAction?
        /// For the log and the metrics.
        var note: Note?
        var next: Next
    }

    /// What happens to the copy of the collection.
    enum CopyAction: Hashable {
        /// The whole state is about to be read; it is the most recent one when `isConsistent`.
        case beginRelist(isConsistent: Bool)
        /// The whole state was read, as of this version.
        case finishRelist(ResourceVersion)
        /// Everything up to this version is known.
        case observe(ResourceVersion)
        /// The resource type is not served.
        case markUnavailable(String)
    }

    /// The one thing to wait for.
    enum Next: Hashable {
        case list(ListVersion, limit: Int?, continueToken: String?)
        case openWatch(WatchStart, timeout: Duration)
        /// Reads the open watch until the deadline.
        case read(until: Instant)
        case sleep(for: Duration)
    }

    /// What is worth telling.
    enum Note: Hashable {
        case relist(RelistReason)
        case failed(KubeError, retryIn: Duration)
        case silentWatch
        case shortWatch
        case streamingUnsupported
    }

    /// Why the whole state is read.
    enum RelistReason: String, Hashable, CaseIterable {
        case initial
        /// The version is older than the server's history.
        case expired
        /// The server has not seen the version yet, or never will.
        case versionTooLarge = "version_too_large"
        /// A token for the next page was too old.
        case tokenExpired = "token_expired"
        /// The state that was to be streamed never ended.
        case streamStalled = "stream_stalled"
        /// After a failure.
        case retry
        /// The resource type was not served before.
        case probe
    }
}

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
