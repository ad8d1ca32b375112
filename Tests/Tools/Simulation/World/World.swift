import KubeClient
import KubeRuntime

/// One simulation: a cluster, its users and the operator processes, all derived from one seed.
///
/// Everything runs in virtual time on the thread that calls ``run()``. A seed always gives the same history, write for
/// write.
final class World: @unchecked Sendable {
    let time = VirtualTime()
    let clock: WallClock
    let executor: SimulationExecutor
    let server: SimulatedServer
    let network: Network
    let history: History
    let random: SeededRandom
    let scenario: Scenario
    private let engine: SimulatedEngine
    private let collector: GarbageCollector
    let users: Users
    private let retentionUsers: RetentionUsers
    private let interference: Interference
    /// Nil in simulations without a catalog.
    private let catalog: Catalog?
    private let documents: EnvironmentDocuments?
    /// Nil in simulations without environments.
    private let environmentUsers: EnvironmentUsers?
    private let obstacles: Obstacles
    private let configuration: Configuration
    private let seed: UInt64
    private let clocks: SeededRandom?
    let referee: Referee
    private let sink: LogSink
    /// All processes, including those that have ended.
    private(set) var replicas: [Replica] = []
    /// True after the last processes were stopped.
    private(set) var isEnding = false
    /// The end of the current outage of all operators, and of the last scheduled one.
    var outageEnd: ContinuousClock.Instant?
    var lastOutageEnd: ContinuousClock.Instant?
    /// When a user stops changing executions all the time.
    var crowdEnd: ContinuousClock.Instant?

    init(seed: UInt64, _ configuration: Configuration, isRecording: Bool) {
        self.seed = seed
        self.configuration = configuration
        random = SeededRandom(seed: seed)
        clock = time.wallClock()
        scenario = Scenario(random: random.split())
        history = History(time: time, isRecording: isRecording)
        executor = SimulationExecutor(random: random.split())
        clocks = configuration.random(for: .clocks, seed: seed)
        let (trueClock, clocks) = (clock, clocks)
        func machineClock() -> WallClock { clocks.map { .ofMachine(trueClock, random: $0) } ?? trueClock }
        server = SimulatedServer(time: time, clock: machineClock(), random: random.split())
        network = Network(server: server, random: random.split(), history: history)
        obstacles = Obstacles(time: time, history: history)
        network.obstacles = obstacles
        network.proxyClock = machineClock()
        network.proxy = clocks.map { SeededRandom(seed: $0.next()) }
        network.cutter = configuration.random(for: .bodies, seed: seed)
        referee = Referee(
            server: server, trueClock: clock, hasUnelectedReplicas: scenario.hasUnelectedReplicas, obstacles: obstacles,
            configuration: configuration)
        network.observer = referee
        engine = SimulatedEngine(
            server: server, clocks: [.pipelineRuns: machineClock(), .workflows: machineClock()],
            random: random.split(), delays: configuration.random(for: .steps, seed: seed))
        collector = GarbageCollector(server: server, random: random.split())
        users = Users(server: server, random: random.split(), history: history)
        // A separate seed, so that it does not affect the rest of the simulation.
        retentionUsers = RetentionUsers(server: server, random: SeededRandom(seed: ~seed))
        users.additions = { [retentionUsers] spec in retentionUsers.addTTLs(to: &spec) }
        users.onRetry = { [engine] in engine.noteStep(of: $0) }
        interference = Interference(server: server, configuration, seed: seed)
        let catalogRandom = configuration.random(for: .catalog, seed: seed)
        let environmentRandom = configuration.random(for: .environments, seed: seed)
        catalog = Catalog(server: server, random: catalogRandom ?? environmentRandom?.split(), history: history)
        documents = (environmentRandom ?? catalogRandom).map { [server] random in
            EnvironmentDocuments(random: random.split(), clock: { server.clock.now() })
        }
        environmentUsers = documents.flatMap { [server, history] documents in
            environmentRandom.map {
                EnvironmentUsers(server: server, random: $0.split(), documents: documents, history: history)
            }
        }
        referee.hasStarted = { [engine] in engine.started.contains($0) }
        sink = LogSink(level: .error, write: { _ in })
        obstacles.onBeginning = { [unowned self] in createLoad($0, $1) }
        server.observers.append { [unowned self] in history.log($0) }
        server.observers.append { [unowned self] change in
            if change.writer.isOperator { checkLeaders() }
        }
        network.crash = { [unowned self] in crash($0) }
    }

