/// Runs the jobs of all tasks of a simulation one after the other, in an order that the seed determines.
///
/// Tasks run here because of their executor preference, which child tasks inherit. The operator's own code runs with any
/// interleaving that its suspension points allow, on one thread, and the same seed gives the same interleaving. Only that
/// thread accesses the list of jobs.
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
            // Mostly in order, as in a real pool; sometimes the last one first.
            let index = random.chance(0.2) ? random.below(ready.count) : 0
            ready.remove(at: index).runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}
