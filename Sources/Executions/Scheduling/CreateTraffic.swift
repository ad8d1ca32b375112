import KubeClient
import KubeRuntime
import TowlineAPI

/// Limits concurrent creates of runs, so that slow creates in one namespace, such as those behind a hanging webhook,
/// neither delay other namespaces nor occupy all workers.
///
/// The creates of one engine in one namespace are a lane. A create that may not be sent yet waits in its lane, first
/// come, first served. Whenever a create ends, free places go to the lanes in turn: the next run of a lane is called,
/// and its place is reserved until the run enters or leaves. A lane starts with one create at a time. Each fast create
/// adds a place. A create that takes ``slow`` or longer makes the lane slow: again one create at a time, and all slow
/// lanes together get only a part of the places. The creates of one namespace never take all the workers that a slow
/// namespace gets (``WorkShares``), so that finished runs are reported and TTLs are applied while its creates hang. The
/// creates of one lane leave one of the places of their namespace to its other engines.
///
/// Each run is created at most ``Attempts/maximumPerMinute`` times a minute. ``CreateGate`` makes this value type
/// thread-safe.
struct CreateTraffic: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// The creates that are likely to be slow together.
    struct Lane: Hashable, Sendable {
        let engine: EngineName
        let namespace: String
    }

    /// Whether the create of a run may be sent.
    enum Admission: Hashable, Sendable {
        /// The create may be sent; ``end(_:now:)`` must follow.
        case send
        /// The create must wait until its run is called. `waited` is the time waited so far; `isSlow` is true in a slow
        /// lane.
        case wait(waited: Duration, isSlow: Bool)
        /// The create failed recently, and may be retried after this time.
        case pause(Duration)
    }

    /// The duration from which a create makes its lane slow.
    static let slow = Duration.seconds(2)
    /// How long a lane stays slow after a slow create.
    static let slowMemory = Duration.seconds(300)
    /// How long a place is reserved for a run that was called. If it does not enter in time, because no worker is free,
    /// other lanes get the place. Its own lane waits for it for ``callMemory``.
    static let callPatience = Duration.milliseconds(500)
    static let callMemory = Duration.seconds(30)
    /// A create in flight, or a place that is reserved for a run that was called.
    private struct Place {
        let lane: Lane
        let since: Instant
        /// The run's ticket when it was called.
        var ticket: UInt64 = 0
    }

    /// A run that is waiting in its lane.
    private struct Waiter {
        let lane: Lane
        let since: Instant
    }

    /// The number of places, and how many of them slow lanes may have together.
    private let places: Int
    private let slowPlaces: Int
    /// The maximum number of concurrent creates in one namespace.
    private let placesOfNamespace: Int
    /// The maximum number of concurrent creates in one lane.
    private let placesOfLane: Int
    private var inFlight: [ObjectKey: Place] = [:]
    private var called: [ObjectKey: Place] = [:]
    private var waiters: [ObjectKey: Waiter] = [:]
    /// The waiting runs of each lane by ticket; only lanes with waiting runs have an entry.
    private var lines: [Lane: KeyedHeap<ObjectKey, UInt64>] = [:]
    /// The lanes with waiting runs, ordered by the ticket of their next turn.
    private var quickLanes = KeyedHeap<Lane, UInt64>()
    private var slowLanes = KeyedHeap<Lane, UInt64>()
    /// The number of places that a lane that is not slow may have; 1 without an entry. Kept while it is busy.
    private var windows: [Lane: Int] = [:]
    /// When a lane stops being slow.
    private var slowUntil: [Lane: Instant] = [:]
    /// The failed creates of runs.
    private var attempts: [ObjectKey: Attempts] = [:]
    /// The total time of a run's completed waits.
    private var queued: [ObjectKey: Duration] = [:]
    private var nextTicket: UInt64 = 0

    init(workers: Int) {
        places = workers > 1 ? max(2, workers - 1) : 1
        slowPlaces = max(1, workers / 2)
        placesOfNamespace = max(1, WorkShares(ofWorkers: workers).perSlowGroup - 1)
        placesOfLane = max(1, placesOfNamespace - 1)
    }

    var waitingCount: Int { waiters.count }
    var inFlightCount: Int { inFlight.count }
    /// The number of runs with any state here.
    var rememberedCount: Int { Set(attempts.keys).union(queued.keys).union(waiters.keys).union(called.keys).count }

    /// The number of lanes with any state here.
    var rememberedLanes: Int { Set(slowUntil.keys).union(windows.keys).union(lines.keys).count }

    /// Requests permission to send the create of a run.
    mutating func enter(_ run: ObjectKey, _ lane: Lane, now: Instant) -> Admission {
        if let pause = attempts[run]?.pause(at: now) { return .pause(pause) }
        markSlowLanes(at: now)
        // A run that was called goes first in its lane.
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

    /// Releases the place of a create that succeeded or failed; returns the runs that are called.
    mutating func end(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        guard let place = inFlight.removeValue(forKey: run) else { return [] }
        let lane = place.lane
        if place.since.duration(to: now) >= Self.slow {
            if slowUntil.count >= 256 { slowUntil = slowUntil.filter { $0.value > now } }
            slowUntil[lane] = now.advanced(by: Self.slowMemory)
            windows[lane] = nil
        } else {
            slowUntil[lane] = nil
            windows[lane] = min((windows[lane] ?? 1) + 1, placesOfLane)
        }
        regroup(lane, now)
        return call(now)
    }

    /// Releases the place of a run that needs no create now; returns the runs that are called instead.
    mutating func leave(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        stopWaiting(run, now)
        guard called.removeValue(forKey: run) != nil else { return [] }
        return call(now)
    }

    /// Discards all state of a run that needs no more creates; returns the runs that are called instead.
    mutating func forget(_ run: ObjectKey, now: Instant) -> [ObjectKey] {
        let runs = leave(run, now: now)
        attempts[run] = nil
        queued[run] = nil
        return runs
    }

    /// How long a run has waited so far, here and in the work queue.
    func queueing(of run: ObjectKey, now: Instant) -> Duration {
        (queued[run] ?? .zero) + (waiters[run].map { $0.since.duration(to: now) } ?? .zero)
    }

    /// Adds the time that a run waited in the work queue, unless it was also waiting in its lane.
    mutating func addQueueing(_ duration: Duration, of run: ObjectKey) {
        guard waiters[run] == nil else { return }
        queued[run, default: .zero] += duration
    }

    // MARK: Places

    private mutating func begin(_ run: ObjectKey, _ lane: Lane, _ now: Instant) {
        inFlight[run] = Place(lane: lane, since: now)
        attempts[run] = attempts[run]?.next(now) ?? Attempts(last: now)
    }

    /// The occupied places, and those reserved for runs that were called within this time.
    private func taken(_ now: Instant, calledWithin patience: Duration = callPatience) -> [Place] {
        inFlight.values + called.values.filter { $0.since.duration(to: now) < patience }
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

    /// Marks lanes as slow if a create in flight has taken too long.
    private mutating func markSlowLanes(at now: Instant) {
        for place in inFlight.values where place.since.duration(to: now) >= Self.slow {
            guard !isSlow(place.lane, now) else { continue }
            slowUntil[place.lane] = now.advanced(by: Self.slowMemory)
            windows[place.lane] = nil
            regroup(place.lane, now)
        }
    }

    // MARK: Turns

    /// Calls waiting runs while there are free places.
    private mutating func call(_ now: Instant) -> [ObjectKey] {
        markSlowLanes(at: now)
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

    /// The next lane; nil if no lane with waiting runs has room.
    private mutating func nextLane(_ now: Instant) -> Lane? {
        let quick = freePlace(forSlow: false, now) ? first(of: \.quickLanes, now) : nil
        let slow = freePlace(forSlow: true, now) ? first(of: \.slowLanes, now) : nil
        switch (quick, slow) {
        case (let quick?, let slow?): return slow.turn < quick.turn ? slow.lane : quick.lane
        case (let lane, nil), (nil, let lane): return lane?.lane
        }
    }

    /// The first lane in turn that has room. At most places × engines lanes have no room, which bounds the search.
    private mutating func first(
        of lanes: WritableKeyPath<CreateTraffic, KeyedHeap<Lane, UInt64>>, _ now: Instant
    ) -> (lane: Lane, turn: UInt64)? {
        var skipped: [(lane: Lane, turn: UInt64)] = []
        defer { for (lane, turn) in skipped { self[keyPath: lanes].set(lane, priority: turn) } }
        while let (lane, turn) = self[keyPath: lanes].first {
            // A lane that was slow long ago counts as fast again.
            if hasRoom(lane, now) { return (lane, turn) }
            self[keyPath: lanes].remove(lane)
            skipped.append((lane, turn))
        }
        return nil
    }

    private mutating func take(turn: UInt64, _ lane: Lane, _ now: Instant) {
        if isSlow(lane, now) { slowLanes.set(lane, priority: turn) } else { quickLanes.set(lane, priority: turn) }
    }

    /// Moves a lane to the slow or the other lanes; it keeps its turn.
    private mutating func regroup(_ lane: Lane, _ now: Instant) {
        guard let turn = quickLanes.priority(of: lane) ?? slowLanes.priority(of: lane) else { return }
        quickLanes.remove(lane)
        slowLanes.remove(lane)
        take(turn: turn, lane, now)
    }

    /// Removes a run from its lane, and records how long it waited.
    private mutating func stopWaiting(_ run: ObjectKey, _ now: Instant) {
        guard let waiter = waiters.removeValue(forKey: run) else { return }
        queued[run, default: .zero] += waiter.since.duration(to: now)
        lines[waiter.lane]?.remove(run)
        guard lines[waiter.lane]?.isEmpty == true else { return }
        lines[waiter.lane] = nil
        quickLanes.remove(waiter.lane)
        slowLanes.remove(waiter.lane)
    }

    /// An idle lane starts again with one create at a time.
    private mutating func forgetIdleWindows(_ now: Instant) {
        guard !windows.isEmpty else { return }
        let busy = Set(taken(now, calledWithin: Self.callMemory).map(\.lane))
        windows = windows.filter { busy.contains($0.key) || lines[$0.key] != nil }
    }
}

/// Counts failed requests of one kind for one object. The pauses between them grow, so that the rate stays limited no
/// matter how often the execution is queued.
struct Attempts: Hashable, Sendable {
    /// The pause after the first request; each further pause is twice as long.
    static let firstPause = Duration.milliseconds(100)
    static let longestPause = Duration.seconds(7.5)
    /// The maximum number of requests in any minute, which follows from the pauses.
    static let maximumPerMinute = 14

    private var count = 1
    private var last: ContinuousClock.Instant

    /// The first request.
    init(last: ContinuousClock.Instant) { self.last = last }

    /// The state after one more request.
    func next(_ now: ContinuousClock.Instant) -> Attempts {
        var next = self
        next.count = min(count + 1, 16)
        next.last = now
        return next
    }

    /// How long to wait until the next request; nil if it may be sent now.
    func pause(at now: ContinuousClock.Instant) -> Duration? {
        let pause = min(Self.firstPause * (1 << (count - 1)), Self.longestPause)
        let passed = last.duration(to: now)
        return passed < pause ? pause - passed : nil
    }
}

/// A thread-safe ``CreateTraffic`` for all engines, which queues executions when their runs are called.
final class CreateGate: Sendable {
    private struct State {
        var traffic: CreateTraffic
        /// The execution of each waiting run.
        var executions: [ObjectKey: ObjectKey] = [:]
    }

    private let state: Locked<State>
    private let time: any TimeSource
    /// Queues an execution whose run may be created now.
    private let wake: @Sendable (ObjectKey) -> Void

    /// The minimum wait in the work queue that counts.
    private static let shortWait = Duration.seconds(1)

    /// - Parameter workers: maximum concurrent reconciliations.
    init(workers: Int, time: any TimeSource, wake: @escaping @Sendable (ObjectKey) -> Void) {
        state = Locked(State(traffic: CreateTraffic(workers: workers)))
        self.time = time
        self.wake = wake
    }

    /// Requests permission to create the run of an execution; after ``CreateTraffic/Admission/send``, ``end(_:)`` must
    /// follow.
    func enter(_ run: ObjectKey, of execution: ObjectKey, _ lane: CreateTraffic.Lane) -> CreateTraffic.Admission {
        let now = time.now
        return state.withLock { state in
            let admission = state.traffic.enter(run, lane, now: now)
            if case .wait = admission { state.executions[run] = execution } else { state.executions[run] = nil }
            return admission
        }
    }

    /// The number of runs with any state here.
    var rememberedCount: Int { state.withLock { $0.traffic.rememberedCount } }

    /// Releases the place of a create that succeeded or failed.
    func end(_ run: ObjectKey) { change { $0.end(run, now: $1) } }

    /// Releases the place of a run that needs no create now.
    func leave(_ run: ObjectKey) {
        change { $0.leave(run, now: $1) }
        state.withLock { $0.executions[run] = nil }
    }

    /// Discards all state of a run that needs no more creates.
    func forget(_ run: ObjectKey) {
        change { $0.forget(run, now: $1) }
        state.withLock { $0.executions[run] = nil }
    }

    /// How long the create of a run has waited in the operator's own queues.
    func queueing(of run: ObjectKey) -> Duration {
        let now = time.now
        return state.withLock { $0.traffic.queueing(of: run, now: now) }
    }

    /// Adds the time that an execution without a run waited for a worker.
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
