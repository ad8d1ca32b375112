import KubeClient
import KubeRuntime

/// One simulation: a cluster, its users and the operator's processes, determined by one number.
///
/// Everything runs on the thread that calls ``run()``, by the world's executor, in virtual time. The same seed gives
/// the same history, write for write.
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
    private let collector: GarbageCollection
    private let users: Users
    private let housekeeping: Housekeeping
    private let vandals: Vandals
    private let obstacles: Obstacles
    private let trouble: Trouble
    private let seed: UInt64
    private let clocks: SeededRandom?
    let referee: Referee
    private let sink: LogSink
    /// All processes.
    private(set) var replicas: [Replica] = []
    /// True once the last processes are asked to stop.
    private(set) var isEnding = false
    /// Until when no operator may start, and the end of the last planned outage.
    var outageEnd: ContinuousClock.Instant?
    var lastOutageEnd: ContinuousClock.Instant?

    init(seed: UInt64, _ trouble: Trouble, isRecording: Bool) {
        self.seed = seed
        self.trouble = trouble
        random = SeededRandom(seed: seed)
        clock = time.wallClock()
        scenario = Scenario(random: random.split())
        history = History(time: time, isRecording: isRecording)
        executor = SimulationExecutor(random: random.split())
        clocks = trouble.random(for: .clocks, seed: seed)
        let (truth, clocks) = (clock, clocks)
        func machineClock() -> WallClock { clocks.map { .ofMachine(truth, random: $0) } ?? truth }
        server = SimulatedServer(time: time, clock: machineClock(), random: random.split())
        network = Network(server: server, random: random.split(), history: history)
        obstacles = Obstacles(time: time, history: history)
        network.obstacles = obstacles
        network.proxyClock = machineClock()
        network.proxy = clocks.map { SeededRandom(seed: $0.next()) }
        network.cutter = trouble.random(for: .bodies, seed: seed)
        referee = Referee(
            server: server, truth: clock, hasRivals: scenario.hasRivals, obstacles: obstacles, trouble: trouble)
        network.witness = referee
        engine = SimulatedEngine(
            server: server, clocks: [.pipelineRuns: machineClock(), .workflows: machineClock()],
            random: random.split(), delays: trouble.random(for: .steps, seed: seed))
        collector = GarbageCollection(server: server, random: random.split())
        users = Users(server: server, random: random.split(), history: history)
        // Not from the world's own numbers, so that the rest of the scenario does not change.
        housekeeping = Housekeeping(server: server, random: SeededRandom(seed: ~seed))
        users.additions = { [housekeeping] spec in housekeeping.addTimes(to: &spec) }
        users.onRetry = { [engine] in engine.noteStep(of: $0) }
        vandals = Vandals(server: server, trouble, seed: seed)
        referee.hasStarted = { [engine] in engine.started.contains($0) }
        sink = LogSink(level: .error, write: { _ in })
        obstacles.onBeginning = { [unowned self] in crowd($0, $1) }
        server.observers.append { [unowned self] in history.note($0) }
        server.observers.append { [unowned self] change in
            if change.writer.isOperator { checkLeaders() }
        }
        network.crash = { [unowned self] in crash($0) }
    }

    func logger(for replica: Replica) -> Logger {
        Logger(sink).named("operator-\(replica.number)")
    }

    /// Runs the simulation to its end; returns what went wrong, or nil.
    func run() -> String? {
        server.eventLag = scenario.eventLag
        server.replicaLag = scenario.replicaLag
        network.rates = scenario.rates
        for _ in 0..<scenario.replicas { startReplica() }
        users.plan(scenario.executions, within: scenario.chaos)
        for _ in 0..<scenario.disasters {
            time.schedule(after: scenario.chaos * random.unit()) { [unowned self] in disaster() }
        }
        obstacles.plan(trouble, seed: seed, chaos: scenario.chaos)
        planOutages(trouble, seed: seed)
        play(for: scenario.chaos)
        calmDown()
        if !trouble.rules.isEmpty { keepWatching() }
        // Obstacles must have ended too, before the final check.
        if let end = [obstacles.lastEnd, lastOutageEnd].compactMap({ $0 }).max(), end > time.now {
            play(for: time.now.duration(to: end))
        }
        settle()
        if referee.violation == nil { checkRest() }
        if referee.violation == nil { checkEnd() }
        return referee.violation
    }

    /// Waits until the final state is correct, and no write has happened for longer than an engine may be silent.
    private func settle() {
        var (quiet, writes) = (0, referee.operatorWrites)
        for _ in 0..<40 where referee.violation == nil {
            play(for: .seconds(30))
            let isPlanned = engine.planned + housekeeping.planned + vandals.planned > 0 || check.hasPendingTTL
            quiet = referee.operatorWrites == writes && !isPlanned ? quiet + 1 : 0
            writes = referee.operatorWrites
            if quiet >= 3, check.problem == nil { return }
        }
        referee.fail("long after the faults stopped: \(check.problem ?? "still not at rest")")
    }

    /// Runs tasks and timers until `duration` has passed.
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

    private func calmDown() {
        history.note("faults stop")
        referee.calm = clock.now()
        referee.calmInstant = time.now
        network.heal()
        server.absent = []
        server.replicaLag = 0
        server.eventLag = .milliseconds(1)...(.milliseconds(20))
    }

    /// Starts another process of the operator.
    func startReplica() {
        let replica = Replica(number: replicas.count, time: time, random: random.split())
        replicas.append(replica)
        history.note("operator-\(replica.number) starts")
        replica.start(self)
    }

    /// The clock of a new process; nil if clocks do not differ.
    func operatorClock() -> WallClock? { clocks.map { .ofMachine(clock, random: $0, jumps: true) } }

    /// Lets the referee check deadlines periodically, until the last processes are asked to stop.
    private func keepWatching() {
        time.schedule(after: .seconds(1)) { [weak self] in
            guard let self, !isEnding, referee.violation == nil else { return }
            let serving = replicas.first { $0.isAlive && $0.isRunning && ($0.token.map(\.isValid) ?? true) }
            referee.look(serving: serving?.number)
            keepWatching()
        }
    }

    /// Creates many executions where creates are delayed, and some where they are not.
    private func crowd(_ obstacle: Obstacle, _ random: SeededRandom) {
        if obstacle.target == .stops {
            let engine = obstacle.kind == .workflows ? "argo" : "tekton"
            let timeout = Int64(5 + random.below(60))
            return users.createCrowd(2, named: Users.stubborn, in: Users.namespace, of: engine, timeout: timeout)
        }
        guard obstacle.target == .creates else {
            for engine in ["tekton", "argo"] {
                users.createCrowd(4 + random.below(6), named: "\(engine)-", in: Users.namespace, of: engine)
            }
            return
        }
        let (blocked, free) =
            switch obstacle.kind {
            case .workflows?: (("team", "argo"), ("team", "tekton"))
            case .some: (("team", "tekton"), ("team", "argo"))
            case nil: ((Users.namespace, random.pick(["tekton", "argo"])), ("calm", random.pick(["tekton", "argo"])))
            }
        users.createCrowd(4 + random.below(26), named: "held", in: blocked.0, of: blocked.1)
        for number in 0..<3 {
            time.schedule(after: random.duration(.milliseconds(100)...(.seconds(20)))) { [weak self] in
                self?.users.createCrowd(1, named: "free\(number)-", in: free.0, of: free.1)
            }
        }
    }

    private func checkLeaders() {
        let leaders = replicas.filter { $0.isAlive && $0.token?.isValid == true }
        if leaders.count > 1 { referee.fail("\(leaders.count) leaders at once: \(leaders.map(\.number))") }
    }

    /// Nothing is written at rest.
    private func checkRest() {
        let writes = referee.operatorWrites
        play(for: .seconds(60))
        if referee.operatorWrites != writes { referee.fail("\(referee.operatorWrites - writes) writes at rest") }
        if let problem = check.problem { referee.fail("at rest: \(problem)") }
    }

    /// A process that ends leaks nothing.
    private func checkEnd() {
        isEnding = true
        for replica in replicas { replica.terminate() }
        for _ in 0..<12 where !replicas.allSatisfy(\.hasEnded) { play(for: .seconds(5)) }
        for replica in replicas {
            if !replica.hasEnded { referee.fail("operator-\(replica.number) did not end") }
            let timers = replica.time.pending.count
            if timers > 0 { referee.fail("operator-\(replica.number) left \(timers) timers behind") }
        }
        if !server.watches.isEmpty { referee.fail("\(server.watches.count) watches were left open") }
    }

    private var check: FinalCheck { FinalCheck(server: server, referee: referee) }
}
