import Engines
import KubeClient
import KubeRuntime
import WorkflowAPI

/// Verifies the runs of all unfinished executions against the API server, again and again.
///
/// The watch gives latency, the poll gives truth: a watch that is silently dead costs one interval, not an execution. Lists ask for
/// metadata only: a run whose version is the one in the cache is verified, and only the others are read.
struct RunPoller: Sendable {
    let client: KubeClient
    let executions: ExecutionCache
    let runs: [EngineName: RunCache]
    let queue: WorkQueue<ObjectKey>
    let interval: Duration
    let acrossNamespaces: Bool
    let time: any TimeSource
    let logger: Logger

    /// The most whole runs in one answer: the largest are some hundred kilobytes each.
    private static let fullReadSize = 25

    /// Polls until the task is cancelled.
    func run() async {
        while (try? await time.sleep(for: interval)) != nil {
            for request in plan().requests { await verify(request) }
        }
    }

    private func plan() -> PollPlan {
        let subjects = executions.unfinishedKeys.compactMap { key -> PollPlan.Subject? in
            // What has no run yet is the queue's business.
            guard let execution = executions.execution(for: key), execution.status.runRef != nil else { return nil }
            return PollPlan.Subject(
                engine: execution.engineName, namespace: key.namespace, executionUID: execution.uid)
        }
        return PollPlan(subjects: subjects, acrossNamespaces: acrossNamespaces)
    }

    /// Asks for the versions of some runs and reads those that the watch has not told about.
    private func verify(_ request: PollPlan.Request) async {
        guard let cache = runs[request.engine], cache.isFollowed else { return }
        do {
            let options = ListOptions(labelSelector: selector(request.executionUIDs), asMetadataOnly: true)
            let page = try await client.list(cache.engine.runType, namespace: request.namespace, options) {
                (cursor) throws(JSONError) in try cursor.readMetadata()
            }
            var missing = Set(request.executionUIDs)
            var behind: [String] = []
            for metadata in page.items {
                guard let uid = metadata.label(WellKnown.executionUIDLabel) else { continue }
                missing.remove(uid)
                if isBehind(cache, metadata) { behind.append(uid) }
            }
            for start in stride(from: 0, to: behind.count, by: Self.fullReadSize) {
                let batch = behind[start..<min(start + Self.fullReadSize, behind.count)]
                try await read(Array(batch), namespace: request.namespace, into: cache)
            }
            for uid in missing { doubt(uid, in: cache) }
        } catch {
            // Shutting down, or the engine is not installed, which its reflector tells.
            guard !error.isCancelled, !error.isPlainNotFound else { return }
            logger.warn(
                "Could not poll runs", ["engine": .own(request.engine.rawValue), "error": .foreign("\(error)")])
        }
    }

    private func selector(_ executionUIDs: [String]) -> String {
        "\(WellKnown.executionUIDLabel) in (\(executionUIDs.joined(separator: ",")))"
    }

    private func isBehind(_ cache: RunCache, _ metadata: ObjectMetadata) -> Bool {
        guard let known = cache.stores.object(for: metadata.key), known.uid == metadata.uid else { return true }
        return metadata.resourceVersion.isNewer(than: known.resourceVersion)
    }

    /// Reads whole runs, and has their executions looked at.
    private func read(_ executionUIDs: [String], namespace: String?, into cache: RunCache) async throws(KubeError) {
        let options = ListOptions(labelSelector: selector(executionUIDs))
        let page = try await client.list(
            cache.engine.runType, namespace: namespace, options, decoding: cache.engine.runDecoder)
        for run in page.items {
            cache.apply(run)
            if let uid = run.executionUID { wake(uid) }
        }
    }

    /// A run that should exist was not listed: let the reconciler ask for it by name.
    private func doubt(_ uid: String, in cache: RunCache) {
        guard let key = executions.unfinishedExecution(withUID: uid),
            let reference = executions.execution(for: key)?.status.runRef
        else { return }
        cache.suspect(ObjectKey(namespace: key.namespace, name: reference.name))
        wake(uid)
    }

    private func wake(_ uid: String) {
        guard let key = executions.unfinishedExecution(withUID: uid) else { return }
        queue.add(key)
    }
}

extension JSONCursor {
    /// Reads the metadata of a listed run, from an answer that holds nothing else or the whole object.
    fileprivate mutating func readMetadata() throws(JSONError) -> ObjectMetadata {
        var metadata = ObjectMetadata()
        try forEachField { (key, cursor) throws(JSONError) in
            guard key == "metadata" else {
                try cursor.skipValue()
                return
            }
            metadata = try ObjectMetadata(&cursor)
        }
        return metadata
    }
}
