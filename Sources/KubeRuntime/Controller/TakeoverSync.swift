public import KubeClient

/// Reports when a new leader's cache holds everything that its predecessor wrote.
///
/// The watch of a standby may lag behind the former leader's writes. The new leader therefore lists one object, for the
/// collection's current version, and waits until its cache has observed that version. Until then it must read each
/// object from the API server before it decides anything about it.
public final class TakeoverSync: Sendable {
    private struct Cache: Sendable {
        let namespace: String?
        /// Waits until the cache has observed a version, or the task is canceled.
        let wait: @Sendable (ResourceVersion) async -> Void
    }

    let caughtUp = Latch()
    private let type: ResourceType
    private let caches: [Cache]
    private let client: KubeClient
    private let time: any TimeSource
    private let logger: Logger

    /// - Parameter stores: the caches of the objects that the controller reconciles.
    public init<Object>(_ type: ResourceType, _ stores: ScopedStores<Object>, managedBy manager: ControllerManager) {
        self.type = type
        caches = stores.scopes.map { namespace, store in
            Cache(namespace: namespace) { version in
                let isObserved = Latch()
                let token = store.whenObserved(version) { isObserved.set() }
                await isObserved.wait()
                store.cancel(token)
            }
        }
        client = manager.client
        time = manager.time
        logger = manager.logger(for: type)
    }

    /// True once the caches hold everything that was written before this process became the leader.
    public var isCaughtUp: Bool { caughtUp.isSet }

    /// Waits until the caches have caught up, or the task is canceled.
    func run() async {
        for cache in caches {
            guard let version = await currentVersion(in: cache.namespace) else { return }
            await cache.wait(version)
            guard !Task.isCancelled else { return }
        }
        caughtUp.set()
    }

    /// The current version of the collection, requested until the server responds; nil if the task was canceled.
    private func currentVersion(in namespace: String?) async -> ResourceVersion? {
        var attempt = 1
        while !Task.isCancelled {
            do {
                let options = ListOptions(limit: 1, version: .mostRecent, asMetadataOnly: true)
                let page = try await client.list(type, namespace: namespace, options) {
                    (cursor) throws(JSONError) in try cursor.skipValue()
                }
                return page.resourceVersion
            } catch {
                // If the type is not served, its reflector reports that.
                if !error.isPlainNotFound, !error.isCancelled {
                    logger.warn(
                        "Could not read the current version of the collection; retrying",
                        ["resource": .own(type.qualifiedName), "error": .foreign("\(error)")])
                }
            }
            try? await time.sleep(for: Backoff.reflector.ceiling(attempt: attempt))
            attempt += 1
        }
        return nil
    }
}
