import KubeClient
import KubeRuntime
import TowlineAPI

/// Both engines of the simulation: they process runs and end them, reliably or not.
///
/// Confined to the thread of one simulation.
final class SimulatedEngine: @unchecked Sendable {
    private let server: SimulatedServer
    private let time: VirtualTime
    private let random: SeededRandom
    /// The time of day by each engine's clock.
    private let clocks: [ResourceKind: WallClock]
    /// Nil if steps start with their runs.
    private let delays: SeededRandom?
    /// The runs of which a step has started, by UID.
    private(set) var started: Set<String> = []
    /// When the first step of a run started, by its engine's clock.
    private var starts: [String: String] = [:]
    /// The PipelineRuns that have a TaskRun, by UID.
    private var parents: Set<String> = []
    /// By the run's UID.
    private var behaviors: [String: RunBehavior] = [:]
    private var shutdowns: Set<String> = []
    /// How many actions of the engines are still planned.
    private(set) var planned = 0

    init(server: SimulatedServer, clocks: [ResourceKind: WallClock], random: SeededRandom, delays: SeededRandom?) {
        self.server = server
        self.clocks = clocks
        self.random = random
        self.delays = delays
        time = server.time
        server.observers.append { [unowned self] in observe($0) }
    }

    /// Performs an action later; it counts as planned until then.
    private func plan(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        planned += 1
        time.schedule(after: delay) { [weak self] in
            self?.planned -= 1
            action()
        }
    }

    private func observe(_ change: Change) {
        let isLabeled = change.object["metadata"]?["labels"]?[WellKnown.executionUIDLabel] != nil
        guard change.kind.isRun, isLabeled || behaviors[change.uid] != nil else { return }
        switch change.verb {
        case .added:
            let isStubborn = change.key.name.hasPrefix(Users.stubborn)
            let behavior = isStubborn ? RunBehavior.stubborn : RunBehavior(random: random)
            behaviors[change.uid] = behavior
            guard let pickUp = behavior.pickUp else { return }
            plan(after: pickUp) { [weak self] in self?.begin(change.kind, change.key, change.uid) }
        case .modified:
            guard Self.isAskedToEnd(change.object), shutdowns.insert(change.uid).inserted,
                let delay = behaviors[change.uid]?.shutdownDelay
            else { return }
            plan(after: delay) { [weak self] in self?.end(change.kind, change.key, change.uid, .cancelled) }
        case .deleted:
            behaviors[change.uid] = nil
            if parents.remove(change.uid) != nil {
                server.remove(.taskRuns, SimulatedTaskRun.key(of: change.key), by: .garbageCollector)
            }
        }
    }

    /// Notes that a step of a run has started.
    func noteStep(of uid: String) { started.insert(uid) }

    private func begin(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String) {
        if let delays, delays.chance(0.6), write(.waiting, kind, key, uid) != nil {
            plan(after: delays.duration(.milliseconds(10)...(.seconds(90)))) { [weak self] in
                self?.work(kind, key, uid)
            }
        } else {
            work(kind, key, uid)
        }
    }

    private func work(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String) {
        guard let behavior = behaviors[uid], let run = write(.running(done: 0, of: behavior.tasks), kind, key, uid)
        else { return }
        for task in 1..<max(1, behavior.tasks) {
            plan(after: behavior.duration * task / behavior.tasks) { [weak self] in
                self?.write(.running(done: task, of: behavior.tasks), kind, key, uid)
            }
        }
        if behavior.ending != .never {
            let status = behavior.ending == .success ? RunStatus.succeeded : .failed
            plan(after: behavior.duration) { [weak self] in self?.end(kind, key, uid, status) }
        }
        if behavior.keepsTimeout, let timeout = Self.timeout(of: run) {
            plan(after: timeout + .seconds(1)) { [weak self] in self?.end(kind, key, uid, .timedOut) }
        }
    }

    private func end(_ kind: ResourceKind, _ key: ObjectKey, _ uid: String, _ status: RunStatus) {
        guard write(status, kind, key, uid) != nil, let behavior = behaviors[uid] else { return }
        if behavior.contradictsItself {
            let next = random.chance(0.5) ? RunStatus.running(done: 1, of: 2) : random.pick([.succeeded, .failed])
            plan(after: random.duration(.milliseconds(50)...(.seconds(30)))) { [weak self] in
                self?.write(next, kind, key, uid, evenAfterItsEnd: true)
            }
        }
        guard let pruning = behavior.pruning else { return }
        plan(after: pruning) { [server] in
            guard server.current(kind, key)?.uid == uid else { return }
            server.remove(kind, key, by: .engine)
        }
    }

    /// Writes a status unless the run has ended or is gone; returns the run if it was written.
    @discardableResult
    private func write(
        _ status: RunStatus, _ kind: ResourceKind, _ key: ObjectKey, _ uid: String, evenAfterItsEnd: Bool = false
    ) -> JSONValue? {
        guard !server.absent.contains(kind), let run = server.current(kind, key), run.uid == uid,
            evenAfterItsEnd || Verdict.of(run.object, kind).isEmpty
        else { return nil }
        // A run that succeeds has run its steps, even after it was reported as cancelled.
        switch status {
        case .running, .succeeded: started.insert(uid)
        default: break
        }
        let now = (clocks[kind] ?? server.clock).now().roundedDownToSeconds.rfc3339
        if started.contains(uid), starts[uid] == nil { starts[uid] = now }
        if delays != nil, kind == .pipelineRuns { writeTask(of: run, status, now) }
        let hasSteps = started.contains(uid)
        let object = status.written(
            over: run.object, kind, at: now, hasSteps: hasSteps, hasTasks: hasSteps || parents.contains(uid))
        return server.commit(.modified, kind, key, object, by: .engine).object
    }

    /// Updates the TaskRun of a run, which is created with its first step or, with its pod, some time before.
    private func writeTask(of run: Change, _ status: RunStatus, _ now: String) {
        let key = SimulatedTaskRun.key(of: run.key)
        let comesEarly = if case .waiting = status { delays?.chance(0.5) == true } else { false }
        if comesEarly || started.contains(run.uid), parents.insert(run.uid).inserted {
            let manifest = SimulatedTaskRun.manifest(of: run)
            _ = server.create(.taskRuns, namespace: run.key.namespace, manifest, by: .engine)
        }
        guard parents.contains(run.uid), let task = server.current(.taskRuns, key) else { return }
        var object = task.object
        object["status"] = SimulatedTaskRun.status(
            status, at: now, start: starts[run.uid] ?? now, hasSteps: started.contains(run.uid))
        server.commit(.modified, .taskRuns, key, object, by: .engine)
    }

    private static func isAskedToEnd(_ run: JSONValue) -> Bool {
        run["spec"]?["status"] != nil || run["spec"]?["shutdown"] != nil
    }

    private static func timeout(of run: JSONValue) -> Duration? {
        if let seconds = run["spec"]?["activeDeadlineSeconds"]?.integerValue { return .seconds(seconds) }
        guard let text = run["spec"]?["timeouts"]?["pipeline"]?.stringValue else { return nil }
        var total: Int64 = 0
        var number: Int64 = 0
        for character in text {
            switch character {
            case "h": (total, number) = (total + number * 3600, 0)
            case "m": (total, number) = (total + number * 60, 0)
            case "s": (total, number) = (total + number, 0)
            default: number = number * 10 + Int64(character.wholeNumberValue ?? 0)
            }
        }
        return .seconds(total)
    }
}
