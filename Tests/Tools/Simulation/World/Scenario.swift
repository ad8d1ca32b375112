import KubeRuntime

/// The scenario of one seed: which faults, how many, and for how long.
struct Scenario {
    let replicas: Int
    /// False if the processes run without election.
    let isElected: Bool
    let executions: Int
    let chaos: Duration
    let rates: FaultRates
    let eventLag: ClosedRange<Duration>
    let replicaLag: Int
    /// True if two processes may act at the same time.
    var hasRivals: Bool { replicas > 1 && !isElected }
    /// How often the server and the processes are disturbed during the chaos.
    let disasters: Int

    init(random: SeededRandom) {
        replicas = random.pick([1, 1, 2, 2, 3])
        isElected = random.chance(replicas > 1 ? 0.75 : 0.3)
        executions = 1 + random.below(5)
        chaos = random.duration(.seconds(20)...(.seconds(240)))
        rates = FaultRates(random: random)
        let slowest = random.pick([Duration.milliseconds(20), .milliseconds(500), .seconds(5)])
        eventLag = .milliseconds(1)...slowest
        replicaLag = random.below(20)
        disasters = random.below(6)
    }
}
