import APIServer
import KubeClient
import KubeRuntime

/// One run in a simulated engine: a state machine without I/O or a clock.
///
/// It receives the time and the results of its actions and returns the next actions. ``RunDriver`` executes them.
protocol SimulatedRun: Sendable {
    /// The requests that users make of a running run by editing its object: stop, suspend, resume.
    associatedtype Request: Hashable, Sendable
    /// The reference to look up before the run can start.
    associatedtype Reference: Sendable
    /// The result of looking up the reference.
    associatedtype Resolution: Sendable

    /// Creates the state machine of a run; nil if the run has finished or another controller manages it.
    init?(_ object: JSONValue)

    static func request(in object: JSONValue) -> Request

    mutating func observe(_ request: Request)
    mutating func resolve(_ resolution: Resolution)

    /// Reports an object that was created, as the cluster stored it.
    mutating func created(_ object: JSONValue)

    /// Reports a write that the cluster refused.
    mutating func refused(_ write: ClusterWrite, _ error: StatusError)

    /// Performs due work and returns the resulting actions; called repeatedly until it returns none.
    mutating func advance(to now: Timestamp) -> [RunAction<Reference>]

    /// When the next timed action is due; nil if none.
    var wakeTime: Timestamp? { get }

    /// Whether the run has ended and all writes are done.
    var isFinished: Bool { get }
}

extension SimulatedRun {
    mutating func refused(_ write: ClusterWrite, _ error: StatusError) {}
}

/// An action that a simulated run requests.
enum RunAction<Reference: Sendable>: Sendable {
    case write(ClusterWrite)
    case resolve(Reference)
}

/// Advances all runs of one resource: one watch, one queue with one timer, and a few workers.
///
/// One worker at a time handles a run. A waiting run keeps only its state machine in memory.
struct RunDriver<Run: SimulatedRun>: Sendable {
    private let resource: GroupVersionResource
    private let cluster: any SandboxCluster
    private let environment: SandboxEnvironment
    private let writer: ClusterWriter
    /// Which objects the controller handles, as by a label selector.
    private let selects: @Sendable (JSONValue) -> Bool
    private let lookUp: @Sendable (Run.Reference) async -> Run.Resolution
    private let queue: WorkQueue<ObjectKey>
    private let table: Locked<RunTable<Run>>

    /// `time` must advance with the environment's clock.
    init(
        _ resource: GroupVersionResource, cluster: any SandboxCluster, environment: SandboxEnvironment,
        time: any TimeSource, writer: ClusterWriter, selects: @escaping @Sendable (JSONValue) -> Bool = { _ in true },
        lookUp: @escaping @Sendable (Run.Reference) async -> Run.Resolution
    ) {
        self.resource = resource
        self.cluster = cluster
        self.environment = environment
        self.selects = selects
        self.lookUp = lookUp
        self.writer = writer
        queue = WorkQueue(name: resource.resource, time: time)
        table = Locked(RunTable())
    }

    /// Runs until the task is canceled.
    func run(workers: Int) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await watch() }
            for _ in 0..<workers {
                group.addTask { await work() }
            }
        }
    }

    /// Watches the resource; starts over if it is not served or the watch falls behind.
    private func watch() async {
        while !Task.isCancelled {
            table.withLock { $0.beginWatch() }
            do {
                for try await change in cluster.changes(of: resource, namespace: nil) { observe(change) }
            } catch {
                // The next watch delivers every existing run again, so the error does not matter.
            }
            try? await environment.sleep(.milliseconds(500))
        }
    }

    private func work() async {
        while let item = await queue.next() {
            queue.done(item.key, await proceed(item.key))
            // An in-process cluster answers without suspending, so yield to its other callers.
            await Task.yield()
        }
    }
}

extension RunDriver {
    /// How many times one worker advances a run before it takes the next one.
    private static var maximumAdvances: Int { 100 }

    /// Records a change and queues the run if the change is new to it.
    func observe(_ change: ObjectChange) {
        switch change {
        case .added(let object), .modified(let object):
            guard let key = object.objectKey, selects(object) else { return }
            if table.withLock({ $0.observe(object, key: key) }) { queue.add(key) }
        case .deleted(let object):
            guard let key = object.objectKey else { return }
            table.withLock { $0.remove(key, uid: object.uid) }
        case .synced: table.withLock { $0.endInitialEvents() }
        }
    }

    /// Advances a run until nothing is due; returns when to call it again.
    func proceed(_ key: ObjectKey) async -> WorkOutcome {
        guard let taken = table.withLock({ $0.take(key) }) else { return .success }
        var run = taken.run
        for _ in 0..<Self.maximumAdvances {
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
            do {
                if let object = try await writer.execute(write) { run.created(object) }
            } catch {
                run.refused(write, error)
            }
        }
    }
}

/// The runs of a simulated engine, without I/O.
struct RunTable<Run: SimulatedRun> {
    private struct Entry {
        let uid: String
        /// Nil while a worker holds the run and after the run has finished.
        var run: Run?
        var request: Run.Request
        /// Whether the run has not received the request yet.
        var isRequestNew = false
        var isFinished = false
        /// The number of the last watch that delivered the run.
        var watch: Int
    }

    private var entries: [ObjectKey: Entry] = [:]
    private var watch = 0

    /// Records the start of a watch, which first delivers every existing object.
    mutating func beginWatch() {
        watch += 1
    }

    /// Removes the runs that a watch's initial events did not include, since they were deleted.
    mutating func endInitialEvents() {
        entries = entries.filter { $0.value.watch == watch }
    }

    /// Records an object; returns true if its run must be queued.
    mutating func observe(_ object: JSONValue, key: ObjectKey) -> Bool {
        let request = Run.request(in: object)
        guard let entry = entries[key], entry.uid == object.uid else {
            guard let run = Run(object) else { return false }
            entries[key] = Entry(uid: object.uid, run: run, request: request, watch: watch)
            return true
        }
        entries[key]?.watch = watch
        guard !entry.isFinished, entry.request != request else { return false }
        entries[key]?.request = request
        entries[key]?.isRequestNew = true
        return true
    }

    /// Removes a run; a run with another UID is a newer one of the same name and stays.
    mutating func remove(_ key: ObjectKey, uid: String) {
        guard entries[key]?.uid == uid else { return }
        entries[key] = nil
    }

    /// Hands a run to a worker; nil if another worker holds it or it has finished.
    mutating func take(_ key: ObjectKey) -> (run: Run, uid: String)? {
        guard let entry = entries[key], let run = entry.run else { return nil }
        entries[key]?.run = nil
        return (run, entry.uid)
    }

    mutating func takeRequest(_ key: ObjectKey) -> Run.Request? {
        guard let entry = entries[key], entry.isRequestNew else { return nil }
        entries[key]?.isRequestNew = false
        return entry.request
    }

    /// Returns a run from a worker; true if a request arrived in the meantime. A deleted run is discarded.
    mutating func put(_ run: Run, key: ObjectKey, uid: String) -> Bool {
        guard let entry = entries[key], entry.uid == uid else { return false }
        if run.isFinished {
            entries[key]?.isFinished = true
            return false
        }
        entries[key]?.run = run
        return entry.isRequestNew
    }
}
