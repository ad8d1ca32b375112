import KubeClient
import KubeRuntime

/// Carries all runs of one resource through: one watch, one queue with one timer, a few workers.
///
/// A run is with one worker at a time. Nothing is kept for a run that waits but its state machine.
struct RunLoop<Run: SimulatedRun>: Sendable {
    private let resource: GroupVersionResource
    private let cluster: any SandboxCluster
    private let environment: SandboxEnvironment
    private let writer: ClusterWriter
    private let lookUp: @Sendable (Run.Reference) async -> Run.Resolution
    private let queue: WorkQueue<ObjectKey>
    private let table: Locked<RunTable<Run>>

    /// `time` must run as the environment's clock does.
    init(
        _ resource: GroupVersionResource, cluster: any SandboxCluster, environment: SandboxEnvironment,
        time: any TimeSource, writer: ClusterWriter,
        lookUp: @escaping @Sendable (Run.Reference) async -> Run.Resolution
    ) {
        self.resource = resource
        self.cluster = cluster
        self.environment = environment
        self.lookUp = lookUp
        self.writer = writer
        queue = WorkQueue(name: resource.resource, time: time)
        table = Locked(RunTable())
    }

    /// Works until the task is cancelled.
    func run(workers: Int) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await watch() }
            for _ in 0..<workers {
                group.addTask { await work() }
            }
        }
    }

    /// Follows the resource; begins anew whenever it is not served or the watch fell behind.
    private func watch() async {
        while !Task.isCancelled {
            table.withLock { $0.beginWatch() }
            do {
                for try await change in cluster.changes(of: resource, namespace: nil) { observe(change) }
            } catch {
                // Whatever the reason, the next attempt tells every present run again.
            }
            try? await environment.sleep(.milliseconds(500))
        }
    }

    private func work() async {
        while let item = await queue.next() {
            queue.done(item.key, await proceed(item.key))
            // A cluster in the same process answers without ever suspending: let its other callers have their turn.
            await Task.yield()
        }
    }
}

extension RunLoop {
    /// How often a run is asked what is due before others get their turn.
    private static var mostPasses: Int { 100 }

    /// Takes note of a change and wakes the run when it says something new.
    func observe(_ change: ObjectChange) {
        switch change {
        case .added(let object), .modified(let object):
            guard let key = object.objectKey else { return }
            if table.withLock({ $0.observe(object, key: key) }) { queue.add(key) }
        case .deleted(let object):
            guard let key = object.objectKey else { return }
            table.withLock { $0.remove(key, uid: object.uid) }
        case .synced: table.withLock { $0.endInitialEvents() }
        }
    }

    /// Lets a run do everything that is due and tells when it wants to be called again.
    func proceed(_ key: ObjectKey) async -> WorkOutcome {
        guard let taken = table.withLock({ $0.take(key) }) else { return .success }
        var run = taken.run
        for _ in 0..<Self.mostPasses {
            if let request = table.withLock({ $0.takeRequest(key) }) { run.observe(request) }
            let actions = run.advance(to: environment.clock.now())
            if actions.isEmpty { break }
            for action in actions {
                if Task.isCancelled { return .success }
                await perform(action, for: &run)
            }
        }
        let wakeTime = run.wakeTime
        let hasRequest = table.withLock { $0.put(run, key: key, uid: taken.uid) }
        if hasRequest { return .requeue(after: .zero) }
        guard let wakeTime else { return .success }
        return .requeue(after: max(.milliseconds(1), wakeTime - environment.clock.now()))
    }

    private func perform(_ action: RunAction<Run.Reference>, for run: inout Run) async {
        switch action {
        case .resolve(let reference): run.resolve(await lookUp(reference))
        case .write(let write):
            if let object = await writer.execute(write) { run.created(object) }
        }
    }
}
