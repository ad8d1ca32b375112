import KubeClient

/// Decides how to keep a copy of a collection in sync: what to request next, and what a response means for the copy.
///
/// Pure: the caller stores the objects, passes each result to ``step(_:now:random:)`` and performs the step that it
/// returns. The protocol is that of client-go's reflector and kube's watcher, with three differences: a known version
/// is kept whenever possible, deletions are never lost, and backoff is reset only by progress.
struct ReflectorMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The state of the protocol.
    enum State {
        /// Nothing was requested yet. Goes to `listing` or `streaming`.
        case idle
        /// A page is requested. Goes to `listing` for the next page, to `watching` after the last one, to `pausing` or
        /// `absent` on failure.
        case listing(Listing)
        /// A watch with initial events is requested or being read. Goes to `watching`, with a new watch, at the
        /// bookmark that ends them; to `listing` if the server does not support them or never sends that bookmark.
        case streaming(Watch)
        /// A watch from the observed version is requested or being read. Goes to `watching` when it ends normally or is
        /// silent, to `listing` or `streaming` if the version is too old, to `pausing` or `absent` on failure.
        case watching(Watch)
        /// Waits for the backoff of a failure. Goes back to the list or watch that failed.
        case pausing(then: Resumption)
        /// The server does not serve the resource type; it is checked periodically. Goes to `listing`.
        case absent
    }

    struct Listing {
        var isConsistent: Bool
        /// The number of objects to request per page; larger after a continue token has expired.
        var pageSize: Int
        /// The version of the first page, which is the version of the whole list.
        var version: ResourceVersion?
        /// The number of pages received.
        var pages = 0
    }

    struct Watch {
        /// Nil until the server accepts the watch.
        var openedAt: Instant?
        /// When the server must have ended the watch.
        var deadline: Instant
        /// The time of the last event or bookmark, or else when the watch was opened.
        var lastSignal: Instant
        var hasSignals = false
    }

    enum Resumption {
        case watching
        case relisting(isConsistent: Bool)
    }

    let settings: ReflectorSettings
    private(set) var state = State.idle
    /// The version from which a watch resumes; empty before the first sync.
    private(set) var observed: ResourceVersion
    /// The number of failed lists since the last complete one.
    private(set) var listFailures = 0
    /// The number of failed watches since the last one that worked.
    private(set) var watchFailures = 0
    /// The number of failed lists and watches since one of them worked.
    var failuresInARow: Int { listFailures + watchFailures }
    /// The number of checks for the resource type since it was not served.
    private(set) var probes = 0
    private(set) var streams: Bool
    /// The number of objects to request per page; reduced if a page was too large to read.
    private(set) var pageSize: Int

    init(settings: ReflectorSettings, observed: ResourceVersion = ResourceVersion("")) {
        self.settings = settings
        self.observed = observed
        streams = settings.synchronization == .streaming
        pageSize = settings.pageSize
    }

    /// Processes an input and returns what to do next. `random` is uniform in `0..<1`.
    mutating func step(_ input: Input, now: Instant, random: () -> Double) -> Step {
        switch (state, input) {
        case (.idle, .start):
            return relist(.initial, isConsistent: true, now, random)
        case (.listing(let listing), .page(let version, let token, let recommended)):
            return turnPage(listing, version, token, recommended, now, random)
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
            // The input is impossible in this state. Starting over after a pause is correct in every state.
            listFailures += 1
            return pause(attempt: listFailures, then: .relisting(isConsistent: true), now, random)
        }
    }
}

extension ReflectorMachine {
    /// The result of the last action.
    enum Input {
        case start
        /// A page arrived, and its objects are stored; the token is nil on the last page. `recommended` is the limit for
        /// a next page of moderate size.
        case page(ResourceVersion, continueToken: String?, recommended: Int = .max)
        /// The server accepted the watch.
        case opened
        case signal(Signal)
        /// The server ended the watch normally.
        case ended
        /// Nothing arrived until the read deadline.
        case silent
        /// The list or watch failed.
        case failed(KubeError)
        /// The pause is over.
        case woke
    }

    /// A watch event without its object, which is stored already.
    enum Signal {
        /// A change, with its version; empty if the version could not be read.
        case object(ResourceVersion)
        case bookmark(ResourceVersion, endsInitialEvents: Bool)
        case failed(APIStatus)
    }

    /// What to do: first apply `copy`, then perform `next` and pass its result to the next step.
    struct Step {
        var copy: CopyAction?
        /// For the log and the metrics.
        var note: Note?
        var next: Next
    }

    /// A change of the copy of the collection.
    enum CopyAction: Hashable {
        /// The whole collection is about to be read; consistently, if the most recent state was requested.
        case beginRelist(isConsistent: Bool)
        /// The whole collection was read, as of this version.
        case finishRelist(ResourceVersion)
        /// Everything up to this version is known.
        case observe(ResourceVersion)
        /// The resource type is not served.
        case markUnavailable(String)
    }

