public import KubeClient

/// Runs for a lease and, once it is held, lets work run for as long as it is.
///
/// Expected flow: candidate, leader, and at the end the release of the lease, after the work has ended. A watch on the
/// lease makes a hand-over take no longer than a few requests; polling serves where the watch does not get through.
/// ``ElectionMachine`` holds the rules. Guarantees: the ``token`` of one process at most is valid at any time, as far
/// as clocks run alike within the bounds of ``ElectionTiming``. One elector serves for one term.
public struct LeaderElector: Sendable {
    /// Invalid until this process leads.
    public let token: LeadershipToken
    let settings: ElectionSettings
    let client: KubeClient
    let time: any TimeSource
    let clock: WallClock
    let random: @Sendable () -> Double
    let logger: Logger
    private let isMaster: Gauge
    private let slowPaths: Counter

    /// - Parameters:
    ///   - client: reaches the API server on connections of its own, so that nothing else can hold up a renewal. Neither
    ///     its retries nor its timeout are used.
    ///   - clock: what is written into the lease, for people.
    ///   - random: uniform in `0..<1`.
    public init(
        settings: ElectionSettings, client: KubeClient, time: any TimeSource, clock: WallClock,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }, logger: Logger,
        metrics: MetricsRegistry
    ) {
        self.settings = settings
        self.client = client
        self.time = time
        self.clock = clock
        self.random = random
        self.logger = logger.named("election").with([
            "lease": .own("\(settings.lease)"), "identity": .own(settings.identity),
        ])
        isMaster = metrics.gauge(
            "leader_election_master_status", help: "1 while this process leads, 0 while it is a candidate.",
            labels: ["name"])
        slowPaths = metrics.counter(
            "leader_election_slowpath_total",
            help: "Renewals of the lease that were refused, so that it had to be read before it was renewed again.",
            labels: ["name"])
        token = LeadershipToken(time: time)
        slowPaths.expose([settings.lease.name])
        isMaster.set(0, [settings.lease.name])
    }

    /// Runs until `stop` is set, and then until `work` has ended and the lease is released.
    ///
    /// - Parameter work: what only a leader does; it has to end soon after the latch that it is given is set. It is
    ///   cancelled when leadership is lost, and nothing of it runs any more when this throws.
    /// - Throws: why this process leads no longer; it should end then, and start again as a candidate.
    public func run(
        until stop: Latch, leading work: @escaping @Sendable (Latch) async -> Void
    ) async throws(LeadershipLoss) {
        let inbox = ElectionInbox(time: time)
        let workStop = Latch()
        let ending: ElectionMachine.Ending = await withTaskGroup { group in
            group.addTask { await watch(for: inbox) }
            group.addTask {
                await stop.wait()
                workStop.set()
                inbox.post(.stop)
            }
            let ending = await elect(inbox) { effect in
                switch effect {
                case .lead(let trust):
                    begin(trust)
                    group.addTask {
                        await work(workStop)
                        inbox.post(.workEnded)
                    }
                case .extend(let trust): token.extend(trust)
                case .stepDown(let other):
                    logger.info("Stepping down", ["preferredHolder": .own(other)])
                    workStop.set()
                case .resign: token.revoke()
                }
            }
            token.revoke()
            isMaster.set(0, [settings.lease.name])
            group.cancelAll()
            return ending
        }
        if case .lost(let loss) = ending {
            logger.error("No longer the leader", error: loss)
            throw loss
        }
    }

    /// Asks the machine, does what it says, and tells it what came of that, until it ends or the task is cancelled.
    private func elect(_ inbox: ElectionInbox, _ apply: (ElectionMachine.Effect) -> Void) async
        -> ElectionMachine.Ending
    {
        var machine = ElectionMachine(identity: settings.identity, timing: settings.timing)
        var event = ElectionMachine.Event.start
        while !Task.isCancelled {
            let step = machine.step(event, now: time.now, random: random())
            if let effect = step.effect { apply(effect) }
            if case .checking = machine.state { slowPaths.increment([settings.lease.name]) }
            switch step.next {
            case .read(let timeout): event = await read(timeout)
            case .write(let claim, let lease, let timeout): event = await write(claim, on: lease, timeout)
            case .wait(let deadline): event = await inbox.next(until: deadline)
            case .end(let ending): return ending
            }
        }
        return .stopped
    }

    private func begin(_ trust: ElectionMachine.Trust) {
        token.extend(trust)
        isMaster.set(1, [settings.lease.name])
        logger.info("Leading")
    }
}

