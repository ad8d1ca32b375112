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
