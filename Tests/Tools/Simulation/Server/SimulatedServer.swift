import KubeClient
import KubeRuntime

/// An API server in memory with one order of all writes, versions, watches, and a history that can be compacted.
///
/// It implements only the rules that operators rely on: optimistic concurrency, the status subresource, consistent
/// lists, and watches that resume. It responds immediately; the network adds delays and faults. Confined to the thread
/// of one simulation.
final class SimulatedServer: @unchecked Sendable {
    let time: VirtualTime
    /// The clock of the server.
    var clock: WallClock
    let random: SeededRandom
    /// The UIDs of the objects in the last response to a read.
    var lastRead: [String] = []
    /// The range of the delay of watch events.
    var eventLag: ClosedRange<Duration> = .milliseconds(1)...(.milliseconds(20))
    /// The maximum number of writes that a response for "any version" can be behind.
    var replicaLag = 0
    /// The resource types that are currently not served.
    var absent: Set<ResourceKind> = [] {
        didSet { everAbsent.formUnion(absent) }
    }
    /// The resource types that were not served at any time.
    private(set) var everAbsent: Set<ResourceKind> = []
    /// True during the execution of a request whose sender has timed out.
    var isLateArrival = false
    /// When the request that is being executed was sent; nil for clients that are not operators.
    var requestSent: ContinuousClock.Instant?
    /// The namespaces that are being deleted, and those that are gone.
    var terminating: Set<String> = []
    var goneNamespaces: Set<String> = []
    /// Called after each write, in order.
    var observers: [(Change) -> Void] = []

    private(set) var revision = 100
    /// Watches can no longer start at versions up to this one.
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

    /// The objects of a kind, sorted by key.
    func all(_ kind: ResourceKind) -> [Change] {
        (objects[kind] ?? [:]).values.sorted { $0.key < $1.key }
    }

    func current(_ kind: ResourceKind, _ key: ObjectKey) -> Change? { objects[kind]?[key] }

    /// Compacts the history, so that watchers that are behind must list again.
    func compact() {
        compacted = revision
    }

    /// Ends all watches, as a restart of the server does.
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

    /// Stores a change and notifies watches and observers.
    @discardableResult
    func commit(_ verb: Change.Verb, _ kind: ResourceKind, _ key: ObjectKey, _ object: JSONValue, by writer: Writer)
        -> Change
    {
        revision += 1
        var object = object
        object[path: ["metadata", "resourceVersion"]] = .string("\(revision)")
        let change = Change(
            revision: revision, verb: verb, kind: kind, key: key, object: object, before: objects[kind]?[key]?.object,
            writer: writer, sent: writer.isOperator ? requestSent : nil, encoded: object.encoded)
        objects[kind, default: [:]][key] = verb == .deleted ? nil : change
        history[kind, default: []].append(change)
        for watch in watches where watch.kind == kind { send(change, to: watch) }
        for observer in observers { observer(change) }
        return change
    }
}

extension SimulatedServer {
    /// Handles any request except a watch.
    func answer(_ request: HTTPRequest, by writer: Writer) -> HTTPResponse {
        guard let target = RequestTarget(request.target), !absent.contains(target.kind) else { return Answer.notServed }
        let body = try? JSONValue(parsing: request.body)
        lastRead = []
        switch request.method {
        case .get: return target.name == nil ? list(target) : get(target)
        case .post:
            let isDry = target["dryRun"] == "All"
            return create(target.kind, namespace: target.namespace ?? "", body ?? .null, isDry: isDry, by: writer)
        case .patch: return patch(target, body ?? .null, by: writer)
        case .put: return replace(target, body ?? .null, by: writer)
        case .delete: return delete(target, body, by: writer)
        }
    }

    private func get(_ target: RequestTarget) -> HTTPResponse {
        let key = ObjectKey(namespace: target.namespace ?? "", name: target.name ?? "")
        guard let change = current(target.kind, key) else { return Answer.notFound(target) }
        lastRead = [change.uid]
        return Answer.object(change.encoded)
    }

    private func list(_ target: RequestTarget) -> HTTPResponse {
        var view = revision
        var start = 0
        if let token = target["continue"] {
            let parts = token.split(separator: ":").compactMap { Int($0) }
            guard parts.count == 2, parts[0] >= compacted else { return Answer.expired }
            (view, start) = (parts[0], parts[1])
        } else if let text = target["resourceVersion"], let wanted = Int(text) {
            guard wanted <= revision else { return Answer.tooLargeVersion }
            // A replica may respond with any state that is new enough for the caller.
            view = max(wanted, revision - random.below(replicaLag + 1))
        }
        let items = state(of: target.kind, at: view).filter(target.selection.includes)
        let limit = target["limit"].flatMap { Int($0) } ?? items.count
        let page = items.dropFirst(start).prefix(limit)
        lastRead = page.map(\.uid)
        let rest = items.count - start - page.count
        return Answer.object(encode(page, view, continueToken: rest > 0 ? "\(view):\(start + page.count)" : nil))
    }

