import KubeClient
import KubeRuntime
import TowlineAPI

/// Tells whether the cache of executions knows everything that was written before this process took over.
///
/// A standby's watch may have fallen behind what the former leader wrote. So a new leader asks once for the version of
/// the collection, by a list of one object, and until its cache has observed that version each execution is read itself
/// before it is decided upon. Runs need no fence: nothing irreversible is decided on a cached run.
final class TakeoverFence: Sendable {
    /// Set once the cache is that new.
    let passed = Latch()
    private let client: KubeClient
    private let executions: ExecutionCache
    private let time: any TimeSource
    private let logger: Logger

    init(client: KubeClient, executions: ExecutionCache, time: any TimeSource, logger: Logger) {
        self.client = client
        self.executions = executions
        self.time = time
        self.logger = logger
    }

    /// Asks and waits until the cache has caught up, or the task is cancelled.
    func run() async {
        for (namespace, store) in executions.stores.scopes {
            guard let version = await currentVersion(in: namespace) else { return }
            let isObserved = Latch()
            let token = store.whenObserved(version) { isObserved.set() }
            await isObserved.wait()
            store.cancel(token)
            guard !Task.isCancelled else { return }
        }
        passed.set()
    }

    /// Asks until there is an answer; nil when the task was cancelled.
    private func currentVersion(in namespace: String?) async -> ResourceVersion? {
        var attempt = 1
        while !Task.isCancelled {
            do {
                let options = ListOptions(limit: 1, version: .mostRecent, asMetadataOnly: true)
                let page = try await client.list(WorkflowExecution.resourceType, namespace: namespace, options) {
                    (cursor) throws(JSONError) in try cursor.skipValue()
                }
                return page.resourceVersion
            } catch {
                // Where the type is not served, its reflector says so.
                if !error.isPlainNotFound, !error.isCancelled {
                    logger.warn("Could not ask how new the executions are", ["error": .foreign("\(error)")])
                }
            }
            try? await time.sleep(for: Backoff.reflector.ceiling(attempt: attempt))
            attempt += 1
        }
        return nil
    }
}
