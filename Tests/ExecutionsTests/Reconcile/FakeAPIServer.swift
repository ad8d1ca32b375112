import KubeClient

/// An API server in memory that knows what a reconciliation needs: objects by path, creates and merge patches.
final class FakeAPIServer: HTTPTransport {
    private struct State {
        var objects: [String: JSONValue] = [:]
        var version: Int64 = 0
        var requests: [String] = []
        var answers: [HTTPResponse] = []
        var losesPatch = false
        var refusesStops = false
        var clock: (@Sendable () -> ServerTime)?
        var deletionRefusal: (code: Int, reason: String)?
        var beforeDeletion: (@Sendable () -> Void)?
        var collections: [String: [JSONValue]] = [:]
        var expiringPages = 0
    }

    private let state = Locked(State())

    /// All requests so far, as `METHOD path`.
    var requests: [String] { state.withLock { $0.requests } }

    /// The object at a path.
    func object(_ path: String) -> JSONValue? { state.withLock { $0.objects[path] } }

    /// The objects of a type in all namespaces, in the order of their paths.
    func objects(of plural: String) -> [JSONValue] {
        state.withLock { state in
            state.objects.filter { $0.key.contains("/\(plural)/") }.sorted { $0.key < $1.key }.map(\.value)
        }
    }

    /// Removes an object as somebody else's deletion; returns its last version.
    func remove(_ path: String) -> JSONValue? {
        state.withLock { state in
            guard var object = state.objects.removeValue(forKey: path) else { return nil }
            state.version += 1
            object[path: ["metadata", "resourceVersion"]] = .string(String(state.version))
            return object
        }
    }

    /// The version of the last change.
    var version: Int64 { state.withLock { $0.version } }

    /// What the next create is answered with instead of being carried out.
    func answerNextCreate(_ response: HTTPResponse) { state.withLock { $0.answers.append(response) } }

    /// Carries out the next patch, loses the answer, and answers as to the patch that is sent again for that.
    func loseNextPatch() { state.withLock { $0.losesPatch = true } }

    /// Refuses patches of runs, such as requests to stop them, until further notice.
    func refuseStops() { state.withLock { $0.refusesStops = true } }

    /// What every deletion is answered with instead of being carried out; nil carries it out.
    func refuseDeletions(_ refusal: (code: Int, reason: String)?) { state.withLock { $0.deletionRefusal = refusal } }

    /// Has answers carry a `Date` by this clock.
    func tellTime(_ clock: @escaping @Sendable () -> ServerTime) { state.withLock { $0.clock = clock } }

