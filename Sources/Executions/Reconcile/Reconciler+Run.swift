import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

extension Reconciler {
    /// Reads the run from the API server. Only a live read proves that no run exists.
    func readRun(in reconciliation: inout Reconciliation) async {
        let engine = reconciliation.cache.engine
        do {
            let run = try await client.get(engine.runType, reconciliation.runKey, decoding: engine.runDecoder)
            reconciliation.cache.apply(run)
            reconciliation.facts.run = .present(run)
            reconciliation.facts.isRunConfirmed = true
            note(.readRun, worked: true, in: &reconciliation)
        } catch {
            if error.isNotFoundObject(named: reconciliation.runKey.name) {
                let last = reconciliation.cache.lastState(of: reconciliation.runKey)
                // The cache may know how the run ended although its deletion has not been seen yet.
                reconciliation.facts.run = .absent(last: last ?? reconciliation.finishedRun)
                note(.readRun, worked: true, in: &reconciliation)
            } else if error.isPlainNotFound {
                reconciliation.facts.run = .engineMissing
                reconciliation.facts.isEngineServed = false
            } else {
                note(.readRun, worked: false, in: &reconciliation)
                reconciliation.facts.run = .unreadable
                reconciliation.facts.retryAfter = error.retryAfter ?? .zero
                reconciliation.logger.warn(
                    "Could not read the run",
                    ["run": .own(reconciliation.runKey.name), "error": reconciliation.text(of: error)])
            }
        }
    }

    func createRun(_ manifest: [UInt8], for execution: WorkflowExecution, in reconciliation: inout Reconciliation) async
    {
        let engine = reconciliation.cache.engine
        let options = WriteOptions(fieldManager: WellKnown.fieldManager, fieldValidation: .strict)
        let lane = CreateTraffic.Lane(engine: engine.name, namespace: reconciliation.key.namespace)
        let admission = creates.enter(reconciliation.runKey, of: reconciliation.key, lane)
        reconciliation.facts.createAdmission = admission == .send ? nil : admission
        guard admission == .send else { return }
        defer { creates.end(reconciliation.runKey) }
        do {
            let run = try await client.create(
                engine.runType, namespace: reconciliation.key.namespace, body: manifest, options,
                decoding: engine.runDecoder)
            reconciliation.cache.apply(run)
            reconciliation.facts.run = .present(run)
            reconciliation.facts.createFailure = nil
            reconciliation.didCreateRun = true
            note(.createRun, worked: true, in: &reconciliation)
            publish(.created(engine.reference(to: run)), of: execution)
            reconciliation.logger.info(
                "Created the run", ["kind": .own(engine.runType.kind), "run": .own(run.key.name)])
        } catch {
            let failure = CreateFailure(error, creatingRunOf: engine)
            reconciliation.facts.createFailure = failure
            note(.createRun, worked: false, in: &reconciliation)
            if let duration = failure.retryAfter {
                reconciliation.cache.delayCreate(of: reconciliation.runKey, for: duration, at: time.now)
            }
            if case .uncertain = failure { pendingCreates.record(reconciliation.runKey, at: time.now) }
            metrics.createFailed(engine.name, failure)
            reconciliation.logger.warn(
                "Could not create the run",
                ["run": .own(reconciliation.runKey.name), "error": reconciliation.text(of: error)])
        }
    }

    /// Requests that the run stop; returns false if the request failed.
    func stop(_ run: EngineRun, _ patch: [UInt8], in reconciliation: inout Reconciliation) async -> Bool {
        let engine = reconciliation.cache.engine
        if let refusal = reconciliation.facts.timeline.recentStopRefusal(at: time.now) {
            note(.stopRun, worked: false, in: &reconciliation)
            reconciliation.facts.stopRefusal = refusal
            return false
        }
        do {
            let stopped = try await client.patch(
                engine.runType, run.key, .merge(patch), WriteOptions(fieldManager: WellKnown.fieldManager),
                decoding: engine.runDecoder)
            reconciliation.cache.apply(stopped)
            reconciliation.facts.run = .present(stopped)
            note(.stopRun, worked: true, in: &reconciliation)
            reconciliation.logger.info("Requested that the run stops", ["run": .own(run.key.name)])
            return true
        } catch {
            if error.isConflict {
                // The run has changed since it was read, and may have ended.
                await readRun(in: &reconciliation)
                return false
            }
            note(.stopRun, worked: false, in: &reconciliation)
            let refusal = Refusal(error, of: engine)
            reconciliation.facts.stopRefusal = refusal
            reconciliation.facts.timeline.stopFailed(refusal, at: time.now)
            reconciliation.cache.keep(reconciliation.facts.timeline, of: reconciliation.runKey)
            reconciliation.logger.warn(
                "Could not stop the run", ["run": .own(run.key.name), "error": reconciliation.text(of: error)])
            // The run may have ended or been deleted in the meantime and need no stop.
            if !error.isTransient { await readRun(in: &reconciliation) }
            return false
        }
    }