    func logger(for replica: Replica) -> Logger {
        Logger(sink).named("operator-\(replica.number)")
    }

    /// Runs the simulation and returns the violation, or nil.
    func run() -> String? {
        server.eventLag = scenario.eventLag
        server.replicaLag = scenario.replicaLag
        network.rates = scenario.rates
        for _ in 0..<scenario.replicas { startReplica() }
        users.plan(scenario.executions, within: scenario.chaos)
        for _ in 0..<scenario.faults {
            time.schedule(after: scenario.chaos * random.unit()) { [unowned self] in injectFault() }
        }
        planEnvironments()
        obstacles.plan(configuration, seed: seed, chaos: scenario.chaos)
        planOutages(configuration, seed: seed)
        planCrowd(configuration, seed: seed)
        play(for: scenario.chaos)
        stopFaults()
        if !configuration.rules.isEmpty { checkProgressPeriodically() }
        // Obstacles, outages and crowds must end before the final checks.
        if let end = [obstacles.lastEnd, lastOutageEnd, crowdEnd].compactMap({ $0 }).max(), end > time.now {
            play(for: time.now.duration(to: end))
        }
        settle()
        if referee.violation == nil { checkRest() }
        if referee.violation == nil { checkEnd() }
        return referee.violation
    }

    /// Schedules the actions on catalogs and environments, and changes of the server's clock.
    private func planEnvironments() {
        guard let catalog, let documents else { return }
        let instability = configuration.random(for: .catalog, seed: seed)
        catalog.plan(isStable: instability == nil, within: scenario.chaos, documents)
        if let instability { catalog.planExecutions(2 + instability.below(4), within: scenario.chaos) }
        guard let environmentUsers else { return }
        environmentUsers.plan(within: scenario.chaos)
        if let random = configuration.random(for: .namespaces, seed: seed) {
            environmentUsers.planNamespace("doomed", within: scenario.chaos, random)
        }
        if let random = configuration.random(for: .rush, seed: seed), random.chance(0.04) {
            environmentUsers.planRush(500, at: scenario.chaos + random.duration(.seconds(10)...(.seconds(120))))
        }
        if let random = configuration.random(for: .jumps, seed: seed) { planJump(random) }
    }

    /// Sets the clock of the server once.
    private func planJump(_ random: SeededRandom) {
        referee.hasClockJumped = true
        let (clock, amount) = (server.clock, random.duration(.seconds(-3600)...(.seconds(3600))))
        time.schedule(after: scenario.chaos * (0.1 + 0.9 * random.unit())) { [weak self] in
            guard let self else { return }
            history.log("the clock of the API server is set by \(amount)")
            referee.jumped = time.now
            server.clock = WallClock { clock.now() + amount }
        }
    }

    /// Waits until all executions are correct and no operator has written for longer than an engine can be silent.
    private func settle() {
        var (quiet, writes) = (0, referee.operatorWrites)
        // If the clock of the server was set back, environments expire later.
        for _ in 0..<(referee.hasClockJumped ? 200 : 40) where referee.violation == nil {
            play(for: .seconds(30))
            let actions = engine.planned + retentionUsers.planned + interference.planned
            let isPlanned =
                actions + (catalog?.planned ?? 0) + (environmentUsers?.planned ?? 0) > 0 || check.hasPendingTTL
            quiet = referee.operatorWrites == writes && !isPlanned ? quiet + 1 : 0
            writes = referee.operatorWrites
            if quiet >= 3, check.problem == nil { return }
        }
        referee.fail("long after the end of the faults: \(check.problem ?? "still writing")")
    }

    /// Runs tasks and timers for `duration`.
    private func play(for duration: Duration) {
        let end = time.now.advanced(by: duration)
        while referee.violation == nil {
            executor.runUntilIdle()
            guard let deadline = time.nextDeadline, deadline <= end else { break }
            time.advance(by: time.now.duration(to: deadline))
            if network.requests > 200_000 { referee.fail("too many requests: \(network.requests)") }
        }
        if time.now < end { time.advance(by: time.now.duration(to: end)) }
        executor.runUntilIdle()
    }

    private func stopFaults() {
        history.log("faults stop")
        referee.faultsEnded = clock.now()
        referee.faultsEndedInstant = time.now
        network.heal()
        server.absent = []
        server.replicaLag = 0
        server.eventLag = .milliseconds(1)...(.milliseconds(20))
    }

