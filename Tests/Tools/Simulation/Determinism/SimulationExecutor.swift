/// Runs the jobs of all tasks of a simulation one after the other, in an order that the seed draws.
///
/// Tasks find their way here by their executor preference, which child tasks inherit. So the operator's own code runs
/// with every interleaving its suspension points allow, on one thread, and the same seed gives the same interleaving.
/// Only that thread ever touches the list of jobs: the simulation has no other.
final class SimulationExecutor: TaskExecutor, @unchecked Sendable {
    private var ready: [UnownedJob] = []
    private let random: SeededRandom

    init(random: SeededRandom) {
        self.random = random
    }

    func enqueue(_ job: consuming ExecutorJob) {
        ready.append(UnownedJob(job))
    }

    /// Runs jobs until every task waits for time to pass.
    func runUntilIdle() {
        while !ready.isEmpty {
            // Most often in order, as a real pool would; now and then the last comes first.
            let index = random.chance(0.2) ? random.below(ready.count) : 0
            ready.remove(at: index).runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
