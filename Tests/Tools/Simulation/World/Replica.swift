import Environments
import Executions
import KubeClient
import KubeRuntime

/// One operator process of the simulation: the real controller with a simulated transport.
///
/// Confined to the thread of one simulation.
final class Replica: @unchecked Sendable {
    let number: Int
    let time: ProcessTime
    /// False after a crash, when its actions have no more effect.
    private(set) var isAlive = true
    /// False after a stop request or a crash.
    private(set) var isRunning = true
    /// True once its `run()` returned.
    private(set) var hasExited = false
    private let random: SeededRandom
    /// Nil without an election.
    private(set) var token: LeadershipToken?
    /// Nil after all tasks of the process have ended.
    private(set) weak var controller: ExecutionController?
    private(set) weak var environments: EnvironmentController?
    private let stop = Latch()
    private var task: Task<Void, Never>?

    var writer: Writer { .operatorProcess(number) }

    init(number: Int, time: VirtualTime, random: SeededRandom) {
        self.number = number
        self.time = ProcessTime(time)
        self.random = random
    }

    func start(_ world: World) {
        let transport = SimulatedTransport(network: world.network, server: world.server, replica: self)
        let (time, random) = (time, random)
        let retry = RetryPolicy(
            sleep: { try await time.sleep(for: $0) }, random: { random.unit() })
        // The clocks of two machines differ by some seconds.
        let skew = random.duration(.seconds(-2)...(.seconds(2)))
        let clock = world.operatorClock() ?? WallClock { [clock = world.clock] in clock.now() + skew }
        let (logger, registry) = (world.logger(for: self), MetricsRegistry())
        let elector =
            world.scenario.isElected
            ? LeaderElector(
                settings: ElectionSettings(lease: Self.lease, identity: "operator-\(number)"),
                client: KubeClient(transport: transport), time: time, clock: clock, random: { random.unit() },
                logger: logger, metrics: registry) : nil
        token = elector?.token
        let manager = ControllerManager(
            client: KubeClient(transport: transport, retry: retry), elector: elector,
            events: .towline(instance: "operator-\(number)"), time: time, clock: clock, random: { random.unit() },
            logger: logger, metrics: registry)
        let controller = ExecutionController(configuration: ExecutionConfiguration(), managedBy: manager)
        self.controller = controller
        let environments =
            world.hasEnvironments
            ? EnvironmentController(
                configuration: EnvironmentConfiguration(expiryWarning: Referee.expiryWarning), managedBy: manager) : nil
        self.environments = environments
        task = Task(executorPreference: world.executor) {
            do {
                let controllers = [controller.controller, environments?.controller].compactMap(\.self)
                try await manager.run(controllers, until: self.stop)
            } catch {
                world.history.log("operator-\(self.number) lost its lease: \(error)")
            }
            self.hasExited = true
            world.replace(self)
        }
    }

    private static let lease = ObjectKey(namespace: "towline-system", name: "towline-operator")

    /// Stops the process like SIGTERM.
    func terminate() {
        isRunning = false
        stop.set()
    }

    /// Ends the process like SIGKILL; its tasks unwind without effect.
    func kill() {
        isRunning = false
        isAlive = false
        task?.cancel()
    }
}
