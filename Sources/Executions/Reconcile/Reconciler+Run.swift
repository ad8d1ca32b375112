import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

extension Reconciler {
    /// Asks the API server itself for the run; only its answer proves that there is none.
    func readRun(in pass: inout Pass) async {
        let engine = pass.cache.engine
        do {
            let run = try await client.get(engine.runType, pass.runKey, decoding: engine.runDecoder)
            pass.cache.apply(run)
            pass.facts.run = .present(run)
            pass.facts.isRunProven = true
            note(.readRun, worked: true, in: &pass)
        } catch {
            if error.isNotFoundObject(named: pass.runKey.name) {
                pass.facts.run = .absent(last: pass.cache.lastState(of: pass.runKey))
                note(.readRun, worked: true, in: &pass)
            } else if error.isPlainNotFound {
                pass.facts.run = .engineMissing
                pass.facts.isEngineServed = false
            } else {
                note(.readRun, worked: false, in: &pass)
                pass.facts.run = .unreadable
                pass.facts.askedPause = error.retryAfter ?? .zero
                pass.logger.warn(
                    "Could not read the run", ["run": .own(pass.runKey.name), "error": .foreign("\(error)")])
            }
        }
    }

    func createRun(_ manifest: [UInt8], for execution: WorkflowExecution, in pass: inout Pass) async {
        let engine = pass.cache.engine
        let options = WriteOptions(fieldManager: WellKnown.fieldManager, fieldValidation: .strict)
        let lane = CreateTraffic.Lane(engine: engine.name, namespace: pass.key.namespace)
        let admission = creates.enter(pass.runKey, of: pass.key, lane)
        pass.facts.creationHold = admission == .send ? nil : admission
        guard admission == .send else { return }
        defer { creates.end(pass.runKey) }
        do {
            let run = try await client.create(
                engine.runType, namespace: pass.key.namespace, body: manifest, options, decoding: engine.runDecoder)
            pass.cache.apply(run)
            pass.facts.run = .present(run)
            pass.facts.creationFailure = nil
            pass.didCreateRun = true
            note(.createRun, worked: true, in: &pass)
            tell(.created(engine.reference(to: run)), of: execution)
            pass.logger.info("Created the run", ["kind": .own(engine.runType.kind), "run": .own(run.key.name)])
        } catch {
            let failure = CreateFailure(error, creatingRunOf: engine)
            pass.facts.creationFailure = failure
            note(.createRun, worked: false, in: &pass)
            if let duration = failure.retryAfter {
                pass.cache.postponeCreation(of: pass.runKey, for: duration, at: time.now)
            }
            if case .uncertain = failure { openCreates.note(pass.runKey, at: time.now) }
            metrics.createFailed(engine.name, failure)
            pass.logger.warn(
                "Could not create the run", ["run": .own(pass.runKey.name), "error": .foreign("\(error)")])
        }
    }

    /// Asks the run to end; false where that failed.
    func stop(_ run: EngineRun, _ patch: [UInt8], in pass: inout Pass) async -> Bool {
        let engine = pass.cache.engine
        if let refusal = pass.facts.timeline.recentStopRefusal(at: time.now) {
            note(.stopRun, worked: false, in: &pass)
            pass.facts.stopRefusal = refusal
            return false
        }
        do {
            let stopped = try await client.patch(
                engine.runType, run.key, .merge(patch), WriteOptions(fieldManager: WellKnown.fieldManager),
                decoding: engine.runDecoder)
            pass.cache.apply(stopped)
            pass.facts.run = .present(stopped)
            note(.stopRun, worked: true, in: &pass)
            pass.logger.info("Asked the run to end", ["run": .own(run.key.name)])
            return true
        } catch {
            if error.isConflict {
                // It has changed since it was read, and may have ended.
                await readRun(in: &pass)
                return false
            }
            note(.stopRun, worked: false, in: &pass)
            let refusal = Refusal(error, of: engine)
            pass.facts.stopRefusal = refusal
            pass.facts.timeline.stopFailed(refusal, at: time.now)
            pass.cache.keep(pass.facts.timeline, of: pass.runKey)
            pass.logger.warn(
                "Could not ask the run to end", ["run": .own(run.key.name), "error": .foreign("\(error)")])
            // It may have ended, or gone, in the meantime; then there is nothing left to ask.
            if !error.isTransient { await readRun(in: &pass) }
            return false
        }
    }

    /// Reads the children of a run: of a failed one for the cause, of an unfinished one for what it waits for.
    ///
    /// Where there is no answer for long, the run's own word has to do. The verdict is final, and the cause may change
    /// it: a task that took too long is no failure.
    func readDetail(of run: EngineRun, _ listings: [ChildListing], in pass: inout Pass) async {
        let engine = pass.cache.engine
        do throws(KubeError) {
            var children: [EngineChild] = []
            for listing in listings {
                do throws(KubeError) {
                    children += try await readChildren(listing, decoding: engine.childDecoder)
                } catch {
                    guard listing.isOptional, !error.isTransient else { throw error }
                    pass.logger.debug(
                        "Could not read some children of the run",
                        [
                            "run": .own(run.key.name), "kind": .own(listing.type.kind),
                            "error": .foreign("\(error)"),
                        ])
                }
            }
            let state = engine.state(of: run, children: children)
            pass.facts.detail = .read(state)
            pass.facts.timeline.looked(at: run, found: state, instant: time.now)
            note(.readChildren, worked: true, in: &pass)
        } catch {
            pass.facts.timeline.looked(at: run, found: nil, instant: time.now)
            // An answer that cannot be read is no better the next time.
            guard run.state.isFinished else {
                pass.facts.detail = .unreadable
                return
            }
            let now = time.now
            let trouble = pass.cache.firstTrouble(explaining: pass.runKey, at: now).duration(to: now)
            let mayWait = error.isTransient && trouble < timing.causePatience
            pass.facts.detail = mayWait ? .postponed : .unreadable
            note(.readChildren, worked: false, in: &pass)
            pass.facts.askedPause = error.retryAfter ?? .zero
            pass.logger.warn(
                "Could not read the children of the run",
                ["run": .own(run.key.name), "error": .foreign("\(error)")])
        }
    }

    /// Reads a listing page by page; starts over once where the pages expire in between.
    ///
    /// Only one page is in memory at a time. Beyond ``ChildListing/maximumObjects`` the rest is left unread.
    private func readChildren(
        _ listing: ChildListing, decoding decoder: @escaping ObjectDecoder<EngineChild>
    ) async throws(KubeError) -> [EngineChild] {
        var children: [EngineChild] = []
        var token: String?
        var mayStartOver = true
        while true {
            let options = ListOptions(
                labelSelector: listing.labelSelector, limit: listing.pageSize, continueToken: token)
            do throws(KubeError) {
                let page = try await client.list(
                    listing.type, namespace: listing.namespace, options, decoding: decoder)
                children += page.items
                guard let next = page.continueToken, children.count < ChildListing.maximumObjects else {
                    return children
                }
                token = next
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
    /// Why a request about a run of `engine` failed, in the same words as a failed create.
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