    /// The collection at version `view`.
    private func state(of kind: ResourceKind, at view: Int) -> [Change] {
        guard view < revision else { return all(kind) }
        var objects: [ObjectKey: Change] = [:]
        for change in history[kind] ?? [] where change.revision <= view {
            objects[change.key] = change.verb == .deleted ? nil : change
        }
        return objects.values.sorted { $0.key < $1.key }
    }

    private func encode(_ page: some Sequence<Change>, _ view: Int, continueToken: String?) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 4096)
        writer.beginObject()
        writer.key("metadata")
        writer.beginObject()
        writer.key("resourceVersion")
        writer.string("\(view)")
        if let continueToken {
            writer.key("continue")
            writer.string(continueToken)
        }
        writer.endObject()
        writer.key("items")
        writer.beginArray()
        for change in page { writer.raw(change.encoded) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}

extension SimulatedServer {
    /// - Parameter isDry: whether the object is only checked, and not stored.
    func create(
        _ kind: ResourceKind, namespace: String, _ body: JSONValue, isDry: Bool = false, by writer: Writer
    ) -> HTTPResponse {
        guard let name = body["metadata"]?["name"]?.stringValue else {
            return Answer.status(422, "Invalid", "metadata.name: Required value")
        }
        let key = ObjectKey(namespace: namespace, name: name)
        if let refusal = namespaceRefusal(kind, key) { return refusal }
        guard object(kind, key) == nil else {
            return Answer.status(409, "AlreadyExists", "\(kind.type.plural) \"\(name)\" already exists", name: name)
        }
        var object = body
        object["apiVersion"] = .string(kind.type.apiVersion)
        object["kind"] = .string(kind.type.kind)
        object[path: ["metadata", "namespace"]] = .string(namespace)
        object[path: ["metadata", "uid"]] = .string(makeUID())
        object[path: ["metadata", "generation"]] = 1
        object[path: ["metadata", "creationTimestamp"]] = .string(clock.now().roundedDownToSeconds.rfc3339)
        if kind.hasStatusSubresource { object["status"] = kind.defaultStatus }
        if isDry { return Answer.object(object.encoded, created: true) }
        return Answer.object(commit(.added, kind, key, object, by: writer).encoded, created: true)
    }

    func patch(_ target: RequestTarget, _ patch: JSONValue, by writer: Writer) -> HTTPResponse {
        guard let name = target.name else { return Answer.status(405, "MethodNotAllowed", "patch of a collection") }
        let key = ObjectKey(namespace: target.namespace ?? "", name: name)
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        if let version = patch["metadata"]?["resourceVersion"], version != old["metadata"]?["resourceVersion"] {
            return Answer.conflict(target)
        }
        return store(old.merged(with: patch), over: old, target, key, by: writer)
    }

    func replace(_ target: RequestTarget, _ body: JSONValue, by writer: Writer) -> HTTPResponse {
        guard let name = target.name else { return Answer.status(405, "MethodNotAllowed", "put of a collection") }
        let key = ObjectKey(namespace: target.namespace ?? "", name: name)
        guard let old = object(target.kind, key) else { return Answer.notFound(target) }
        guard body["metadata"]?["resourceVersion"] == old["metadata"]?["resourceVersion"] else {
            return Answer.conflict(target)
        }
        return store(body, over: old, target, key, by: writer)
    }

    /// Applies the parts of a write that its path may change, and stores the object if it differs.
    private func store(
        _ wanted: JSONValue, over old: JSONValue, _ target: RequestTarget, _ key: ObjectKey, by writer: Writer
    ) -> HTTPResponse {
        var new = old
        if target.subresource == "status" {
            guard target.kind.hasStatusSubresource else { return Answer.notServed }
            new["status"] = wanted["status"]
        } else {
            for member in wanted.objectValue ?? JSONObject() where member.key != "metadata" {
                if member.key == "status", target.kind.hasStatusSubresource { continue }
                new[member.key] = member.value
            }
            new[path: ["metadata", "labels"]] = wanted["metadata"]?["labels"]
            new[path: ["metadata", "annotations"]] = wanted["metadata"]?["annotations"]
            if wanted["metadata"]?["finalizers"] != old["metadata"]?["finalizers"] {
                return storeFinalizers(of: wanted, in: new, over: old, target, key, by: writer)
            }
            if new["spec"] != old["spec"] {
                let generation = old["metadata"]?["generation"]?.integerValue ?? 0
                new[path: ["metadata", "generation"]] = .integer(generation + 1)
            }
        }
        guard new != old else { return Answer.object(old.encoded) }
        return Answer.object(commit(.modified, target.kind, key, new, by: writer).encoded)
    }
}

extension JSONValue {
    /// Returns the value after a merge patch (RFC 7386).
    func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let members) = patch else { return patch }
        var result = objectValue ?? JSONObject()
        for member in members {
            if member.value.isNull {
                result[member.key] = nil
            } else {
                result[member.key] = (result[member.key] ?? .object(JSONObject())).merged(with: member.value)
            }
        }
        return .object(result)
    }
}
