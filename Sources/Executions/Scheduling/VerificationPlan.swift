import KubeClient
import KubeRuntime

/// Decides when each unfinished run of one engine is verified, and interprets the responses.
///
/// Does no I/O: ``RunVerifier`` sends the requests of ``next(_:stored:)`` and passes the responses to
/// ``receive(_:for:_:)``. Each run has a deadline, one interval after the last request that confirmed its state was
/// sent. Requests start early enough for the response to arrive by then. A small number of runs is read one by one. A
/// large number is listed in pages, since even with a label selector the API server visits every stored run of the
/// engine.
struct VerificationPlan: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A request to the API server.
    enum Request: Hashable, Sendable {
        /// The metadata of one run.
        case metadata(ObjectKey)
        /// The metadata of a page of all runs; nil asks for the first page.
        case page(token: String?, limit: Int)
        /// The whole run, in at least this version.
        case run(ObjectKey, atLeast: ResourceVersion)
    }

    /// A request in flight.
    struct Ticket: Hashable, Sendable {
        let number: UInt64
        let request: Request
        let sentAt: Instant
        /// The time at which the response confirms the state: when the request was sent, or when a list showed the
        /// version.
        let shownAt: Instant
        /// Its timeout.
        let bound: Duration
    }

    /// The next action of the verifier.
    enum Next: Equatable {
        case send(Ticket)
        /// Wait until this time or the next response.
        case wait(until: Instant)
    }

    /// The version of a run on the API server, compared with the cache.
    enum Sighting: Hashable, Sendable {
        /// The cache has this version or a later one.
        case current
        /// The cache has this version or a later one, and in it the run has ended.
        case ended
        /// The cache has another version, or none.
        case behind(ResourceVersion)
    }

    /// The result of a request.
    enum Answer: Sendable {
        case sighted(Sighting)
        /// The whole run was read and stored in the cache.
        case read
        /// No run with this name exists.
        case missing
        /// The run exists but cannot be decoded.
        case unreadable
        /// One page. `isWhole` is false if an item has no readable name; the list then does not prove that a run is
        /// missing. `recommended` is the limit for a next page of moderate size.
        case page([ObjectKey: Sighting], next: String?, isWhole: Bool, recommended: Int = .max)
        case failed(Failure)
    }

    /// Why a request failed.
    enum Failure: Hashable, Sendable {
        /// The continue token has expired.
        case expired
        /// The page is too large or took too long.
        case tooMuch
        /// The API server does not serve the engine's runs.
        case notServed
        /// Any other failure, with the server's Retry-After.
        case other(retryAfter: Duration?)
    }

    /// A reason to queue an execution.
    struct Finding: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            /// The run was not found. Only a live read by name confirms that it was deleted.
            case missing
            /// The cached run has ended, but the execution has not.
            case ended
            /// The run has a different version than the cache had.
            case changed
            /// The run exists but cannot be decoded.
            case unreadable
        }

        let kind: Kind
        let run: ObjectKey
        let execution: ObjectKey
    }

    /// The state of an unfinished run.
    private struct Entry {
        let execution: ObjectKey
        /// When its state was last confirmed; initially, when tracking began.
        var verifiedAt: Instant
        /// Failures since then.
        var failures: Int = 0
        /// The number of the last list that contained it.
        var list: UInt64 = 0
        var place = Place.due
    }

    /// What a tracked run is waiting for.
    private enum Place: Hashable {
        /// Its deadline, in `deadlines`.
        case due
        /// A read of the whole run, in `unread`, because a list or read showed a version that the cache does not have.
        case unread
        /// The response to this ticket.
        case asked(UInt64)
    }

    /// A list in progress.
    private struct List {
        /// The number of the first page's ticket.
        let number: UInt64
        let startedAt: Instant
        var token: String?
        var pages = 0
        var isAwaited = true
        var isWhole = true
        /// The limit for the next page.
        var limit = Int.max
    }

    private struct Unread {
        let run: ObjectKey
        let version: ResourceVersion
        /// When the request that showed the version was sent.
        let shownAt: Instant
    }

    let pace: VerificationPace
    /// False on a standby, where runs are only tracked.
    private var isStarted = false
    private var entries: [ObjectKey: Entry] = [:]
    /// The runs in place `due`, ordered by the time when their verification is due.
    private var deadlines = KeyedHeap<ObjectKey, Instant>()
    /// Runs to read as a whole, oldest first from `firstUnread` on. Some may have been deleted or verified in the
    /// meantime.
    private var unread: [Unread] = []
    private var firstUnread = 0
    private var list: List?
    private var lastList: Instant?
    private var listFailures = 0
    /// True after a list was restarted because its token had expired.
    private var hasRestarted = false
    /// No list starts before this time.
    private var listPause: Instant?
    /// No request is sent before this time.
    private var pause: Instant?
    private var pageSize: Int
    /// The number of runs in a list.
    private var stored = 0
    private var readTime = TimeEstimate(.milliseconds(50))
    /// The estimated time of a read, for choosing between reads and a list. It falls while runs are listed, so that
    /// reads are tried again.
    private var hopedReadTime = TimeEstimate(.milliseconds(50))
    private var listTime = TimeEstimate(.seconds(2))
    /// The tickets in flight.
    private var inFlight: Set<UInt64> = []
    private var lastTicket: UInt64 = 0
    /// When the verifier wakes up.
    private var wakeUp: Instant?

    init(pace: VerificationPace) {
        self.pace = pace
        pageSize = pace.pageSize
    }

    /// The number of unfinished runs.
    var count: Int { entries.count }

    /// The number of places for runs to read as a whole, including those of runs that were read.
    var unreadPlaces: Int { unread.count }

    func isTracking(_ run: ObjectKey) -> Bool { entries[run] != nil }

    /// The time since the least recently verified run was confirmed; zero without runs.
    func oldestAge(_ now: Instant) -> Duration {
        guard isStarted, let oldest = entries.values.lazy.map(\.verifiedAt).min() else { return .zero }
        return max(.zero, oldest.duration(to: now))
    }

    /// Starts verification with all runs due immediately, because the watch of a standby may have failed silently.
    mutating func start(_ now: Instant) {
        isStarted = true
        for run in entries.keys {
            entries[run]?.verifiedAt = now
            deadlines.set(run, priority: now)
        }
    }

    /// Tracks a run that has not ended; returns true if the verifier must wake up earlier than planned.
    mutating func track(_ run: ObjectKey, of execution: ObjectKey, _ now: Instant) -> Bool {
        guard entries[run] == nil else { return false }
        entries[run] = Entry(execution: execution, verifiedAt: now)
        deadlines.set(run, priority: now.advanced(by: pace.interval))
        guard isStarted, let wakeUp, let nextTime else { return false }
        return nextTime < wakeUp
    }

    /// Stops tracking a run whose execution has ended or was deleted.
    mutating func untrack(_ run: ObjectKey) {
        guard entries.removeValue(forKey: run) != nil else { return }
        deadlines.remove(run)
    }

    // MARK: - Requests

    /// The next request to send, or until when to wait.
    ///
    /// - Parameter stored: the number of runs of the engine, including those that have ended.
    mutating func next(_ now: Instant, stored: Int = 0) -> Next {
        self.stored = stored
        if let pause, now < pause { return wait(until: pause) }
        pause = nil
        guard isStarted, inFlight.count < pace.concurrency else { return wait(until: now.advanced(by: pace.interval)) }
        if let list, !list.isAwaited {
            self.list?.isAwaited = true
            let limit = max(1, min(pageSize, list.limit))
            return send(.page(token: list.token, limit: limit), shownAt: list.startedAt, now)
        }
        if let unread = nextUnread() {
            return ask(.run(unread.run, atLeast: unread.version), about: unread.run, shownAt: unread.shownAt, now)
        }
        // A run that is added in the meantime is due later, or ends the wait.
        guard let nextTime else { return wait(until: now.advanced(by: pace.interval)) }
        guard nextTime <= now else { return wait(until: nextTime) }
        if isMany {
            return list == nil ? beginList(now) : wait(until: now.advanced(by: pace.interval))
        }
        guard let run = deadlines.popFirst() else { return wait(until: now.advanced(by: pace.interval)) }
        return ask(.metadata(run), about: run, shownAt: now, now)
    }

    private var isMany: Bool { !pace.prefersReads(entries.count, of: stored, each: hopedReadTime.value) }

    private var lead: Duration {
        isMany
            ? pace.leadOfList(taking: listTime.value) : pace.leadOfReads(entries.count, each: readTime.value)
    }

    /// When the next request must be sent; nil if no run waits for one.
    private var nextTime: Instant? {
        guard let deadline = deadlines.first?.priority else { return nil }
        let time = deadline.advanced(by: .zero - lead)
        guard isMany else { return time }
        let gap = pace.gapBetweenLists(taking: listTime.value)
        return max(time, lastList?.advanced(by: gap) ?? time, listPause ?? time)
    }

    private mutating func wait(until time: Instant) -> Next {
        wakeUp = time
        return .wait(until: time)
    }

    private mutating func send(_ request: Request, shownAt: Instant, _ now: Instant) -> Next {
        wakeUp = nil
        lastTicket += 1
        inFlight.insert(lastTicket)
        let bound = if case .page = request { pace.pageBound } else { pace.readBound }
        return .send(Ticket(number: lastTicket, request: request, sentAt: now, shownAt: shownAt, bound: bound))
    }

    private mutating func ask(_ request: Request, about run: ObjectKey, shownAt: Instant, _ now: Instant) -> Next {
        let next = send(request, shownAt: shownAt, now)
        entries[run]?.place = .asked(lastTicket)
        return next
    }

    private mutating func beginList(_ now: Instant) -> Next {
        let next = send(.page(token: nil, limit: pageSize), shownAt: now, now)
        list = List(number: lastTicket, startedAt: now)
        lastList = now
        listPause = nil
        return next
    }

    private mutating func nextUnread() -> Unread? {
        while firstUnread < unread.count {
            let first = unread[firstUnread]
            firstUnread += 1
            // There may always be runs to read, so what was read is not kept until none is left.
            if firstUnread >= 64, firstUnread * 2 >= unread.count {
                unread.removeFirst(firstUnread)
                firstUnread = 0
            }
            if entries[first.run]?.place == .unread { return first }
        }
        unread = []
        firstUnread = 0
        return nil
    }

    // MARK: - Answers

    /// Processes a response; returns the executions to queue.
    mutating func receive(_ answer: Answer, for ticket: Ticket, _ now: Instant) -> [Finding] {
        guard inFlight.remove(ticket.number) != nil else { return [] }
        if case .failed(let failure) = answer { noteFailure(failure, now) }
        switch ticket.request {
        case .page(_, let limit): return receivePage(answer, limit: limit, now)
        case .metadata(let run), .run(let run, _):
            guard let entry = entries[run], entry.place == .asked(ticket.number) else { return [] }
            return receive(answer, about: run, entry, ticket, now)
        }
    }

    private mutating func receive(
        _ answer: Answer, about run: ObjectKey, _ entry: Entry, _ ticket: Ticket, _ now: Instant
    ) -> [Finding] {
        if case .metadata = ticket.request, answer.isFromServer {
            readTime.observe(ticket.sentAt.duration(to: now))
            hopedReadTime.observe(ticket.sentAt.duration(to: now))
        }
        func finding(_ kind: Finding.Kind) -> [Finding] {
            [Finding(kind: kind, run: run, execution: entry.execution)]
        }
        switch answer {
        case .sighted(let sighting):
            return see(run, sighting, at: ticket.shownAt) ? finding(.ended) : []
        case .read:
            verified(run, at: ticket.sentAt)
            return finding(.changed)
        case .missing:
            verified(run, at: ticket.sentAt)
            return finding(.missing)
        case .unreadable:
            retryLater(run, now)
            return finding(.unreadable)
        case .failed, .page:
            retryLater(run, now)
            return []
        }
    }

    /// Records the version of a run; returns true if the run has ended but its execution has not.
    private mutating func see(_ run: ObjectKey, _ sighting: Sighting, at time: Instant) -> Bool {
        switch sighting {
        case .current, .ended:
            verified(run, at: time)
            return sighting == .ended
        case .behind(let version):
            deadlines.remove(run)
            entries[run]?.place = .unread
            unread.append(Unread(run: run, version: version, shownAt: time))
            return false
        }
    }

    private mutating func receivePage(_ answer: Answer, limit: Int, _ now: Instant) -> [Finding] {
        guard var list else { return [] }
        guard case .page(let sightings, let token, let isWhole, let recommended) = answer else {
            if case .failed(let failure) = answer { endList(after: failure, limit: limit, now) }
            return []
        }
        list.isWhole = list.isWhole && isWhole
        list.pages += 1
        var findings: [Finding] = []
        for (run, sighting) in sightings {
            guard let entry = entries[run] else { continue }
            entries[run]?.list = list.number
            // A request for this run in flight is newer.
            guard entry.place == .due else { continue }
            if see(run, sighting, at: list.startedAt) {
                findings.append(Finding(kind: .ended, run: run, execution: entry.execution))
            }
        }
        if let token {
            // A server that repeats its token would never finish the list.
            guard token != list.token, list.pages < pace.maximumPages else {
                endList(after: .other(retryAfter: nil), limit: limit, now)
                return findings
            }
            list.token = token
            list.limit = recommended
            list.isAwaited = false
            self.list = list
            return findings
        }
        self.list = nil
        listTime.observe(list.startedAt.duration(to: now))
        hopedReadTime.relax()
        (listFailures, hasRestarted) = (0, false)
        return list.isWhole ? findings + missing(from: list) : findings
    }

    /// Reports the runs that a complete list did not contain, and marks them as verified.
    private mutating func missing(from list: List) -> [Finding] {
        let missing = entries.filter {
            $0.value.list != list.number && $0.value.place == .due && $0.value.verifiedAt <= list.startedAt
        }
        return missing.map { run, entry in
            verified(run, at: list.startedAt)
            return Finding(kind: .missing, run: run, execution: entry.execution)
        }
    }

    private mutating func endList(after failure: Failure, limit: Int, _ now: Instant) {
        list = nil
        if failure == .tooMuch { pageSize = max(10, min(pageSize, limit / 4)) }
        if failure == .expired, !hasRestarted {
            hasRestarted = true
            (lastList, listPause) = (nil, nil)
            return
        }
        listFailures += 1
        lastList = nil
        listPause = now.advanced(by: pace.pause(afterFailures: listFailures))
    }

    private mutating func noteFailure(_ failure: Failure, _ now: Instant) {
        let asked: Duration
        switch failure {
        case .notServed: asked = pace.interval / 2
        case .other(let retryAfter?): asked = min(retryAfter, pace.interval)
        case .expired, .tooMuch, .other: return
        }
        pause = max(pause ?? now, now.advanced(by: asked))
    }

    private mutating func verified(_ run: ObjectKey, at time: Instant) {
        guard var entry = entries[run] else { return }
        entry.verifiedAt = max(entry.verifiedAt, time)
        (entry.failures, entry.place) = (0, .due)
        entries[run] = entry
        deadlines.set(run, priority: entry.verifiedAt.advanced(by: pace.interval))
    }

    private mutating func retryLater(_ run: ObjectKey, _ now: Instant) {
        guard var entry = entries[run] else { return }
        entry.failures += 1
        entry.place = .due
        entries[run] = entry
        // Requests start before the deadline by `lead`.
        deadlines.set(run, priority: now.advanced(by: pace.pause(afterFailures: entry.failures) + lead))
    }
}

extension VerificationPlan.Answer {
    /// True if the API server answered about the run.
    fileprivate var isFromServer: Bool {
        switch self {
        case .sighted, .read, .missing, .unreadable, .page: true
        case .failed: false
        }
    }
}
