import KubeClient

/// Reads the objects of a resource and then their changes, for code inside the sandbox.
actor ChangeFeed {
    private static let batch = 256

    private let cluster: Cluster
    private let resource: GroupVersionResource
    private let namespace: String?
    private var pending: ArraySlice<ObjectChange> = []
    /// The revision that has been told; nil before the first read.
    private var revision: Int64?

    init(_ cluster: Cluster, _ resource: GroupVersionResource, namespace: String?) {
        self.cluster = cluster
        self.resource = resource
        self.namespace = namespace
    }

    func next() async throws -> ObjectChange? {
        while true {
            if let change = pending.popFirst() { return change }
            if Task.isCancelled || cluster.storage.isShutDown { return nil }
            let served = try cluster.served(resource)
            guard let revision else {
                try readAll(served)
                continue
            }
            try readChanges(served, after: revision)
            if pending.isEmpty, let revision = self.revision {
                await cluster.storage.waitForChange(in: served.stored.resource, after: revision)
            }
        }
    }

    private func readAll(_ served: ServedResource) throws {
        let snapshot = try cluster.storage.snapshot(served.stored.resource)
        let records = namespace.map { snapshot.records.slice(inNamespace: $0) } ?? snapshot.records[...]
        pending = try records.map { ObjectChange.added(try cluster.object($0, as: served)) }[...] + [.synced]
        revision = snapshot.revision
    }

    private func readChanges(_ served: ServedResource, after revision: Int64) throws {
        do {
            let (events, through) = try cluster.storage.events(
                served.stored.resource, after: revision, limit: Self.batch)
            self.revision = through
            for event in events where namespace == nil || event.record.namespace == namespace {
                let object = try cluster.object(event.record, as: served)
                switch event.kind {
                case .created: pending.append(.added(object))
                case .modified: pending.append(.modified(object))
                case .deleted: pending.append(.deleted(object))
                }
            }
        } catch is StorageError {
            throw StatusError.expired("too old resource version: \(revision)")
        }
    }
}
