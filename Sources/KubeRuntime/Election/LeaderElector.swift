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
