import KubeRuntime

extension World {
    /// Ends a process at once.
    func crash(_ replica: Replica) {
        guard replica.isRunning else { return }
        history.note("operator-\(replica.number) is killed")
        replica.kill()
        for watch in server.watches where watch.owner == replica.writer { watch.body.cancel() }
    }

    /// Asks a process to end.
    private func terminate(_ replica: Replica) {
        history.note("operator-\(replica.number) is asked to end")
        replica.terminate()
    }

    /// Starts a process in the place of one that has ended, as a kubelet does, until everything comes to its end.
    func replace(_ replica: Replica) {
        guard !isEnding else { return }
        time.schedule(after: random.duration(.milliseconds(100)...(.seconds(20)))) { [weak self] in
            self?.startReplica()
        }
    }

    /// Lets one thing happen that no request has caused.
    func disaster() {
        let running = replicas.filter(\.isRunning)
        switch random.below(8) {
        case 0, 1:
            let pause = random.duration(.milliseconds(200)...(.seconds(15)))
            network.restartServer(for: pause, compacting: random.chance(0.5))
        case 2: server.compact()
        case 3: hideEngine()
        default:
            guard !running.isEmpty else { return }
            harm(random.pick(running))
        }
    }

    private func harm(_ replica: Replica) {
        switch random.below(4) {
        case 0: network.cutOff(replica.number, for: random.duration(.seconds(1)...(.seconds(60))))
        case 1: network.stop(replica.number, for: random.duration(.seconds(1)...(.seconds(25))))
        case 2: crash(replica)
        default: terminate(replica)
        }
    }

    /// Lets the definition of an engine's runs not be served for a while.
    private func hideEngine() {
        let kind = random.chance(0.5) ? ResourceKind.pipelineRuns : .workflows
        history.note("\(kind) is not served")
        server.absent.insert(kind)
        for watch in server.watches where watch.kind == kind { watch.body.finish() }
        time.schedule(after: random.duration(.seconds(2)...(.seconds(90)))) { [weak self] in
            self?.history.note("\(kind) is served again")
            self?.server.absent.remove(kind)
        }
    }
}
