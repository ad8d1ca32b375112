import KubeClient
import KubeRuntime
import TowlineAPI

/// Decides which creates of runs may be sent now, so that creates that are held up in one namespace, by a webhook that
/// hangs for example, keep no other namespace waiting and never take all workers.
///
/// The creates of one engine in one namespace are a lane. What may not be sent waits in its lane, first come, first
/// served; whenever a create ends, the lanes take turns to fill the free places, and who is called has its place kept
/// until it comes or says that it does not. A lane begins with one create at a time. Each create that is answered soon
/// adds a place; one that takes ``slow`` or longer makes the lane slow, which means one at a time again, and that slow
/// lanes together have a part of the places only. The creates of one namespace never take all the workers that a slow
/// namespace gets (``WorkShares``), so that ends of its runs are reported and TTLs are kept while its creates hang.
///
/// Each run is created at most ``Attempts/maximumPerMinute`` times a minute. Pure; ``CreateGate`` feeds it.
struct CreateTraffic: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The creates that can be held up together.
    struct Lane: Hashable, Sendable {
        let engine: EngineName
        let namespace: String
    }

    /// What becomes of a run that is to be created.
    enum Admission: Hashable, Sendable {
        /// The create may be sent; ``end(_:now:)`` has to follow.
        case send
        /// It is not its turn; it will be called. It has waited for so long, and creates are held up where `isSlow`.
        case wait(waited: Duration, isSlow: Bool)
        /// It was tried a moment ago, and is to be tried again after this time.
        case pause(Duration)
    }

    /// A create that takes this long is held up.
    static let slow = Duration.seconds(2)
    /// For so long a lane whose last create was held up counts as slow.
    static let slowMemory = Duration.seconds(300)
    /// After this time the place of one that was called and did not come, as no worker had time for it, is given to
    /// other lanes; its lane waits for it for ``callMemory``.
    static let callPatience = Duration.milliseconds(500)
    static let callMemory = Duration.seconds(30)
    /// A create that is under way, or whose run has been called.
    private struct Place {
        let lane: Lane
        let since: Instant
        /// Its place in the line when it was called.
        var ticket: UInt64 = 0
    }

    /// A run that waits for its turn.
    private struct Waiter {
        let lane: Lane
        let since: Instant
    }

    /// The most places, and how many of them slow lanes may have together.
    private let places: Int
    private let slowPlaces: Int
    /// The most creates of one namespace at a time.
    private let placesOfNamespace: Int
    private var underWay: [ObjectKey: Place] = [:]
    private var called: [ObjectKey: Place] = [:]
    private var waiters: [ObjectKey: Waiter] = [:]
    /// The waiting runs of each lane by ticket; no lane without one is in it.
    private var lines: [Lane: KeyedHeap<ObjectKey, UInt64>] = [:]
    /// The lanes with waiting runs by the ticket of their next turn: those that are not slow, and those that are.
    private var quickLanes = KeyedHeap<Lane, UInt64>()
    private var slowLanes = KeyedHeap<Lane, UInt64>()
    /// How many creates may be under way in a lane that is not slow; 1 where there is no entry. Kept while it is busy.
    private var windows: [Lane: Int] = [:]
    /// Until when a lane counts as slow.
    private var slowUntil: [Lane: Instant] = [:]
    /// The creates of runs since their first one, as long as those fail.
    private var attempts: [ObjectKey: Attempts] = [:]
    /// How long a run has waited for turns that it got.
    private var queued: [ObjectKey: Duration] = [:]
    private var nextTicket: UInt64 = 0

    init(workers: Int) {
        places = workers > 1 ? max(2, workers - 1) : 1
        slowPlaces = max(1, workers / 2)
        placesOfNamespace = max(1, WorkShares(ofWorkers: workers).perSlowGroup - 1)
    }

    var waitingCount: Int { waiters.count }
    var underWayCount: Int { underWay.count }
    /// How many runs something is remembered of.
    var rememberedCount: Int { Set(attempts.keys).union(queued.keys).union(waiters.keys).union(called.keys).count }

    /// Asks to send the create of a run.
    mutating func enter(_ run: ObjectKey, _ lane: Lane, now: Instant) -> Admission {
        if let pause = attempts[run]?.pause(at: now) { return .pause(pause) }
        note(slowLanesAt: now)
        // One that was called has the first place of its line.
        let call = called.removeValue(forKey: run)
        let isFirst = call != nil || lines[lane].map { $0.first?.key == run } ?? true
        if isFirst, hasRoom(lane, now), freePlace(forSlow: isSlow(lane, now), now) {
            stopWaiting(run, now)
            begin(run, lane, now)
            return .send
        }
        if let waiter = waiters[run] {
            return .wait(waited: waiter.since.duration(to: now), isSlow: isSlow(lane, now))
        }
        waiters[run] = Waiter(lane: lane, since: now)
        nextTicket += 1
        if lines[lane] == nil { take(turn: call?.ticket ?? nextTicket, lane, now) }
        lines[lane, default: KeyedHeap()].set(run, priority: call?.ticket ?? nextTicket)
        return .wait(waited: .zero, isSlow: isSlow(lane, now))
    }

    /// Takes in that a create has ended, however; returns the runs whose turn it is.
    mutating func end(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        guard let place = underWay.removeValue(forKey: run) else { return [] }
        let lane = place.lane
        if place.since.duration(to: now) >= Self.slow {
            if slowUntil.count >= 256 { slowUntil = slowUntil.filter { $0.value > now } }
            slowUntil[lane] = now.advanced(by: Self.slowMemory)
            windows[lane] = nil
        } else {
            slowUntil[lane] = nil
            windows[lane] = min((windows[lane] ?? 1) + 1, places)
        }
        regroup(lane, now)
        return call(now)
    }

    /// Takes in that a run is not to be created now, whatever it waited for; returns the runs whose turn it is.
    mutating func leave(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        stopWaiting(run, now)
        guard called.removeValue(forKey: run) != nil else { return [] }
        return call(now)
    }

    /// Forgets a run that needs no create any more.
    mutating func forget(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        let runs = leave(run, now: now)
        attempts[run] = nil
        queued[run] = nil
        return runs
    }

    /// For how long a run has waited for its turn so far, here and elsewhere.
    func queueing(of run: ObjectKey, now: Instant) -> Duration {
        (queued[run] ?? .zero) + (waiters[run].map { $0.since.duration(to: now) } ?? .zero)
    }

    /// Adds what a run has waited for elsewhere, unless it has waited here at the same time.
    mutating func addQueueing(_ duration: Duration, of run: ObjectKey) {
        guard waiters[run] == nil else { return }
        queued[run, default: .zero] += duration
    }

    // MARK: Places

    private mutating func begin(_ run: ObjectKey, _ lane: Lane, _ now: Instant) {
        underWay[run] = Place(lane: lane, since: now)
        attempts[run] = attempts[run]?.next(now) ?? Attempts(last: now)
    }

    /// Every place that is taken, and those that are kept for runs that were called so recently.
    private func taken(_ now: Instant, calledWithin patience: Duration = callPatience) -> [Place] {
        underWay.values + called.values.filter { $0.since.duration(to: now) < patience }
    }

    private func isSlow(_ lane: Lane, _ now: Instant) -> Bool {
        slowUntil[lane].map { now < $0 } ?? false
    }

    private func hasRoom(_ lane: Lane, _ now: Instant) -> Bool {
        let window = isSlow(lane, now) ? 1 : windows[lane] ?? 1
        let neighbors = taken(now, calledWithin: Self.callMemory).filter { $0.lane.namespace == lane.namespace }
        return neighbors.count < placesOfNamespace && neighbors.count { $0.lane == lane } < window
    }

    private func freePlace(forSlow isSlow: Bool, _ now: Instant) -> Bool {
        let taken = taken(now)
        guard taken.count < places else { return false }
        return !isSlow || taken.count { self.isSlow($0.lane, now) } < slowPlaces
    }

    /// Finds the lanes that a create under way makes slow.
    private mutating func note(slowLanesAt now: Instant) {
        for place in underWay.values where place.since.duration(to: now) >= Self.slow {
            guard !isSlow(place.lane, now) else { continue }
            slowUntil[place.lane] = now.advanced(by: Self.slowMemory)
            windows[place.lane] = nil
            regroup(place.lane, now)
        }
    }

    // MARK: Turns

    /// Calls waiting runs for as long as there are places.
    private mutating func call(_ now: Instant) -> [ObjectKey] {
        note(slowLanesAt: now)
        var runs: [ObjectKey] = []
        while let lane = nextLane(now), let run = lines[lane]?.first?.key {
            nextTicket += 1
            let (turn, ticket) = (nextTicket, lines[lane]?.first?.priority ?? 0)
            stopWaiting(run, now)
            called[run] = Place(lane: lane, since: now, ticket: ticket)
            if lines[lane] != nil { take(turn: turn, lane, now) }
            runs.append(run)
        }
        forgetIdleWindows(now)
        return runs
    }

    /// The lane whose turn it is; nil when no lane with waiting runs has room.
    private mutating func nextLane(_ now: Instant) -> Lane? {
        let quick = freePlace(forSlow: false, now) ? first(of: \.quickLanes, now) : nil
        let slow = freePlace(forSlow: true, now) ? first(of: \.slowLanes, now) : nil
        switch (quick, slow) {
        case (let quick?, let slow?): return slow.turn < quick.turn ? slow.lane : quick.lane
        case (let lane, nil), (nil, let lane): return lane?.lane
        }
    }

    /// The first lane in turn that has room; lanes without room are at most as many as places times engines.
    private mutating func first(
        of lanes: WritableKeyPath<CreateTraffic, KeyedHeap<Lane, UInt64>>, _ now: Instant
    ) -> (lane: Lane, turn: UInt64)? {
        var skipped: [(lane: Lane, turn: UInt64)] = []
        defer { for (lane, turn) in skipped { self[keyPath: lanes].set(lane, priority: turn) } }
        while let (lane, turn) = self[keyPath: lanes].first {
            // What was slow long ago is given the benefit of the doubt.
            if hasRoom(lane, now) { return (lane, turn) }
            self[keyPath: lanes].remove(lane)
            skipped.append((lane, turn))
        }
        return nil
    }

    private mutating func take(turn: UInt64, _ lane: Lane, _ now: Instant) {
        if isSlow(lane, now) { slowLanes.set(lane, priority: turn) } else { quickLanes.set(lane, priority: turn) }
    }

    /// Puts a lane among those of its kind; its turn stays where it was.
    private mutating func regroup(_ lane: Lane, _ now: Instant) {
        guard let turn = quickLanes.priority(of: lane) ?? slowLanes.priority(of: lane) else { return }
        quickLanes.remove(lane)
        slowLanes.remove(lane)
        take(turn: turn, lane, now)
    }

    /// Takes a run out of its line, and counts how long it was there.
    private mutating func stopWaiting(_ run: ObjectKey, _ now: Instant) {
        guard let waiter = waiters.removeValue(forKey: run) else { return }
        queued[run, default: .zero] += waiter.since.duration(to: now)
        lines[waiter.lane]?.remove(run)
        guard lines[waiter.lane]?.isEmpty == true else { return }
        lines[waiter.lane] = nil
        quickLanes.remove(waiter.lane)
        slowLanes.remove(waiter.lane)
    }

    /// A lane in which nothing happens begins again with one create at a time.
    private mutating func forgetIdleWindows(_ now: Instant) {
        guard !windows.isEmpty else { return }
        let busy = Set(taken(now, calledWithin: Self.callMemory).map(\.lane))
        windows = windows.filter { busy.contains($0.key) || lines[$0.key] != nil }
    }
}