extension LeaderElector {
    func read(_ timeout: Duration) async -> ElectionMachine.Event {
        do {
            return .read(try await hurried(timeout).get(Lease.resourceType, settings.lease, decoding: Lease.decoder))
        } catch {
            if error.isNotFoundObject(named: settings.lease.name) { return .absent }
            report(error, "The lease could not be read")
            return .failed
        }
    }

    func write(_ claim: LeaseClaim, on lease: Lease?, _ timeout: Duration) async -> ElectionMachine.Event {
        let client = hurried(timeout)
        let body = claim.object(on: lease, settings, now: clock.now()).encoded
        do {
            guard lease != nil else {
                return .wrote(
                    try await client.create(
                        Lease.resourceType, namespace: settings.lease.namespace, body: body, decoding: Lease.decoder))
            }
            return .wrote(
                try await client.replace(Lease.resourceType, settings.lease, body: body, decoding: Lease.decoder))
        } catch {
            let isGone = lease != nil && error.isNotFoundObject(named: settings.lease.name)
            if error.isConflict || error.isAlreadyExists || isGone { return .refused }
            report(error, "The lease could not be written")
            return .failed
        }
    }

    /// Follows the lease; what is missed here, the election finds out by reading.
    func watch(for inbox: ElectionInbox) async {
        let scope = ReflectorScope(
            namespace: settings.lease.namespace, fieldSelector: "metadata.name=\(settings.lease.name)")
        let reflector = Reflector(
            client: client, type: Lease.resourceType, scope: scope, decoding: Lease.decoder, into: Store<Lease>(),
            time: time, random: random, logger: logger
        ) { change in
            switch change {
            case .added(let lease), .changed(_, let lease): inbox.post(.changed(lease))
            case .deleted, .vanished: inbox.post(.deleted)
            case .quarantined, .synced, .unavailable: break
            }
        }
        await reflector.run()
    }

    /// The client for one request that must not take long; when it is tried again is the election's business.
    private func hurried(_ timeout: Duration) -> KubeClient {
        var client = client
        client.retry.limit = 0
        client.requestTimeout = timeout
        return client
    }

    private func report(_ error: KubeError, _ what: String) {
        guard !error.isCancelled else { return }
        logger.warn(what, ["error": .foreign("\(error)")])
    }
}

/// What the tasks beside an election have for it, and the way to wake it.
final class ElectionInbox: Sendable {
    private struct State {
        /// In order of arrival; of changes of the lease only the last in a row.
        var events: [ElectionMachine.Event] = []
        /// The election, while it waits.
        var sleeper: Sleeper?
    }

    private let state = Locked(State())
    private let time: any TimeSource

    init(time: any TimeSource) {
        self.time = time
    }

    func post(_ event: ElectionMachine.Event) {
        let sleeper = state.withLock { state in
            if case .changed = event, case .changed = state.events.last { state.events.removeLast() }
            state.events.append(event)
            return state.sleeper
        }
        if let timer = sleeper?.wake() { time.cancel(timer) }
    }

    /// Returns the next event, or `woke` at the deadline; at once when the task is cancelled.
    func next(until deadline: ContinuousClock.Instant) async -> ElectionMachine.Event {
        let sleeper = Sleeper()
        let event = state.withLock { state in
            guard state.events.isEmpty else { return state.events.removeFirst() as ElectionMachine.Event? }
            state.sleeper = sleeper
            return nil
        }
        if let event { return event }
        await sleeper.sleep(until: deadline, on: time)
        return state.withLock { state in
            state.sleeper = nil
            return state.events.isEmpty ? .woke : state.events.removeFirst()
        }
    }
}
