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
                    (cursor) throws(JSONError) in try SightedRun(&cursor)
                }
                return .sighted(sighting(of: run, uid: metadata.uid, metadata.version))
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
            (cursor) throws(JSONError) in try SightedRun(&cursor)
        }
        var sightings: [ObjectKey: VerificationPlan.Sighting] = [:]
        var isWhole = true
        for run in page.items + page.undecodable.map({ SightedRun($0.metadata) }) {
            if run.key.name.isEmpty || run.key.namespace.isEmpty { isWhole = false }
            sightings[run.key] = sighting(of: run.key, uid: run.uid, run.version)
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

/// What identifies a run and its version: all that a poll needs.
///
/// Labels and owner references are skipped, because a page of them is several times as large decoded as in JSON.
struct SightedRun: Hashable, Sendable {
    private(set) var key = ObjectKey(namespace: "", name: "")
    private(set) var uid = ""
    private(set) var version = ResourceVersion("")

    init(_ metadata: ObjectMetadata) {
        key = metadata.key
        uid = metadata.uid
        version = metadata.resourceVersion
    }

    /// Reads a metadata-only response or a whole object.
    init(_ cursor: inout JSONCursor) throws(JSONError) {
        var (namespace, name) = ("", "")
        try cursor.forEachField { (field, cursor) throws(JSONError) in
            guard field == "metadata" else {
                try cursor.skipValue()
                return
            }
            if try cursor.readNull() { return }
            try cursor.forEachField { (field, cursor) throws(JSONError) in
                if try cursor.readNull() { return }
                switch field {
                case "name": name = try cursor.readString()
                case "namespace": namespace = try cursor.readString()
                case "uid": uid = try cursor.readString()
                case "resourceVersion": version = ResourceVersion(try cursor.readString())
                default: try cursor.skipValue()
                }
            }
        }
        key = ObjectKey(namespace: namespace, name: name)
    }
}
