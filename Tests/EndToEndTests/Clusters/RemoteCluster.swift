import APIServer
import KubeClient

/// Lets the simulated engines act on a real API server.
///
/// A test's control plane has no engines, so the simulated ones write what real ones would.
struct RemoteCluster: SandboxCluster {
    let client: KubeClient

    private func type(_ resource: GroupVersionResource) -> ResourceType {
        ResourceType(group: resource.group, version: resource.version, plural: resource.resource, kind: "")
    }

    /// Retries until the API server is ready, since engines must survive its restarts; writes may be repeated.
    private func calling<Result>(
        _ call: () async throws(KubeError) -> Result
    ) async throws(StatusError) -> Result {
        while true {
            do {
                return try await call()
            } catch {
                if error.isPassing, (try? await Task.sleep(for: .milliseconds(300))) != nil { continue }
                let status = error.status
                throw StatusError(
                    code: error.code ?? 503, reason: status?.reason ?? "ServiceUnavailable",
                    message: status?.message ?? "\(error)")
            }
        }
    }

    func serves(_ resource: GroupVersionResource) async -> Bool {
        let names = try? await client.servedResources(group: resource.group, version: resource.version)
        return names?.contains(resource.resource) ?? false
    }

    func get(_ resource: GroupVersionResource, namespace: String, name: String) async throws(StatusError) -> JSONValue {
        try await calling { () throws(KubeError) in
            try await client.get(
                type(resource), ObjectKey(namespace: namespace, name: name), decoding: ClusterAccess.tree)
        }
    }

    func list(
        _ resource: GroupVersionResource, namespace: String?, labelSelector: String
    ) async throws(StatusError) -> [JSONValue] {
        try await calling { () throws(KubeError) in
            let options = ListOptions(labelSelector: labelSelector.isEmpty ? nil : labelSelector)
            return try await client.list(type(resource), namespace: namespace, options, decoding: ClusterAccess.tree)
                .items
        }
    }

    func create(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        try await calling { () throws(KubeError) in
            try await client.create(
                type(resource), namespace: namespace, body: object.encoded, WriteOptions(fieldManager: fieldManager),
                decoding: ClusterAccess.tree)
        }
    }

    func update(
        _ resource: GroupVersionResource, namespace: String, _ object: JSONValue, subresource: String?,
        fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        let name = object[path: ["metadata", "name"]]?.stringValue ?? ""
        return try await calling { () throws(KubeError) in
            try await client.replace(
                type(resource), ObjectKey(namespace: namespace, name: name), subresource: subresource,
                body: object.encoded, WriteOptions(fieldManager: fieldManager), decoding: ClusterAccess.tree)
        }
    }

    func patch(
        _ resource: GroupVersionResource, namespace: String, name: String, merge patch: JSONValue,
        subresource: String?, fieldManager: String
    ) async throws(StatusError) -> JSONValue {
        try await calling { () throws(KubeError) in
            try await client.patch(
                type(resource), ObjectKey(namespace: namespace, name: name), subresource: subresource,
                .merge(patch.encoded), WriteOptions(fieldManager: fieldManager), decoding: ClusterAccess.tree)
        }
    }

    func delete(
        _ resource: GroupVersionResource, namespace: String, name: String, uid: String?
    ) async throws(StatusError) {
        try await calling { () throws(KubeError) in
            try await client.delete(
                type(resource), ObjectKey(namespace: namespace, name: name),
                DeleteOptions(uid: uid, propagation: .background))
        }
    }

    func changes(
        of resource: GroupVersionResource, namespace: String?
    ) -> AsyncThrowingStream<ObjectChange, any Error> {
        let feed = RemoteChanges(client: client, type: type(resource), namespace: namespace)
        return AsyncThrowingStream { try await feed.next() }
    }

    /// Does nothing: without a kubelet there are no logs.
    func appendLog(_ text: String, namespace: String, pod: String, container: String) async {}
}

extension KubeError {
    /// Whether the API server is unreachable or not yet ready.
    fileprivate var isPassing: Bool {
        if case .transport = self { return true }
        return code.map { $0 == 429 || $0 >= 500 } ?? false
    }
}

/// The changes of one resource, from a list followed by a watch.
private actor RemoteChanges {
    private let client: KubeClient
    private let type: ResourceType
    private let namespace: String?
    private var pending: [ObjectChange] = []
    private var version: ResourceVersion?
    private var watch: WatchStream<JSONValue>?

    init(client: KubeClient, type: ResourceType, namespace: String?) {
        self.client = client
        self.type = type
        self.namespace = namespace
    }

    func next() async throws -> ObjectChange? {
        while !Task.isCancelled {
            if !pending.isEmpty { return pending.removeFirst() }
            guard let version else {
                try await list()
                continue
            }
            if watch == nil {
                watch = try await client.watch(
                    type, namespace: namespace, WatchOptions(start: .after(version)), decoding: ClusterAccess.tree)
            }
            guard var open = watch, let event = try await open.next() else {
                watch = nil
                continue
            }
            watch = open
            try take(event)
        }
        return nil
    }

    private func list() async throws {
        let page = try await client.list(type, namespace: namespace, decoding: ClusterAccess.tree)
        version = page.resourceVersion
        pending = page.items.map { .added($0) } + [.synced]
    }

    private func take(_ event: WatchEvent<JSONValue>) throws {
        switch event {
        case .added(let object): move(.added(object), object)
        case .modified(let object): move(.modified(object), object)
        case .deleted(let object): move(.deleted(object), object)
        case .bookmark(let version, _): self.version = version
        case .failed(let status): throw StatusError(code: status.code, reason: status.reason, message: status.message)
        case .undecodable, .undecodableDeletion: break
        }
    }

    private func move(_ change: ObjectChange, _ object: JSONValue) {
        pending.append(change)
        if let text = object[path: ["metadata", "resourceVersion"]]?.stringValue { version = ResourceVersion(text) }
    }
}