/// Requests of one kind about one object that failed: the pauses between them grow, so that nothing makes a storm,
/// whatever wakes the execution.
struct Attempts: Hashable, Sendable {
    /// The pause after the first one; each further one is twice as long.
    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(7.5)
    /// What the pauses come to: the most requests in any minute.
    static let maximumPerMinute = 14

    private var count = 1
    private var last: ContinuousClock.Instant

    /// The first one.
    init(last: ContinuousClock.Instant) { self.last = last }

    /// One more.
    func next(_ now: ContinuousClock.Instant) -> Attempts {
        var next = self
        next.count = min(count + 1, 16)
        next.last = now
        return next
    }

    /// How long to wait until the next one; nil for no longer.
    func pause(at now: ContinuousClock.Instant) -> Duration? {
        let pause = min(Self.firstPause * (1 << (count - 1)), Self.longestPause)
        let passed = last.duration(to: now)
        return passed < pause ? pause - passed : nil
    }
}

/// The creates of all engines, which go through ``CreateTraffic``.
final class CreateGate: Sendable {
    private struct State {
        var traffic: CreateTraffic
        /// Which execution has to be looked at when it is a run's turn; exactly of the runs that wait.
        var executions: [ObjectKey: ObjectKey] = [:]
    }

    private let state: Locked<State>
    private let time: any TimeSource
    /// Called with each execution whose run may be created now.
    private let wake: @Sendable (ObjectKey) -> Void

