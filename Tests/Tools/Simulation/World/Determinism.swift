import KubeClient
import KubeRuntime
import TestSupport

/// Runs the jobs of all tasks of a simulation on one thread, in an order that depends on the seed.
///
/// Tasks use it by their executor preference, which child tasks inherit. So the operator's code runs with all
/// interleavings that its suspension points allow, and a seed always gives the same interleaving. Only that thread
/// accesses the list of jobs.
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
            // Usually in order, as in a real thread pool, and sometimes in random order.
            let index = random.chance(0.2) ? random.below(ready.count) : 0
            ready.remove(at: index).runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

/// Random numbers that are the same for a seed on every machine.
///
/// Confined to the thread of one simulation, in which it can be shared.
final class SeededRandom: @unchecked Sendable {
    private var numbers: SplitMix

    init(seed: UInt64) {
        numbers = SplitMix(seed: seed)
    }

    func next() -> UInt64 { numbers.next() }

    /// Uniform in `0..<1`.
    func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

    func chance(_ probability: Double) -> Bool { unit() < probability }

    /// Uniform in `0..<limit`; 0 if `limit` is less than 2.
    func below(_ limit: Int) -> Int { limit > 1 ? Int(next() % UInt64(limit)) : 0 }

    func duration(_ range: ClosedRange<Duration>) -> Duration {
        range.lowerBound + (range.upperBound - range.lowerBound) * unit()
    }

    func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    /// Returns a separate generator, so that one part of a simulation can draw more numbers without affecting others.
    func split() -> SeededRandom { SeededRandom(seed: next()) }
}

/// The virtual time of one operator process, which tracks the pending timers of the process.
///
/// Confined to the thread of one simulation.
final class ProcessTime: TimeSource, @unchecked Sendable {
    private let time: VirtualTime
    private(set) var pending: Set<TimerToken> = []

    init(_ time: VirtualTime) {
        self.time = time
    }

    var now: ContinuousClock.Instant { time.now }

    @discardableResult
    func schedule(at deadline: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> TimerToken {
        // A timer that is already due runs before its token is known and is not pending.
        let box = TokenBox()
        let token = time.schedule(at: deadline) { [self] in
            box.hasRun = true
            if let token = box.token { pending.remove(token) }
            action()
        }
        box.token = token
        if !box.hasRun { pending.insert(token) }
        return token
    }

    func cancel(_ token: TimerToken) {
        pending.remove(token)
        time.cancel(token)
    }

    /// Confined to the thread of one simulation.
    private final class TokenBox: @unchecked Sendable {
        var token: TimerToken?
        var hasRun = false
    }
}

extension WallClock {
    /// The clock of one machine, with an arbitrary offset and a small drift relative to `trueClock`.
    ///
    /// - Parameter jumps: whether the clock may be set once while it runs.
    static func ofMachine(_ trueClock: WallClock, random: SeededRandom, jumps: Bool = false) -> WallClock {
        let offset = randomOffset(random)
        let drift = (random.unit() - 0.5) * 0.002
        let jump: (after: Duration, by: Duration)? =
            jumps && random.chance(0.4) ? (random.duration(.seconds(1)...(.seconds(400))), randomOffset(random)) : nil
        let start = trueClock.now()
        return WallClock {
            let elapsed = trueClock.now() - start
            var shown = start + offset + elapsed + elapsed * drift
            if let jump, elapsed >= jump.after { shown = shown + jump.by }
            return shown
        }
    }

    /// Seconds to weeks in both directions.
    private static func randomOffset(_ random: SeededRandom) -> Duration {
        let size = random.pick([Duration.zero, .seconds(5), .seconds(600), .seconds(90_000), .seconds(3_000_000)])
        return size * (random.unit() * 2 - 1)
    }
}