    /// Reads the children of a run: why it failed, or why it is waiting if it has not ended.
    ///
    /// The status of a failed run is not written until the cause is known, because the status is final and the cause
    /// can change the outcome: a task that exceeded its timeout is not a failure. After
    /// ``ExecutionTiming/causePatience`` the run's own state is used.
    func readChildren(of run: EngineRun, _ listings: [ChildListing], in reconciliation: inout Reconciliation) async {
        let engine = reconciliation.cache.engine
        do throws(KubeError) {
            var children: [EngineChild] = []
            for listing in listings {
                do throws(KubeError) {
                    children += try await readChildren(listing, of: run, decoding: engine.childDecoder)
                } catch {
                    guard listing.isOptional, !error.isTransient else { throw error }
                    reconciliation.logger.debug(
                        "Could not read some children of the run",
                        [
                            "run": .own(run.key.name), "kind": .own(listing.type.kind),
                            "error": reconciliation.text(of: error),
                        ])
                }
            }
            let state = engine.state(of: run, children: children)
            reconciliation.facts.children = .read(state)
            reconciliation.facts.timeline.childrenRead(of: run, found: state, instant: time.now)
            note(.readChildren, worked: true, in: &reconciliation)
        } catch {
            reconciliation.facts.timeline.childrenRead(of: run, found: nil, instant: time.now)
            // For an unfinished run the children are optional, and are read again later.
            guard run.state.isFinished else {
                reconciliation.facts.children = .unreadable
                return
            }
            let now = time.now
            let failing = reconciliation.cache.firstFailure(explaining: reconciliation.runKey, at: now).duration(
                to: now)
            let mayWait = error.isTransient && failing < timing.causePatience
            reconciliation.facts.children = mayWait ? .postponed : .unreadable
            note(.readChildren, worked: false, in: &reconciliation)
            reconciliation.facts.retryAfter = error.retryAfter ?? .zero
            reconciliation.logger.warn(
                "Could not read the children of the run",
                ["run": .own(run.key.name), "error": reconciliation.text(of: error)])
        }
    }

    /// Reads a listing page by page, and starts over once if its continue token expires.
    ///
    /// Only one page is in memory at a time, and of the children before it only what is reported. Children beyond
    /// ``ChildListing/maximumObjects`` are not read.
    private func readChildren(
        _ listing: ChildListing, of run: EngineRun, decoding decoder: @escaping ObjectDecoder<EngineChild>
    ) async throws(KubeError) -> [EngineChild] {
        var children: [EngineChild] = []
        var token: String?
        var limit = listing.pageSize
        var mayStartOver = true
        while true {
            let options = ListOptions(
                labelSelector: listing.labelSelector, limit: limit, continueToken: token)
            do throws(KubeError) {
                let page = try await client.list(
                    listing.type, namespace: listing.namespace, options, decoding: decoder)
                children += page.items.filter { $0.belongs(toRunWithUID: run.uid) }
                EngineChild.dropUnreportedDetails(of: &children)
                guard let next = page.continueToken, children.count < ChildListing.maximumObjects else {
                    return children
                }
                token = next
                limit = min(listing.pageSize, page.recommendedLimit)
            } catch {
                guard error.isExpired, token != nil, mayStartOver else { throw error }
                mayStartOver = false
                children = []
                token = nil
            }
        }
    }
}

extension Refusal {
    /// Why a request about a run of `engine` failed, classified like a failed create.
    init(_ error: KubeError, of engine: any Engine) {
        let failure = CreateFailure(error, creatingRunOf: engine)
        let isLasting =
            switch failure {
            case .permanent: true
            case .transient(let reason, _, _): reason != .apiUnavailable
            case .nameTaken, .uncertain: false
            }
        self.init(
            reason: failure.reason ?? .rejected, message: "the API server answers: \(failure.message ?? "\(error)")",
            isLasting: isLasting, pause: error.retryAfter ?? .zero)
    }
}