    /// A wait in the work queue that is shorter than this is not counted.
    private static let shortWait = Duration.seconds(1)

    /// - Parameter workers: how many executions are worked on at the same time.
    init(workers: Int, time: any TimeSource, wake: @escaping @Sendable (ObjectKey) -> Void) {
        state = Locked(State(traffic: CreateTraffic(workers: workers)))
        self.time = time
        self.wake = wake
    }

    /// Asks to create the run of an execution; after ``CreateTraffic/Admission/send`` ``end(_:)`` has to follow.
    func enter(_ run: ObjectKey, of execution: ObjectKey, _ lane: CreateTraffic.Lane) -> CreateTraffic.Admission {
        let now = time.now
        return state.withLock { state in
            let admission = state.traffic.enter(run, lane, now: now)
            if case .wait = admission { state.executions[run] = execution } else { state.executions[run] = nil }
            return admission
        }
    }

    /// How many runs something is remembered of.
    var rememberedCount: Int { state.withLock { $0.traffic.rememberedCount } }

    /// Takes in that a create has ended, however.
    func end(_ run: ObjectKey) { change { $0.end(run, now: $1) } }

    /// Takes in that a run is not to be created now, whatever it waited for.
    func leave(_ run: ObjectKey) {
        change { $0.leave(run, now: $1) }
        state.withLock { $0.executions[run] = nil }
    }

