import KubeRuntime

/// What one seed means: how much trouble, of which kinds, for how long.
struct Scenario {
    let replicas: Int
    /// False where the processes know nothing of each other, as when somebody forgets to switch election on.
    let isElected: Bool
    let executions: Int
    let chaos: Duration
    let rates: FaultRates
    let eventLag: ClosedRange<Duration>
    let replicaLag: Int
    /// True where two processes may act at the same time.
    var hasRivals: Bool { replicas > 1 && !isElected }
    /// How often things happen to the server and the processes during the chaos.
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
