import APIServer
import KubeClient
import KubeRuntime

/// Carries all runs of one resource through: one watch, one queue with one timer, a few workers.
///
/// A run is with one worker at a time. Nothing is kept for a run that waits but its state machine.
struct RunDriver<Run: SimulatedRun>: Sendable {
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

extension RunDriver {
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

/// The runs a simulated engine looks after; pure bookkeeping.
struct RunTable<Run: SimulatedRun> {
    private struct Entry {
        let uid: String
        /// Nil while a worker has it, and when the run has ended.
        var run: Run?
        var request: Run.Request
        /// The request is not known to the run yet.
        var isRequestNew = false
        var isFinished = false
        /// The last watch that told of it.
        var watch: Int
    }

    private var entries: [ObjectKey: Entry] = [:]
    private var watch = 0

    /// A watch begins, which will tell every present object.
    mutating func beginWatch() {
        watch += 1
    }

    /// The watch has told every present object: runs it did not tell of were deleted in between.
    mutating func endInitialEvents() {
        entries = entries.filter { $0.value.watch == watch }
    }

    /// Takes note of an object and tells whether its run has something to do now.
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

    /// Forgets a run; one with another UID is a later one of the same name.
    mutating func remove(_ key: ObjectKey, uid: String) {
        guard entries[key]?.uid == uid else { return }
        entries[key] = nil
    }

    /// Hands a run to a worker.
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

    /// Takes a run back and tells whether a request came in the meantime; a deleted run is dropped.
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

/// One run of a workflow as a simulated engine carries it through: a state machine without I/O and without a clock.
///
/// It is told the time and what became of its actions, and answers with the next actions. ``RunDriver`` does the rest.
protocol SimulatedRun: Sendable {
    /// What users may ask of a run that is under way, by changing its object: to stop, to hold, to go on.
    associatedtype Request: Hashable, Sendable
    /// Names what has to be looked up before the run can start.
    associatedtype Reference: Sendable
    /// What the lookup found.
    associatedtype Resolution: Sendable

    /// Takes on a run; nil when it has ended before, or when another controller is to look after it.
    init?(_ object: JSONValue)

    static func request(in object: JSONValue) -> Request

    mutating func observe(_ request: Request)
    mutating func resolve(_ resolution: Resolution)

    /// Tells that an object was created, as the cluster stored it.
    mutating func created(_ object: JSONValue)

    /// Does what is due; called again until there is nothing left to do at that time.
    mutating func advance(to now: Timestamp) -> [RunAction<Reference>]

    /// When something will be due without anyone asking for it.
    var wakeTime: Timestamp? { get }

    /// The run has ended and nothing is left to be written.
    var isFinished: Bool { get }
}

/// What a simulated run wants to be done, in order.
enum RunAction<Reference: Sendable>: Sendable {
    case write(ClusterWrite)
    case resolve(Reference)
}

/// One write to the cluster.
enum ClusterWrite: Hashable, Sendable {
    case create(GroupVersionResource, namespace: String, JSONValue)
    /// A merge patch; of the status subresource when `subresource` is `status`.
    case patch(GroupVersionResource, namespace: String, name: String, JSONValue, subresource: String?)
    case delete(GroupVersionResource, namespace: String, name: String)
    case log(String, namespace: String, pod: String, container: String)
}