    /// Forgets a run that needs no create any more.
    func forget(_ run: ObjectKey) {
        change { $0.forget(run, now: $1) }
        state.withLock { $0.executions[run] = nil }
    }

    /// For how long the operator itself has kept a run waiting before it could be created.
    func queueing(of run: ObjectKey) -> Duration {
        let now = time.now
        return state.withLock { $0.traffic.queueing(of: run, now: now) }
    }

    /// Adds what an execution without a run has waited for a worker.
    func addQueueing(_ duration: Duration, of run: ObjectKey) {
        guard duration >= Self.shortWait else { return }
        state.withLock { $0.traffic.addQueueing(duration, of: run) }
    }

    private func change(_ body: (inout CreateTraffic, ContinuousClock.Instant) -> [ObjectKey]) {
        let now = time.now
        let called = state.withLock { state in
            body(&state.traffic, now).compactMap { state.executions.removeValue(forKey: $0) }
        }
        for execution in called { wake(execution) }
    }
}

/// The creates that may still be carried out although nobody waits for their answer any more.
///
/// A request whose connection broke can reach the API server later. Until that is out of the question, the absence of a
/// run proves nothing: an execution that ended "without a run" would get one after all.
final class PendingCreates: Sendable {
    /// When the create of a run was last sent without a definite answer, or may have been.
    private let uncertain = Locked<[ObjectKey: ContinuousClock.Instant]>([:])
    private let patience: Duration

    /// - Parameter patience: after this time a request that was sent is carried out or never will be.
    init(patience: Duration) {
        self.patience = patience
    }

    func record(_ run: ObjectKey, at now: ContinuousClock.Instant) {
        uncertain.withLock { uncertain in
            // What was deleted before it ended is never forgotten by name.
            if uncertain.count >= 1024 { uncertain = uncertain.filter { $0.value.duration(to: now) < patience } }
            uncertain[run] = now
        }
    }

    /// From when on the absence of a run counts; nil when it counts already.
    func settling(_ run: ObjectKey, now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        uncertain.withLock { uncertain in
            guard let last = uncertain[run] else { return nil }
            if now < last + patience { return last + patience }
            uncertain[run] = nil
            return nil
        }
    }

    func forget(_ run: ObjectKey) {
        uncertain.withLock { $0[run] = nil }
    }
}
