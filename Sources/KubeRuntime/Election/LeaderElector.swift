public import KubeClient

/// Acquires a lease and runs work while it is held.
///
/// Waits as a candidate, leads, and releases the lease after the work has ended. A watch on the lease makes a handover
/// take a few requests; polling works where the watch does not. At most one process has a valid ``token`` at any time,
/// as long as the clock rates differ by less than ``ElectionTiming`` tolerates. ``ElectionMachine`` implements the
/// rules. Use an elector for one term only.
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
    ///   - client: has its own connections to the API server, so that nothing else delays a renewal. Its retries and
    ///     its timeout are not used.
    ///   - clock: the time written into the lease, for people.
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
            "leader_election_master_status", help: "1 if this process leads, 0 if it is a candidate.",
            labels: ["name"])
        slowPaths = metrics.counter(
            "leader_election_slowpath_total",
            help: "Lease renewals that met a conflict and read the lease before the next attempt.",
            labels: ["name"])
        token = LeadershipToken(time: time)
        slowPaths.expose([settings.lease.name])
        isMaster.set(0, [settings.lease.name])
    }

    /// Runs until `stop` is set, then until `work` has ended and the lease is released.
    ///
    /// - Parameter work: what only a leader does. It must end soon after its latch is set. It is canceled when
    ///   leadership is lost, and has ended when this method throws.
    /// - Throws: why this process no longer leads; it should exit and start again as a candidate.
    public func run(
        until stop: Latch, leading work: @escaping @Sendable (Latch) async -> Void
    ) async throws(LeadershipLoss) {
        let inbox = ElectionInbox(time: time)
        let workStop = Latch()
        let ending: ElectionMachine.Ending = await withTaskGroup { group in
            group.addTask { await watch(for: inbox) }
            group.addTask {
                await stop.wait()
                // Lost leadership cancels the work, without asking it to stop gracefully first.
                if Task.isCancelled { return }
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

    /// Performs the machine's steps until it ends or the task is canceled.
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
            return .read(
                try await requestClient(timeout).get(Lease.resourceType, settings.lease, decoding: Lease.decoder))
        } catch {
            if error.isNotFoundObject(named: settings.lease.name) { return .absent }
            report(error, "Could not read the lease")
            return .failed
        }
    }

    func write(_ claim: LeaseClaim, on lease: Lease?, _ timeout: Duration) async -> ElectionMachine.Event {
        let client = requestClient(timeout)
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
            report(error, "Could not write the lease")
            return .failed
        }
    }

    /// Watches the lease. The machine also reads it, so that a change the watch misses is found.
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

    /// The client for one request with a short timeout and without retries, which are up to the machine.
    private func requestClient(_ timeout: Duration) -> KubeClient {
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

/// The events of the other tasks for the election, and a way to wake it.
final class ElectionInbox: Sendable {
    private struct State {
        /// In order of arrival; of consecutive changes of the lease only the last one.
        var events: [ElectionMachine.Event] = []
        /// The waiting election.
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

    /// Returns the next event, or `woke` at the deadline; immediately if the task is cancelled.
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