    /// Starts another process of the operator.
    func startReplica() {
        let replica = Replica(number: replicas.count, time: time, random: random.split())
        replicas.append(replica)
        history.log("operator-\(replica.number) starts")
        replica.start(self)
    }

    /// The clock of a new process; nil without arbitrary clock skew.
    func operatorClock() -> WallClock? { clocks.map { .ofMachine(clock, random: $0, jumps: true) } }

    /// Lets the referee check the progress once a second until the simulation ends.
    private func checkProgressPeriodically() {
        time.schedule(after: .seconds(1)) { [weak self] in
            guard let self, !isEnding, referee.violation == nil else { return }
            let serving = replicas.first { $0.isAlive && $0.isRunning && ($0.token.map(\.isValid) ?? true) }
            referee.checkProgress(serving: serving?.number)
            checkProgressPeriodically()
        }
    }

    /// Creates many executions that the obstacle affects, and some that it does not.
    private func createLoad(_ obstacle: Obstacle, _ random: SeededRandom) {
        if obstacle.target == .stops {
            let engine = obstacle.kind == .workflows ? "argo" : "tekton"
            let timeout = Int64(5 + random.below(60))
            return users.createBatch(2, named: Users.stubborn, in: Users.namespace, of: engine, timeout: timeout)
        }
        guard obstacle.target == .creates else {
            for engine in ["tekton", "argo"] {
                users.createBatch(4 + random.below(6), named: "\(engine)-", in: Users.namespace, of: engine)
            }
            return
        }
        let (blocked, free) =
            switch obstacle.kind {
            case .workflows?: (("team", "argo"), ("team", "tekton"))
            case .some: (("team", "tekton"), ("team", "argo"))
            case nil:
                ((Users.namespace, random.pick(["tekton", "argo"])), ("calm", random.pick(["tekton", "argo"])))
            }
        users.createBatch(4 + random.below(26), named: "held", in: blocked.0, of: blocked.1)
        for number in 0..<3 {
            time.schedule(after: random.duration(.milliseconds(100)...(.seconds(20)))) { [weak self] in
                self?.users.createBatch(1, named: "free\(number)-", in: free.0, of: free.1)
            }
        }
    }

    private func checkLeaders() {
        let leaders = replicas.filter { $0.isAlive && $0.token?.isValid == true }
        if leaders.count > 1 { referee.fail("\(leaders.count) leaders at once: \(leaders.map(\.number))") }
    }

    /// Checks that an idle operator writes nothing, and reads no environment.
    private func checkRest() {
        let (writes, requests) = (referee.operatorWrites, referee.environmentRequests)
        let isResting = check.environmentsRest
        play(for: .seconds(60))
        if isResting, referee.environmentRequests != requests {
            referee.fail("\(referee.environmentRequests - requests) requests for environments while idle")
        }
        if referee.operatorWrites != writes { referee.fail("\(referee.operatorWrites - writes) writes while idle") }
        if let problem = check.problem { referee.fail("while idle: \(problem)") }
    }

    /// Checks that a process that ends leaves no timers or watches.
    private func checkEnd() {
        isEnding = true
        for replica in replicas { replica.terminate() }
        for _ in 0..<12 where !replicas.allSatisfy(\.hasExited) { play(for: .seconds(5)) }
        for replica in replicas {
            if !replica.hasExited { referee.fail("operator-\(replica.number) did not end") }
            let timers = replica.time.pending.count
            if timers > 0 { referee.fail("operator-\(replica.number) left \(timers) timers behind") }
        }
        if !server.watches.isEmpty { referee.fail("\(server.watches.count) watches were left open") }
    }

    /// True if users create environments.
    var hasEnvironments: Bool { environmentUsers != nil }

    private var check: FinalCheck { FinalCheck(server: server, referee: referee) }
}

/// An object that must be freed at the end of the simulation.
struct WeakReference {
    let name: String
    private(set) weak var object: AnyObject?

    init(_ name: String, _ object: AnyObject?) {
        self.name = name
        self.object = object
    }
}

extension World {
    /// The objects that a leaked task or a reference cycle would keep alive.
    var weakReferences: [WeakReference] {
        [WeakReference("the world", self), WeakReference("its API server", server)]
            + replicas.map { WeakReference("the controller of operator-\($0.number)", $0.controller) }
            + replicas.map { WeakReference("the environments of operator-\($0.number)", $0.environments) }
    }
}