    /// The action whose result is the next input.
    enum Next: Hashable {
        case list(ListVersion, limit: Int?, continueToken: String?)
        case openWatch(WatchStart, timeout: Duration)
        /// Reads the open watch until the deadline.
        case read(until: Instant)
        case sleep(for: Duration)
    }

    /// A notable decision, for the log and the metrics.
    enum Note: Hashable {
        case relist(RelistReason)
        case failed(KubeError, retryIn: Duration)
        case silentWatch
        case shortWatch
        case streamingUnsupported
    }

    /// Why the whole collection is read.
    enum RelistReason: String, Hashable, CaseIterable {
        case initial
        /// The version is older than the server's history.
        case expired
        /// The server has not reached the version, or never will.
        case versionTooLarge = "version_too_large"
        /// A continue token was too old.
        case tokenExpired = "token_expired"
        /// The initial events of a watch never ended.
        case streamStalled = "stream_stalled"
        /// The previous list or watch failed.
        case retry
        /// The resource type was not served before.
        case probe
    }
}

extension ReflectorMachine {
    /// Reads the whole collection, as configured and supported by the server.
    private mutating func relist(
        _ reason: RelistReason, isConsistent: Bool, _ now: Instant, _ random: () -> Double
    ) -> Step {
        guard streams, !isConsistent || observed.isEmpty else {
            // A list shows at its start that the server's history was reset; a stream shows it only at its end.
            return beginPages(reason, isConsistent: isConsistent)
        }
        let timeout = settings.streamTimeout
        state = .streaming(newWatch(timeout, now))
        let version = observed.isEmpty ? nil : observed
        return Step(
            copy: .beginRelist(isConsistent: false), note: .relist(reason),
            next: .openWatch(.initialEvents(notOlderThan: version), timeout: timeout))
    }

    private mutating func beginPages(_ reason: RelistReason, isConsistent: Bool, pageSize: Int? = nil) -> Step {
        let isConsistent = isConsistent || observed.isEmpty
        let listing = Listing(isConsistent: isConsistent, pageSize: pageSize ?? self.pageSize)
        state = .listing(listing)
        return Step(
            copy: .beginRelist(isConsistent: isConsistent), note: .relist(reason),
            next: .list(
                isConsistent ? .mostRecent : .notOlderThan(observed), limit: listing.pageSize, continueToken: nil))
    }

    private mutating func turnPage(
        _ listing: Listing, _ version: ResourceVersion, _ token: String?, _ recommended: Int, _ now: Instant,
        _ random: () -> Double
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
            let limit = max(1, min(listing.pageSize, recommended))
            return Step(next: .list(.mostRecent, limit: limit, continueToken: token))
        }
        listFailures = 0
        probes = 0
        observed = version
        var step = openWatch(now, random)
        step.copy = .finishRelist(version)
        return step
    }

    private mutating func listFailed(
        _ listing: Listing, _ error: KubeError, _ now: Instant, _ random: () -> Double
    ) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        if error.isExpired, listing.version != nil, listing.pageSize == pageSize {
            // Larger pages finish sooner. Everything in one page could exceed the size limit.
            return beginPages(
                .tokenExpired, isConsistent: listing.isConsistent, pageSize: 10 * pageSize)
        }
        if case .transport(let error) = error, error.kind == .tooLarge {
            // A page with fewer objects may fit.
            pageSize = max(1, min(pageSize, listing.pageSize) / 4)
        }
        listFailures += 1
        let dropsVersion = listing.isConsistent || error.isResourceVersionTooLarge || error.isExpired
        return pause(
            attempt: listFailures, then: .relisting(isConsistent: dropsVersion), after: error, now, random)
    }

    /// Waits before the next check for a resource type that is not served, with backoff up to the probe interval.
    private mutating func becomeAbsent(_ error: KubeError, _ random: () -> Double) -> Step {
        state = .absent
        probes += 1
        let interval = settings.probeInterval * (0.75 + random() / 2)
        let backoff = Backoff(
            base: settings.backoff.base, cap: settings.probeInterval, jitter: settings.backoff.jitter)
        let delay = min(backoff.delay(attempt: probes, random: random()), interval)
        return Step(copy: .markUnavailable("\(error)"), next: .sleep(for: delay))
    }

    private mutating func pause(
        attempt: Int, then resumption: Resumption, after error: KubeError? = nil, _ now: Instant,
        _ random: () -> Double
    ) -> Step {
        state = .pausing(then: resumption)
        let backoff = settings.backoff.delay(attempt: attempt, random: random())
        // A server may ask for a longer delay, but not for one that makes the copy stale for long.
        let asked = min(error?.retryAfter ?? .zero, .seconds(120))
        let delay = max(backoff, asked)
        return Step(note: error.map { .failed($0, retryIn: delay) }, next: .sleep(for: delay))
    }
}

