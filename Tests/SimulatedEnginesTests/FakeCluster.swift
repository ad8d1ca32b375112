import KubeClient

@testable import APIServer
@testable import Schema
@testable import SimulatedEngines

/// An in-memory cluster that records every version of every object, as a watch would deliver them.
///
/// It implements what the simulated engines need: UIDs, generations, status subresources, and merge patches.
final class FakeCluster: SandboxCluster {
    struct Place: Hashable {
        let resource: String
        let namespace: String
        let name: String
    }

    private struct State {
        var objects: [Place: JSONValue] = [:]
        var lives: [Place: [JSONValue]] = [:]
        var logs: [String: String] = [:]
        var version: Int64 = 0
        var refusals: [String: [StatusError]] = [:]
        var watchers: [Int: (GroupVersionResource, AsyncThrowingStream<ObjectChange, any Error>.Continuation)] = [:]
    }

    private let clock: WallClock
    private let state = Locked(State())
    private let unserved: Set<String>

    init(clock: WallClock, unserved: Set<String> = []) {
        self.clock = clock
        self.unserved = unserved
    }

    /// Refuses the next creates of a resource, one with each error.
    func refuse(_ resource: String, _ errors: [StatusError]) {
        state.withLock { $0.refusals[resource] = errors }
    }

    /// Every version of an object since its creation.
    func life(_ resource: String, _ name: String, namespace: String = "payments") -> [JSONValue] {
        state.withLock { $0.lives[Place(resource: resource, namespace: namespace, name: name)] ?? [] }
    }

    func names(_ resource: String) -> [String] {
        state.withLock { state in state.lives.keys.filter { $0.resource == resource }.map(\.name).sorted() }
    }

    func log(pod: String, container: String) -> String { state.withLock { $0.logs["\(pod)/\(container)"] ?? "" } }

    func serves(_ resource: GroupVersionResource) async -> Bool { !unserved.contains(resource.resource) }

    func get(_ resource: GroupVersionResource, namespace: String, name: String) async throws(StatusError) -> JSONValue {
        let place = Place(resource: resource.resource, namespace: namespace, name: name)
        guard let object = state.withLock({ $0.objects[place] }) else {
            throw .notFound(resource.groupResource, name)
        }
        return object
    }

    func list(
        _ resource: GroupVersionResource, namespace: String?, labelSelector: String
    ) async throws(StatusError) -> [JSONValue] {
        state.withLock { state in
            state.objects.filter {
                $0.key.resource == resource.resource && $0.key.namespace == namespace ?? $0.key.namespace
            }
            .values.sorted { $0.metadata.text("name") < $1.metadata.text("name") }
        }
    }

    @discardableResult
    func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        let refusal = state.withLock { state -> StatusError? in
            guard state.refusals[resource.resource]?.isEmpty == false else { return nil }
            return state.refusals[resource.resource]?.removeFirst()
        }
        if let refusal { throw refusal }
        var object = object
        let place = Place(resource: resource.resource, namespace: namespace, name: object.metadata.text("name"))
        object[path: ["metadata", "namespace"]] = namespace.isEmpty ? nil : .string(namespace)
        object[path: ["metadata", "creationTimestamp"]] = .string(clock.now().rfc3339)
        object[path: ["metadata", "generation"]] = 1
        let stored: JSONValue? = state.withLock { [object] state in
            guard state.objects[place] == nil else { return nil }
            var object = object
            object[path: ["metadata", "uid"]] = .string("uid-\(state.version + 1)")
            store(object, at: place, resource, isNew: true, in: &state)
            return state.objects[place]
        }
        guard let stored else { throw .alreadyExists(resource.groupResource, place.name) }
        return stored
    }

    @discardableResult
    func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        throw .methodNotAllowed("update")
    }

    @discardableResult
    func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        let place = Place(resource: resource.resource, namespace: namespace, name: name)
        let hasStatusSubresource = resource.group != "argoproj.io"
        let result: JSONValue? = state.withLock { state in
            guard let old = state.objects[place] else { return nil }
            var new = MergePatch.apply(patch, to: old)
            if subresource == "status" {
                let status = new["status"]
                new = old
                new["status"] = status
            } else if hasStatusSubresource {
                new["status"] = old["status"]
            }
            if new == old { return old }
            let changesSpec = new["spec"] != old["spec"] || (!hasStatusSubresource && new["status"] != old["status"])
            if changesSpec {
                let generation = old.metadata["generation"]?.integerValue ?? 0
                new[path: ["metadata", "generation"]] = .integer(generation + 1)
            }
            store(new, at: place, resource, isNew: false, in: &state)
            return state.objects[place]
        }
        guard let result else { throw .notFound(resource.groupResource, name) }
        return result
    }

    func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) async throws(StatusError) {
        let place = Place(resource: resource.resource, namespace: namespace, name: name)
        state.withLock { state in
            guard let object = state.objects.removeValue(forKey: place) else { return }
            for (wanted, continuation) in state.watchers.values where wanted == resource {
                continuation.yield(.deleted(object))
            }
        }
    }

    func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error> {
        let (stream, continuation) = AsyncThrowingStream<ObjectChange, any Error>.makeStream()
        state.withLock { state in
            for (place, object) in state.objects where place.resource == resource.resource {
                continuation.yield(.added(object))
            }
            continuation.yield(.synced)
            state.watchers[state.watchers.count] = (resource, continuation)
        }
        return stream
    }

    func appendLog(_ text: String, namespace: String, pod: String, container: String) async {
        state.withLock { $0.logs["\(pod)/\(container)", default: ""] += text }
    }

    private func store(
        _ object: JSONValue, at place: Place, _ resource: GroupVersionResource, isNew: Bool, in state: inout State
    ) {
        var object = object
        state.version += 1
        object[path: ["metadata", "resourceVersion"]] = .string(String(state.version))
        state.objects[place] = object
        state.lives[place, default: []].append(object)
        for (wanted, continuation) in state.watchers.values where wanted == resource {
            continuation.yield(isNew ? .added(object) : .modified(object))
        }
    }
}
