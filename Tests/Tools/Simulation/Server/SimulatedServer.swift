import KubeClient
import KubeRuntime

/// An API server in memory: one order of writes for everything, versions, watches, and a history that can be forgotten.
///
/// It follows only the rules that operators depend on: optimistic concurrency, status as a subresource, consistent lists,
/// watches that resume. It answers immediately; the network adds delays and faults. Confined to the thread of one
/// simulation.
final class SimulatedServer: @unchecked Sendable {
    let time: VirtualTime
    /// The server's own time of day.
    var clock: WallClock
    let random: SeededRandom
    /// The UIDs in the last answer to a read.
    var lastRead: [String] = []
    /// How long an event takes to a watcher; random for each.
    var eventLag: ClosedRange<Duration> = .milliseconds(1)...(.milliseconds(20))
    /// How many writes a replica that answers "any version" may be behind.
    var replicaLag = 0
    /// The resource types that are not served at the moment.
    var absent: Set<ResourceKind> = [] {
        didSet { everAbsent.formUnion(absent) }
    }
    /// The resource types that were not served at some time.
    private(set) var everAbsent: Set<ResourceKind> = []
    /// True while the server carries out a request that its sender has given up.
    var isLateArrival = false
    /// Called after each write, in the order of the writes.
    var observers: [(Change) -> Void] = []

    private(set) var revision = 100
    /// Versions up to this one can no longer be watched from.
    private(set) var compacted = 0
    private(set) var history: [ResourceKind: [Change]] = [:]
    private var objects: [ResourceKind: [ObjectKey: Change]] = [:]
    var watches: [SimulatedWatch] = []

    init(time: VirtualTime, clock: WallClock, random: SeededRandom) {
        self.time = time
        self.clock = clock
        self.random = random
    }

    func object(_ kind: ResourceKind, _ key: ObjectKey) -> JSONValue? { objects[kind]?[key]?.object }

    /// The objects of a kind, in the order of their names.
    func all(_ kind: ResourceKind) -> [Change] {
        (objects[kind] ?? [:]).values.sorted { $0.key < $1.key }
    }

    func current(_ kind: ResourceKind, _ key: ObjectKey) -> Change? { objects[kind]?[key] }

    /// Forgets the history, so that watchers who are behind have to list again.
    func compact() {
        compacted = revision
    }

    /// Ends every open watch, as a restart of the server does.
    func cutWatches(_ error: TransportError) {
        let cut = watches
        watches = []
        for watch in cut { watch.body.fail(error) }
    }

    func makeUID() -> String {
        let digits =
            String(random.next(), radix: 16) + String(random.next(), radix: 16) + String(repeating: "0", count: 32)
        let text = Array(digits.prefix(32))
        let groups = [text[0..<8], text[8..<12], text[12..<16], text[16..<20], text[20..<32]]
        return groups.map { String($0) }.joined(separator: "-")
    }

    /// Stores a change and notifies all observers.
    @discardableResult
    func commit(_ verb: Change.Verb, _ kind: ResourceKind, _ key: ObjectKey, _ object: JSONValue, by writer: Writer)
        -> Change
    {
        revision += 1
        var object = object
        object[path: ["metadata", "resourceVersion"]] = .string("\(revision)")
        let change = Change(
            revision: revision, verb: verb, kind: kind, key: key, object: object, before: objects[kind]?[key]?.object,
            writer: writer, encoded: object.encoded)
        objects[kind, default: [:]][key] = verb == .deleted ? nil : change
        history[kind, default: []].append(change)
        for watch in watches where watch.kind == kind { send(change, to: watch) }
        for observer in observers { observer(change) }
        return change
    }
}
