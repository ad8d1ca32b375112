import KubeClient
import TestSupport

@testable import KubeRuntime

/// An API server in memory that serves custom resources of the group `example.dev`, with lists, watches and status patches.
final class WidgetServer: HTTPTransport {
    private struct State {
        /// By path.
        var objects: [String: JSONValue] = [:]
        var version = 10
        var watches: [(path: String, body: FakeBody)] = []
        var patches: [String] = []
        /// Patches of paths that contain this text fail.
        var failing: String?
        /// Requests of this namespace are forbidden.
        var forbidden: String?
        /// The plural of a type that is not served.
        var missing: String?
        /// Patches of paths that contain this text wait for the latch.
        var hold: (text: String, latch: Latch)?
    }

    private let state = Locked(State())

    /// The paths of all status patches so far.
    var patches: [String] { state.withLock { $0.patches } }

    func fail(patchesOf text: String?) { state.withLock { $0.failing = text } }
    func forbid(namespace: String?) { state.withLock { $0.forbidden = namespace } }
    func stopServing(_ plural: String?) { state.withLock { $0.missing = plural } }
    func hold(patchesOf text: String = "/", until latch: Latch?) {
        state.withLock { $0.hold = latch.map { (text, $0) } }
    }

    func status(_ type: ResourceType, _ name: String, in namespace: String = "ns") -> JSONValue? {
        state.withLock { $0.objects[type.path(namespace: namespace, name: name)]?["status"] }
    }

    /// Creates an object, or changes its spec.
    func put(_ type: ResourceType, _ name: String, in namespace: String = "ns", spec: JSONValue) {
        let path = type.path(namespace: namespace, name: name)
        state.withLock { state in
            var object =
                state.objects[path] ?? [
                    "metadata": [
                        "name": .string(name), "namespace": .string(namespace), "uid": .string("uid-\(name)"),
                    ]
                ]
            object["spec"] = spec
            Self.store(object, at: path, in: &state)
        }
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let path = String(request.target.prefix { $0 != "?" })
        guard request.method == .patch else { return state.withLock { Self.read(path, in: $0) } }
        let hold = state.withLock { state in
            state.patches.append(path)
            return state.hold.flatMap { path.contains($0.text) ? $0.latch : nil }
        }
        await hold?.wait()
        if Task.isCancelled { throw TransportError(.cancelled, "canceled") }
        let patch = try? JSONValue(parsing: request.body)
        return state.withLock { state in
            if let failing = state.failing, path.contains(failing) { return HTTPResponse(status: 500) }
            let key = String(path.dropLast("/status".count))
            guard var object = state.objects[key], let patch else { return HTTPResponse(status: 400) }
            object["status"] = patch["status"]
            return HTTPResponse(status: 200, body: Self.store(object, at: key, in: &state).encoded)
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        let path = String(request.target.prefix { $0 != "?" })
        let body = FakeBody()
        let refusal = state.withLock { state in
            state.watches.append((path, body))
            return Self.refusal(path, in: state)
        }
        if refusal != nil { body.end() }
        return HTTPStream(status: refusal?.status ?? 200, body: body)
    }

    private static func read(_ path: String, in state: State) -> HTTPResponse {
        if let refusal = refusal(path, in: state) { return refusal }
        let items = state.objects.filter { matches($0.key, path) }.map(\.value)
        let list: JSONValue = [
            "metadata": ["resourceVersion": .string("\(state.version)")], "items": .array(items),
        ]
        return HTTPResponse(status: 200, body: list.encoded)
    }

    private static func refusal(_ path: String, in state: State) -> HTTPResponse? {
        if let namespace = state.forbidden, path.contains("/namespaces/\(namespace)/") {
            return HTTPResponse(status: 403)
        }
        if let plural = state.missing, path.hasSuffix("/\(plural)") {
            return HTTPResponse(status: 404, body: Array("404 page not found".utf8))
        }
        return nil
    }

    @discardableResult
    private static func store(_ object: JSONValue, at path: String, in state: inout State) -> JSONValue {
        var object = object
        state.version += 1
        object[path: ["metadata", "resourceVersion"]] = .string("\(state.version)")
        let event: JSONValue = ["type": state.objects[path] == nil ? "ADDED" : "MODIFIED", "object": object]
        state.objects[path] = object
        for watch in state.watches where matches(path, watch.path) { watch.body.push(event.encodedString + "\n") }
        return object
    }

    /// True if the object at `path` belongs to a collection.
    private static func matches(_ path: String, _ collection: String) -> Bool {
        let parts = path.split(separator: "/")
        let scoped = "/" + parts.dropLast().joined(separator: "/")
        let all = "/" + (parts.prefix(3) + parts.dropFirst(5).prefix(1)).joined(separator: "/")
        return collection == scoped || collection == all
    }
}