    /// What happens just before the next deletion is carried out.
    func beforeNextDeletion(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.beforeDeletion = action } }

    /// Answers lists of a collection with these items, page by page.
    func serve(_ items: [JSONValue], at path: String) { state.withLock { $0.collections[path] = items } }

    /// Answers the next requests for a further page of a list with "expired".
    func expireNextPages(_ count: Int) { state.withLock { $0.expiringPages = count } }

    /// Stores an object as somebody else's write.
    @discardableResult
    func store(_ object: JSONValue, at path: String) -> JSONValue {
        state.withLock { Self.store(object, at: path, in: &$0) }
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        var response = carryOut(request)
        if let clock = state.withLock({ $0.clock }) { response.headers.append("Date", clock().httpDate) }
        return response
    }

    private func carryOut(_ request: HTTPRequest) -> HTTPResponse {
        let target = String(request.target.prefix { $0 != "?" })
        let path = target.hasSuffix("/status") ? String(target.dropLast(7)) : target
        let body = (try? JSONValue(parsing: request.body)) ?? .null
        if request.method == .delete { takeBeforeDeletion()?() }
        return state.withLock { state in
            state.requests.append("\(request.method.rawValue) \(target)")
            switch request.method {
            case .post: return Self.create(body, in: path, &state)
            case .patch:
                guard let old = state.objects[path] else { return Self.missing(path) }
                if state.refusesStops, body["spec"] != nil { return Self.failure(403, "Forbidden", path) }
                let stored = Self.store(Self.merge(body, into: old), at: path, in: &state)
                guard state.losesPatch else { return Self.answer(stored, 200) }
                state.losesPatch = false
                return Self.answer(["kind": "Status", "status": "Failure", "reason": "Conflict", "code": 409], 409)
            case .delete: return Self.delete(body, at: path, &state)
            case .get where state.collections[path] != nil: return Self.list(request.target, path, &state)
            default:
                guard let object = state.objects[path] else { return Self.missing(path) }
                return Self.answer(object, 200)
            }
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        throw TransportError(.unreachable, "nothing is watched here")
    }

    private func takeBeforeDeletion() -> (@Sendable () -> Void)? {
        state.withLock { state in
            defer { state.beforeDeletion = nil }
            return state.beforeDeletion
        }
    }

    private static func delete(_ options: JSONValue, at path: String, _ state: inout State) -> HTTPResponse {
        guard let object = state.objects[path] else { return missing(path) }
        let name = object[path: ["metadata", "name"]]?.stringValue ?? ""
        if let (code, reason) = state.deletionRefusal { return failure(code, reason, name) }
        for field in ["uid", "resourceVersion"] {
            if let wanted = options["preconditions"]?[field], wanted != object[path: ["metadata", field]] {
                return failure(409, "Conflict", name)
            }
        }
        state.objects[path] = nil
        return answer(object, 200)
    }

    private static func create(_ object: JSONValue, in path: String, _ state: inout State) -> HTTPResponse {
        if !state.answers.isEmpty { return state.answers.removeFirst() }
        let name = object[path: ["metadata", "name"]]?.stringValue ?? ""
        let place = "\(path)/\(name)"
        guard state.objects[place] == nil else { return failure(409, "AlreadyExists", name) }
        var object = object
        object[path: ["metadata", "uid"]] = .string("aaaaaaaa-0000-4000-8000-\(100_000_000_000 + state.version)")
        return answer(store(object, at: place, in: &state), 201)
    }

    private static func store(_ object: JSONValue, at path: String, in state: inout State) -> JSONValue {
        var object = object
        state.version += 1
        object[path: ["metadata", "resourceVersion"]] = .string(String(state.version))
        state.objects[path] = object
        return object
    }

    /// A page of a collection; the token for the next one is where it begins.
    private static func list(_ target: String, _ path: String, _ state: inout State) -> HTTPResponse {
        let items = state.collections[path] ?? []
        var query: [String: Int] = [:]
        for pair in target.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
            let parts = pair.split(separator: "=")
            if parts.count == 2 { query[String(parts[0])] = Int(parts[1]) }
        }
        let start = query["continue"] ?? 0
        if start > 0, state.expiringPages > 0 {
            state.expiringPages -= 1
            return failure(410, "Expired", "")
        }
        let end = min(items.count, start + (query["limit"] ?? items.count))
        let token = end < items.count ? String(end) : ""
        return answer(
            [
                "kind": "List", "metadata": ["resourceVersion": "1", "continue": .string(token)],
                "items": .array(Array(items[min(start, end)..<end])),
            ], 200)
    }

    private static func missing(_ path: String) -> HTTPResponse {
        failure(404, "NotFound", path.split(separator: "/").last.map(String.init) ?? "")
    }

    /// What every refusal quotes of the object.
    static let quoted = "hunter22-in-a-parameter"

    private static func failure(_ code: Int, _ reason: String, _ name: String) -> HTTPResponse {
        answer(
            [
                "kind": "Status", "reason": .string(reason), "message": .string("\(name): \(reason): \(quoted)"),
                "details": ["name": .string(name)], "code": .integer(Int64(code)),
            ], code)
    }

    private static func answer(_ object: JSONValue, _ status: Int) -> HTTPResponse {
        HTTPResponse(status: status, body: object.encoded)
    }

    /// RFC 7386.
    private static func merge(_ patch: JSONValue, into old: JSONValue) -> JSONValue {
        guard let members = patch.objectValue else { return patch }
        var result = old.objectValue ?? JSONObject()
        for member in members {
            result[member.key] = member.value == .null ? nil : merge(member.value, into: result[member.key] ?? .null)
        }
        return .object(result)
    }
}
