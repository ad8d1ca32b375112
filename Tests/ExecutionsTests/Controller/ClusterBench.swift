import Eventually
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// The whole controller on virtual time over a ``ClusterServer``.
///
/// Time moves in small steps, and only when everything that the last step caused has come to rest.
final class ClusterBench: Sendable {
    let time = VirtualTime()
    let server: ClusterServer
    let clock: WallClock
    let registry = MetricsRegistry()
    private let stop = Latch()
    private let task: Task<Void, Never>

    /// - Parameter seen: gets the transport before the client does; returns the one that the client is to use.
    init(
        workers: Int = 4, _ prepare: (ClusterServer, Timestamp) -> Void = { _, _ in },
        seen: (ClusterServer, VirtualTime) -> any HTTPTransport = { server, _ in server },
        started: (ExecutionController) -> Void = { _ in }
    ) {
        let (time, stop) = (time, stop)
        server = ClusterServer(time: time)
        clock = time.wallClock(startingAt: Timestamp(assuming: Fixtures.start))
        prepare(server, clock.now())
        let retry = RetryPolicy(sleep: { try await time.sleep(for: $0) }, random: { 0.5 })
        let manager = ControllerManager(
            client: KubeClient(transport: seen(server, time), retry: retry), events: .towline(instance: "test"),
            time: time, clock: clock, random: { 0.5 }, logger: Logger(LogSink(write: { _ in })), metrics: registry)
        let controller = ExecutionController(
            configuration: ExecutionConfiguration(workers: workers), managedBy: manager)
        started(controller)
        task = Task { try? await manager.run([controller.controller], until: stop) }
    }

    /// Moves the time on until a condition holds; returns how long that took, nil when it took longer than `limit`.
    ///
    /// - Parameter step: what happens within one step happens at once.
    @discardableResult
    func pass(
        _ limit: Duration, step: Duration = .milliseconds(50), until condition: () -> Bool = { false }
    ) async -> Duration? {
        let start = time.now
        while true {
            await settle()
            let passed = start.duration(to: time.now)
            if condition() { return passed }
            guard passed < limit else { return nil }
            time.advance(by: step)
        }
    }

    /// Waits until nothing happens any more at this instant.
    private func settle() async {
        var (last, quiet, late) = (-1, 0, 0)
        while quiet < 2 {
            let start = ContinuousClock.now
            try? await Task.sleep(for: .milliseconds(1))
            let now = server.activity
            // On a busy machine, a silent moment only shows that the controller had no turn. A debug build needs up to a
            // millisecond between two requests.
            if ContinuousClock.now - start > .milliseconds(3), now == last, late < 20 {
                late += 1
                continue
            }
            quiet = now == last ? quiet + 1 : 0
            last = now
        }
    }

    func end() async {
        stop.set()
        let isOver = Locked(false)
        let watcher = Task { [task] in
            await task.value
            isOver.withLock { $0 = true }
        }
        await eventually("the controller ends") {
            time.advance(by: .milliseconds(100))
            return isOver.withLock { $0 }
        }
        await watcher.value
        #expect(time.scheduledCount == 0, "no timer is left")
    }
}