extension ReflectorMachine {
    private mutating func streamed(
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
            // Open a new watch, whose short timeout detects a dead connection soon.
            var step = openWatch(now, random)
            step.copy = .finishRelist(version)
            return step
        case .object, .bookmark:
            // Initial events are in no order of versions, so none of their versions counts as observed.
            state = .streaming(watch)
            return Step(next: .read(until: streamDeadline(watch)))
        case .failed(let status):
            return streamFailed(.status(status), now, random)
        }
    }

    private mutating func streamFailed(_ error: KubeError, _ now: Instant, _ random: () -> Double) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        switch error.code {
        case 400, 422:
            streams = false
            var step = beginPages(.initial, isConsistent: false)
            step.note = .streamingUnsupported
            return step
        default:
            listFailures += 1
            // A request that cannot succeed as a stream may still be allowed as a list.
            if !error.isTransient, !error.isExpired { streams = false }
            let dropsVersion = error.isResourceVersionTooLarge || error.isExpired
            return pause(
                attempt: listFailures, then: .relisting(isConsistent: dropsVersion), after: error, now, random)
        }
    }

    /// Lists instead: a stream that did not end is unlikely to end the next time.
    private mutating func stopStreaming(_ reason: RelistReason, _ now: Instant, _ random: () -> Double) -> Step {
        streams = false
        return beginPages(reason, isConsistent: false)
    }

    private func streamDeadline(_ watch: Watch) -> Instant {
        min(watch.lastSignal.advanced(by: settings.streamQuietLimit), watch.deadline)
    }
}

extension ReflectorMachine {
    private mutating func openWatch(note: Note? = nil, _ now: Instant, _ random: () -> Double) -> Step {
        let timeout = watchTimeout(random)
        state = .watching(newWatch(timeout, now))
        return Step(note: note, next: .openWatch(.after(observed), timeout: timeout))
    }

    private mutating func opened(_ watch: Watch, _ now: Instant) -> Step {
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

    private mutating func watched(
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

    private mutating func watchEnded(_ watch: Watch, _ now: Instant, _ random: () -> Double) -> Step {
        if watch.hasSignals || lifetime(watch, now) >= settings.shortWatch {
            noteSoundness(watch, now)
            return openWatch(now, random)
        }
        // A proxy between this process and the server probably breaks watches. Listing periodically still keeps the
        // copy in sync.
        watchFailures += 1
        var step = pause(attempt: watchFailures, then: .relisting(isConsistent: false), now, random)
        step.note = .shortWatch
        return step
    }

    private mutating func watchFailed(
        _ watch: Watch, _ error: KubeError, _ now: Instant, _ random: () -> Double
    ) -> Step {
        if error.isPlainNotFound { return becomeAbsent(error, random) }
        noteSoundness(watch, now)
        watchFailures += 1
        if error.isExpired || error.isResourceVersionTooLarge {
            let isTooLarge = error.isResourceVersionTooLarge
            // The first expiry is normal; repeated ones without an event between them are not.
            guard watchFailures > 1 || isTooLarge else { return relist(.expired, isConsistent: false, now, random) }
            return pause(
                attempt: watchFailures, then: .relisting(isConsistent: isTooLarge), after: error, now, random)
        }
        return pause(
            attempt: watchFailures, then: resumption(after: error), after: error, now, random)
    }

    /// Network errors, throttling and authorization errors resume the watch; other errors start a new list.
    private func resumption(after error: KubeError) -> Resumption {
        switch error {
        case .transport: .watching
        case .undecodable: .relisting(isConsistent: false)
        case .status, .plainText:
            error.code == 429 || error.retryAfter != nil || error.code == 401 || error.code == 403
                ? .watching : .relisting(isConsistent: false)
        }
    }

    /// Resets the failures if the watch was open long enough to have worked.
    private mutating func noteSoundness(_ watch: Watch, _ now: Instant) {
        if lifetime(watch, now) >= settings.soundWatch { watchFailures = 0 }
    }

    private func lifetime(_ watch: Watch, _ now: Instant) -> Duration {
        watch.openedAt.map { $0.duration(to: now) } ?? .zero
    }

    private func newWatch(_ timeout: Duration, _ now: Instant) -> Watch {
        Watch(deadline: now.advanced(by: timeout + settings.watchMargin), lastSignal: now)
    }

    private func watchTimeout(_ random: () -> Double) -> Duration {
        let range = settings.watchTimeout
        return range.lowerBound + (range.upperBound - range.lowerBound) * random()
    }
}
