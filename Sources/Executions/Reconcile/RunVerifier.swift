import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

/// Sends the requests of a ``VerificationPlan`` for the runs of one engine, in one namespace or in all.
///
/// Watches report changes fast, but a watch can fail silently. Polling ensures that the end of a run is seen at most
/// one interval later. Reads and lists are consistent, because a stale response proves nothing. They request metadata
/// only; a whole run is read only if its version differs from the cached one.
struct RunVerifier: Sendable {
    let client: KubeClient
    let cache: RunCache
    let lane: VerificationLane
    let time: any TimeSource
    let logger: Logger
    /// Queues an execution.
    let wake: @Sendable (ObjectKey) -> Void

    init(
        client: KubeClient, cache: RunCache, lane: VerificationLane, time: any TimeSource, logger: Logger,
        wake: @escaping @Sendable (ObjectKey) -> Void
    ) {
        var client = client
        // The plan decides about retries.
        client.retry.limit = 0
        self.client = client
        self.cache = cache
        self.lane = lane
        self.time = time
        self.logger = logger
        self.wake = wake
    }

    /// Verifies runs until the task is canceled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                switch lane.next(time.now, stored: cache.storedCount(in: lane.namespace)) {
                case .send(let ticket): group.addTask { await self.perform(ticket) }
                case .wait(let until): await lane.wait(until: until, time)
                }
            }
        }
    }

    private func perform(_ ticket: VerificationPlan.Ticket) async {
        let (answer, _) = await time.run(for: ticket.bound) { await ask(ticket) }
        let findings = lane.receive(answer ?? .failed(.other(retryAfter: nil)), for: ticket, time.now)
        for finding in findings {
            if finding.kind == .missing {
                cache.suspect(finding.run)
                // The execution may have ended or been deleted in the meantime, and nothing would remove the mark later.
                if !lane.isTracking(finding.run) { cache.clear(finding.run) }
            }
            wake(finding.execution)
        }
    }

    private func ask(_ ticket: VerificationPlan.Ticket) async -> VerificationPlan.Answer {
        var client = client
        client.requestTimeout = ticket.bound
        do {
            switch ticket.request {
            case .metadata(let run):
                let metadata = try await client.get(cache.engine.runType, run, asMetadataOnly: true) {
                    (cursor) throws(JSONError) in try cursor.readMetadata()
                }
                return .sighted(sighting(of: run, uid: metadata.uid, metadata.resourceVersion))
            case .run(let run, let version):
                let sighting = sighting(of: run, uid: nil, version)
                guard case .behind = sighting else { return .sighted(sighting) }
                cache.apply(try await client.get(cache.engine.runType, run, decoding: cache.engine.runDecoder))
                return .read
            case .page(let token, let limit):
                return try await page(token, limit, client)
            }
        } catch {
            return answer(to: error, ticket)
        }
    }

    private func page(_ token: String?, _ limit: Int, _ client: KubeClient) async throws(KubeError)
        -> VerificationPlan.Answer
    {
        let options = ListOptions(
            labelSelector: WellKnown.executionUIDLabel, limit: limit, continueToken: token, version: .mostRecent,
            asMetadataOnly: true)
        let page = try await client.list(cache.engine.runType, namespace: lane.namespace, options) {
            (cursor) throws(JSONError) in try cursor.readMetadata()
        }
        var sightings: [ObjectKey: VerificationPlan.Sighting] = [:]
        var isWhole = true
        for metadata in page.items + page.undecodable.map(\.metadata) {
            if metadata.name.isEmpty || metadata.namespace.isEmpty { isWhole = false }
            sightings[metadata.key] = sighting(of: metadata.key, uid: metadata.uid, metadata.resourceVersion)
        }
        return .page(
            sightings, next: page.continueToken, isWhole: isWhole, recommended: page.recommendedLimit)
    }

    /// Compares the version on the API server with the cached one.
    ///
    /// - Parameter uid: nil if any run with this name counts.
    private func sighting(of run: ObjectKey, uid: String?, _ version: ResourceVersion) -> VerificationPlan.Sighting {
        guard let known = cache.stores.object(for: run), uid == nil || known.uid == uid else { return .behind(version) }
        let order = known.resourceVersion.order(relativeTo: version)
        // Versions that cannot be ordered can still be equal.
        guard order == .newer || known.resourceVersion == version else { return .behind(version) }
        return known.state.isFinished ? .ended : .current
    }

    private func answer(to error: KubeError, _ ticket: VerificationPlan.Ticket) -> VerificationPlan.Answer {
        switch ticket.request {
        case .metadata(let run), .run(let run, _):
            if error.isNotFoundObject(named: run.name) { return .missing }
            if case .undecodable = error { return .unreadable }
        case .page: break
        }
        // The process is shutting down, or the engine is not installed, which its reflector reports.
        if error.isCancelled, Task.isCancelled { return .failed(.other(retryAfter: nil)) }
        if error.isPlainNotFound { return .failed(.notServed) }
        logger.warn(
            "Could not verify runs; retrying",
            ["engine": .own(cache.engine.name.rawValue), "error": .foreign("\(error)")])
        if error.isExpired { return .failed(.expired) }
        if case .transport(let failure) = error, failure.kind == .tooLarge || failure.kind == .timedOut {
            return .failed(.tooMuch)
        }
        return .failed(.other(retryAfter: error.retryAfter))
    }
}

extension JSONCursor {
    /// Reads the metadata of a run, from a metadata-only response or from a whole object.
    fileprivate mutating func readMetadata() throws(JSONError) -> ObjectMetadata {
        var metadata = ObjectMetadata()
        try forEachField { (key, cursor) throws(JSONError) in
            if key == "metadata" {
                metadata = try ObjectMetadata(&cursor)
            } else {
                try cursor.skipValue()
            }
        }
        return metadata
    }
}
