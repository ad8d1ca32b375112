import KubeClient
import KubeRuntime

/// One simulation: a cluster, its users and the operator's processes, all of it drawn from one number.
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
    let referee: Referee
    private let sink: LogSink
    /// Every process there ever was.
    private(set) var replicas: [Replica] = []
    /// True from the moment on in which the last processes are asked to end.
    private(set) var isEnding = false

    init(seed: UInt64, isRecording: Bool) {
        random = SeededRandom(seed: seed)
        clock = time.wallClock()
        scenario = Scenario(random: random.split())
        history = History(time: time, isRecording: isRecording)
        executor = SimulationExecutor(random: random.split())
        server = SimulatedServer(time: time, clock: clock, random: random.split())
        network = Network(server: server, random: random.split(), history: history)
        referee = Referee(server: server, hasRivals: scenario.hasRivals)
        engine = SimulatedEngine(server: server, random: random.split())
        collector = GarbageCollection(server: server, random: random.split())
        users = Users(server: server, random: random.split(), history: history)
        // Not from the world's own numbers: what else a seed means stays what it was.
        housekeeping = Housekeeping(server: server, random: SeededRandom(seed: ~seed))
        users.additions = { [housekeeping] spec in housekeeping.addTimes(to: &spec) }
        sink = LogSink(level: .error, write: { _ in })
        server.observers.append { [unowned self] in history.note($0) }
        server.observers.append { [unowned self] change in
            if change.writer.isOperator { checkLeaders() }
        }
        network.crash = { [unowned self] in crash($0) }
    }

    func logger(for replica: Replica) -> Logger {
        Logger(sink).named("operator-\(replica.number)")
    }

    /// Plays the simulation to its end; returns what went wrong, or nil.
    func run() -> String? {
        server.eventLag = scenario.eventLag
        server.replicaLag = scenario.replicaLag
        network.rates = scenario.rates
        for _ in 0..<scenario.replicas { startReplica() }
        users.plan(scenario.executions, within: scenario.chaos)
        for _ in 0..<scenario.disasters {
            time.schedule(after: scenario.chaos * random.unit()) { [unowned self] in disaster() }
        }
        play(for: scenario.chaos)
        calmDown()
        settle()
        if referee.violation == nil { checkRest() }
        if referee.violation == nil { checkEnd() }
        return referee.violation
    }

    /// Waits until all is as it has to be, and nobody has written anything for longer than an engine may be silent.
    private func settle() {
        let calm = time.now
        var (quiet, writes) = (0, referee.operatorWrites)
        for _ in 0..<40 where referee.violation == nil {
            play(for: .seconds(30))
            checkPolling(since: calm)
            quiet =
                referee.operatorWrites == writes && engine.planned == 0 && housekeeping.planned == 0 ? quiet + 1 : 0
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
            if network.requests > 200_000 { referee.fail("a storm of \(network.requests) requests") }
        }
        if time.now < end { time.advance(by: time.now.duration(to: end)) }
        executor.runUntilIdle()
    }

    private func calmDown() {
        history.note("faults stop")
        referee.calm = clock.now()
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

    /// What has not ended is verified every ten seconds, once every process has had time to start and be elected.
    private func checkPolling(since calm: ContinuousClock.Instant) {
        guard calm.duration(to: time.now) > .seconds(100) else { return }
        for kind in check.polledKinds {
            let silence = (network.lastPoll[kind] ?? calm).duration(to: time.now)
            if silence > .seconds(30) { referee.fail("\(kind) were not polled for \(silence)") }
        }
    }

    private func checkLeaders() {
        let leaders = replicas.filter { $0.isAlive && $0.token?.isValid == true }
        if leaders.count > 1 { referee.fail("\(leaders.count) leaders at once: \(leaders.map(\.number))") }
    }

    /// At rest nothing is written.
    private func checkRest() {
        let writes = referee.operatorWrites
        play(for: .seconds(60))
        if referee.operatorWrites != writes { referee.fail("\(referee.operatorWrites - writes) writes at rest") }
        if let problem = check.problem { referee.fail("at rest: \(problem)") }
    }

    /// A process that ends leaves nothing behind.
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
