import KubeClient
import KubeRuntime

/// Decides when which unfinished run of one engine is verified, and what an answer says about it.
///
/// Pure: ``RunVerifier`` sends what ``next(_:)`` asks for and feeds the answer to ``take(_:_:_:)``. Each run has a
/// deadline, one interval after the last request that proved its state was sent. Requests begin before that by the time
/// they take, so that the answer is there in time. Few runs are read one by one. Many are listed in pages, because a
/// label selector makes the API server look at every stored run of the engine, however few are asked for.
struct VerificationPlan: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// A question to the API server.
    enum Request: Hashable, Sendable {
        /// The metadata of one run.
        case metadata(ObjectKey)
        /// The metadata of a page of all runs; nil asks for the first page.
        case page(token: String?, limit: Int)
        /// A whole run, of which at least this version exists.
        case run(ObjectKey, atLeast: ResourceVersion)
    }

    /// A request on its way.
    struct Ticket: Hashable, Sendable {
        let number: UInt64
        let request: Request
        let sentAt: Instant
        /// What an answer without a whole run says was true then: when it was sent, or when a list showed the version.
        let shownAt: Instant
        /// After this time it is given up.
        let bound: Duration
    }

    /// What to do now.
    enum Next: Equatable {
        case send(Ticket)
        /// Nothing before this time, or before the next answer.
        case wait(until: Instant)
    }

    /// What the API server says of a run, compared with the cache.
    enum Sighting: Hashable, Sendable {
        /// The cache has this version or a later one.
        case current
        /// So it has, and by that the run has ended.
        case ended
        /// The cache has another version, or none.
        case behind(ResourceVersion)
    }

    /// What became of a request.
    enum Answer: Sendable {
        case sighted(Sighting)
        /// The whole run was read, and is in the cache.
        case read
        /// No run of this name exists.
        case missing
        /// The run exists and cannot be decoded.
        case unreadable
        /// One page; it is not whole where an item has no readable name, so that it proves nobody's absence.
        case page([ObjectKey: Sighting], next: String?, isWhole: Bool)
        case failed(Failure)
    }

    /// Why there was no answer.
    enum Failure: Hashable, Sendable {
        /// The token of the page before is too old.
        case expired
        /// The page is too large, or took too long.
        case tooMuch
        /// The API server does not serve the engine's runs.
        case notServed
        /// Everything else, with the time that the server asked to wait.
        case other(retryAfter: Duration?)
    }

    /// What an execution has to be told.
    struct Finding: Hashable, Sendable {
        enum Kind: Hashable, Sendable {
            /// The run was not found; only a live read by its name proves that it is gone.
            case missing
            /// The cached run has ended, and the execution has not.
            case ended
            /// The run has another version than the cache had.
            case changed
            /// The run exists and cannot be decoded.
            case unreadable
        }

        let kind: Kind
        let run: ObjectKey
        let execution: ObjectKey
    }

    /// What is kept of an unfinished run.
    private struct Entry {
        let execution: ObjectKey
        /// When its state was last known to be true; at first, when it was taken in.
        var verifiedAt: Instant
        /// Failures since then.
        var failures: Int = 0
        /// The list that showed it last.
        var list: UInt64 = 0
        var place = Place.due
    }

    /// Where a run waits for its verification.
    private enum Place: Hashable {
        /// In `deadlines`.
        case due
        /// In `unread`, since a list or a read showed a version that the cache lacks.
        case unread
        /// Asked for with this ticket.
        case asked(UInt64)
    }

    /// A list under way.
    private struct List {
        /// The number of the first page's ticket.
        let number: UInt64
        let startedAt: Instant
        var token: String?
        var pages = 0
        var isAwaited = true
        var isWhole = true
    }

    private struct Unread {
        let run: ObjectKey
        let version: ResourceVersion
        /// When the request was sent that showed the version.
        let shownAt: Instant
    }

    let pace: VerificationPace
    /// False until the process works; before, runs are only taken in.
    private var isStarted = false
    private var entries: [ObjectKey: Entry] = [:]
    /// Exactly the runs in place `due`, by the time until which they have to be verified.
    private var deadlines = KeyedHeap<ObjectKey, Instant>()
    /// Runs to be read as a whole, oldest first from `firstUnread` on; some may be gone or verified since.
    private var unread: [Unread] = []
    private var firstUnread = 0
    private var list: List?
    private var lastList: Instant?
    private var listFailures = 0
    /// True after a list that began again because its token had expired.
    private var hasBegunAgain = false
    /// No list begins before this time.
    private var listPause: Instant?
    /// Nothing is sent before this time.
    private var pause: Instant?
    private var pageSize: Int
    /// How many runs a list shows.
    private var stored = 0
    private var readTime = TimeEstimate(.milliseconds(50))
    /// The same for the choice between reads and a list: while runs are listed it falls, so that reads are tried again.
    private var hopedReadTime = TimeEstimate(.milliseconds(50))
    private var listTime = TimeEstimate(.seconds(2))
    /// The tickets without an answer.
    private var underWay: Set<UInt64> = []
    private var lastTicket: UInt64 = 0
    /// Until when the runner waits.
    private var wakeUp: Instant?

    init(pace: VerificationPace) {
        self.pace = pace
        pageSize = pace.pageSize
    }

    /// How many unfinished runs there are.
    var count: Int { entries.count }

    /// The time since the state of the run that was verified least recently was known to be true; zero without runs.
    func oldestAge(_ now: Instant) -> Duration {
        guard isStarted, let oldest = entries.values.lazy.map(\.verifiedAt).min() else { return .zero }
        return max(.zero, oldest.duration(to: now))
    }

    /// Begins to verify, all runs at once: what is cached may be as old as the watch of a standby was silent.
    mutating func start(_ now: Instant) {
        isStarted = true
        for run in entries.keys {
            entries[run]?.verifiedAt = now
            deadlines.set(run, priority: now)
        }
    }

    /// Takes in a run that has not ended; true when the runner must not wait for as long as it was told to.
    mutating func track(_ run: ObjectKey, of execution: ObjectKey, _ now: Instant) -> Bool {
        guard entries[run] == nil else { return false }
        entries[run] = Entry(execution: execution, verifiedAt: now)
        deadlines.set(run, priority: now.advanced(by: pace.interval))
        guard isStarted, let wakeUp, let nextTime else { return false }
        return nextTime < wakeUp
    }

    /// Forgets a run whose execution has ended or is gone.
    mutating func untrack(_ run: ObjectKey) {
        guard entries.removeValue(forKey: run) != nil else { return }
        deadlines.remove(run)
    }

    // MARK: - Asking

    /// Says what to send, or until when to wait.
    ///
    /// - Parameter stored: how many runs of the engine there are, those that have ended included.
    mutating func next(_ now: Instant, stored: Int = 0) -> Next {
        self.stored = stored
        if let pause, now < pause { return wait(until: pause) }
        pause = nil
        guard isStarted, underWay.count < pace.concurrency else { return wait(until: now.advanced(by: pace.interval)) }
        if let list, !list.isAwaited {
            self.list?.isAwaited = true
            return send(.page(token: list.token, limit: pageSize), shownAt: list.startedAt, now)
        }
        if let unread = nextUnread() {
            return ask(.run(unread.run, atLeast: unread.version), about: unread.run, shownAt: unread.shownAt, now)
        }
        // What is taken in meanwhile is due later, or ends the wait.
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

    /// When the next run must be asked for; nil when none waits for that.
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
        underWay.insert(lastTicket)
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
            if entries[first.run]?.place == .unread { return first }
        }
        unread = []
        firstUnread = 0
        return nil
    }

    // MARK: - Answers

    /// Takes in what became of a request; returns what executions have to be told.
    mutating func take(_ answer: Answer, for ticket: Ticket, _ now: Instant) -> [Finding] {
        guard underWay.remove(ticket.number) != nil else { return [] }
        if case .failed(let failure) = answer { noteFailure(failure, now) }
        switch ticket.request {
        case .page(_, let limit): return takePage(answer, limit: limit, now)
        case .metadata(let run), .run(let run, _):
            guard let entry = entries[run], entry.place == .asked(ticket.number) else { return [] }
            return take(answer, about: run, entry, ticket, now)
        }
    }

    private mutating func take(
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
            tryAgain(run, now)
            return finding(.unreadable)
        case .failed, .page:
            tryAgain(run, now)
            return []
        }
    }

    /// Notes what was seen of a run; true when its execution has missed its end.
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

    private mutating func takePage(_ answer: Answer, limit: Int, _ now: Instant) -> [Finding] {
        guard var list else { return [] }
        guard case .page(let sightings, let token, let isWhole) = answer else {
            if case .failed(let failure) = answer { endList(after: failure, limit: limit, now) }
            return []
        }
        list.isWhole = list.isWhole && isWhole
        list.pages += 1
        var findings: [Finding] = []
        for (run, sighting) in sightings {
            guard let entry = entries[run] else { continue }
            entries[run]?.list = list.number
            // A request that is under way is the newer word.
            guard entry.place == .due else { continue }
            if see(run, sighting, at: list.startedAt) {
                findings.append(Finding(kind: .ended, run: run, execution: entry.execution))
            }
        }
        if let token {
            // A server that repeats itself would never come to an end.
            guard token != list.token, list.pages < pace.maximumPages else {
                endList(after: .other(retryAfter: nil), limit: limit, now)
                return findings
            }
            list.token = token
            list.isAwaited = false
            self.list = list
            return findings
        }
        self.list = nil
        listTime.observe(list.startedAt.duration(to: now))
        hopedReadTime.relax()
        (listFailures, hasBegunAgain) = (0, false)
        return list.isWhole ? findings + missing(from: list) : findings
    }

    /// The runs that a complete list should have shown.
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
        if failure == .expired, !hasBegunAgain {
            hasBegunAgain = true
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

    private mutating func tryAgain(_ run: ObjectKey, _ now: Instant) {
        guard var entry = entries[run] else { return }
        entry.failures += 1
        entry.place = .due
        entries[run] = entry
        // Requests begin before the deadline.
        deadlines.set(run, priority: now.advanced(by: pace.pause(afterFailures: entry.failures) + lead))
    }
}

extension VerificationPlan.Answer {
    /// True for a word of the API server about the run.
    fileprivate var isFromServer: Bool {
        switch self {
        case .sighted, .read, .missing, .unreadable, .page: true
        case .failed: false
        }
    }
}
