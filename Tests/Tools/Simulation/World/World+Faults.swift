import KubeRuntime

extension World {
    /// Kills a process.
    func crash(_ replica: Replica) {
        guard replica.isRunning else { return }
        history.log("operator-\(replica.number) is killed")
        replica.kill()
        for watch in server.watches where watch.owner == replica.writer { watch.body.cancel() }
    }

    /// Stops a process gracefully.
    private func terminate(_ replica: Replica) {
        history.log("operator-\(replica.number) is stopped")
        replica.terminate()
    }

    /// Restarts a process that has ended, as a kubelet does, unless the simulation is ending.
    func replace(_ replica: Replica) {
        guard !isEnding else { return }
        let delay = random.duration(.milliseconds(100)...(.seconds(20)))
        time.schedule(after: delay) { [weak self] in self?.startReplicaWhenAllowed() }
    }

    /// Starts a process now or after the outage.
    private func startReplicaWhenAllowed() {
        guard let outageEnd, outageEnd > time.now else { return startReplica() }
        time.schedule(at: outageEnd) { [weak self] in self?.startReplicaWhenAllowed() }
    }

    /// Schedules outages of all operators.
    func planOutages(_ configuration: Configuration, seed: UInt64) {
        if let random = configuration.random(for: .outages, seed: seed) {
            let length = random.chance(0.4) ? Duration.seconds(30)...(.seconds(120)) : .seconds(120)...(.seconds(700))
            planOutage(random, random.duration(length))
        }
        if let random = configuration.random(for: .pruning, seed: seed) {
            let length = random.duration(.seconds(20)...(.seconds(90)))
            let start = planOutage(random, length)
            time.schedule(after: start) { [weak self] in self?.prune(within: length, random) }
        }
    }

    @discardableResult
    private func planOutage(_ random: SeededRandom, _ length: Duration) -> Duration {
        let start = random.duration(.zero...(scenario.chaos + .seconds(120)))
        lastOutageEnd = max(lastOutageEnd ?? time.now, time.now.advanced(by: start + length))
        time.schedule(after: start) { [weak self] in self?.beginOutage(for: length) }
        return start
    }

    private func beginOutage(for length: Duration) {
        history.log("all operators are down for \(length)")
        outageEnd = max(outageEnd ?? time.now, time.now.advanced(by: length))
        for replica in replicas where replica.isRunning { crash(replica) }
    }

    /// Deletes random runs during an outage.
    private func prune(within length: Duration, _ random: SeededRandom) {
        for _ in 0..<4 {
            time.schedule(after: length * random.unit()) { [weak self] in
                guard let self else { return }
                let runs = server.all(.pipelineRuns) + server.all(.workflows)
                guard !runs.isEmpty else { return }
                let run = random.pick(runs)
                server.remove(run.kind, run.key, by: .user)
            }
        }
    }

    /// Schedules a user who keeps one namespace busy, and executions in another one.
    func planCrowd(_ configuration: Configuration, seed: UInt64) {
        guard let random = configuration.random(for: .crowds, seed: seed) else { return }
        let start = random.duration(.zero...(scenario.chaos + .seconds(120)))
        let length = random.duration(.seconds(10)...(.seconds(90)))
        let pause = random.duration(.milliseconds(250)...(.seconds(2)))
        let end = time.now.advanced(by: start + length)
        crowdEnd = end
        time.schedule(after: start) { [weak self] in
            guard let self else { return }
            history.log("a crowd changes its executions every \(pause) for \(length)")
            users.createBatch(4 + random.below(16), named: "crowd", in: Users.namespace, of: random.pick(Self.engines))
            users.keepChanging(until: end, every: pause)
            for number in 0..<3 {
                time.schedule(after: length * random.unit()) { [weak self] in
                    self?.users.createBatch(1, named: "quiet\(number)-", in: "calm", of: random.pick(Self.engines))
                }
            }
        }
    }

    private static let engines = ["tekton", "argo"]

    /// Injects one random fault.
    func injectFault() {
        let running = replicas.filter(\.isRunning)
        switch random.below(8) {
        case 0, 1:
            let pause = random.duration(.milliseconds(200)...(.seconds(15)))
            network.restartServer(for: pause, compacting: random.chance(0.5))
        case 2: server.compact()
        case 3: hideEngine()
        default:
            guard !running.isEmpty else { return }
            disturb(random.pick(running))
        }
    }

    private func disturb(_ replica: Replica) {
        switch random.below(4) {
        case 0: network.cutOff(replica.number, for: random.duration(.seconds(1)...(.seconds(60))))
        case 1: network.stop(replica.number, for: random.duration(.seconds(1)...(.seconds(25))))
        case 2: crash(replica)
        default: terminate(replica)
        }
    }

    /// Stops serving the resource type of an engine's runs for a while.
    private func hideEngine() {
        let kind = random.chance(0.5) ? ResourceKind.pipelineRuns : .workflows
        history.log("\(kind) is not served")
        server.absent.insert(kind)
        for watch in server.watches where watch.kind == kind { watch.body.finish() }
        time.schedule(after: random.duration(.seconds(2)...(.seconds(90)))) { [weak self] in
            self?.history.log("\(kind) is served again")
            self?.server.absent.remove(kind)
        }
    }
}
