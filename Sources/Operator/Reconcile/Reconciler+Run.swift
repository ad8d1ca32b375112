import Engines
import KubeClient
import KubeRuntime
import WorkflowAPI

extension Reconciler {
    /// Asks the API server itself for the run; only its answer proves that there is none.
    func readRun(in pass: inout Pass) async {
        let engine = pass.cache.engine
        do {
            let run = try await client.get(engine.runType, pass.runKey, decoding: engine.runDecoder)
            pass.cache.apply(run)
            pass.facts.run = .present(run)
            pass.facts.isRunProven = true
        } catch {
            if error.isNotFoundObject(named: pass.runKey.name) {
                pass.facts.run = .absent(last: pass.cache.lastState(of: pass.runKey))
            } else if error.isPlainNotFound {
                pass.facts.run = .engineMissing
                pass.facts.isEngineServed = false
            } else {
                pass.facts.run = .unreadable
                pass.facts.askedPause = error.retryAfter ?? .zero
                pass.logger.warn(
                    "Could not read the run", ["run": .string(pass.runKey.name), "error": .string("\(error)")])
            }
        }
    }

    func createRun(_ manifest: [UInt8], for execution: WorkflowExecution, in pass: inout Pass) async {
        let engine = pass.cache.engine
        let options = WriteOptions(fieldManager: WellKnown.fieldManager, fieldValidation: .strict)
        pass.cache.beginCreate(of: pass.runKey, at: clock.now())
        defer { pass.cache.endCreate(of: pass.runKey, at: clock.now()) }
        do {
            let run = try await client.create(
                engine.runType, namespace: pass.key.namespace, body: manifest, options, decoding: engine.runDecoder)
            pass.cache.apply(run)
            pass.facts.run = .present(run)
            pass.facts.creationFailure = nil
            pass.didCreateRun = true
            tell(.created(engine.reference(to: run)), of: execution)
            pass.logger.info("Created the run", ["kind": .string(engine.runType.kind), "run": .string(run.key.name)])
        } catch {
            let failure = CreateFailure(error, creatingRunOf: engine)
            pass.facts.creationFailure = failure
            if let duration = failure.retryAfter {
                pass.cache.postponeCreation(of: pass.runKey, for: duration, at: clock.now())
            }
            if case .uncertain = failure { openCreates.note(pass.runKey, at: clock.now()) }
            metrics.createFailed(engine.name, failure)
            pass.logger.warn(
                "Could not create the run", ["run": .string(pass.runKey.name), "error": .string("\(error)")])
        }
    }

    /// Asks the run to end; false where that failed.
    func stop(_ run: EngineRun, _ patch: [UInt8], in pass: inout Pass) async -> Bool {
        let engine = pass.cache.engine
        do {
            let stopped = try await client.patch(
                engine.runType, run.key, .merge(patch), WriteOptions(fieldManager: WellKnown.fieldManager),
                decoding: engine.runDecoder)
            pass.cache.apply(stopped)
            pass.facts.run = .present(stopped)
            pass.logger.info("Asked the run to end", ["run": .string(run.key.name)])
            return true
        } catch {
            if error.isConflict {
                // It has changed since it was read, and may have ended.
                await readRun(in: &pass)
                return false
            }
            pass.facts.didShutdownFail = true
            pass.facts.askedPause = error.retryAfter ?? .zero
            pass.logger.warn(
                "Could not ask the run to end", ["run": .string(run.key.name), "error": .string("\(error)")])
            // It may have ended, or gone, in the meantime; then there is nothing left to ask.
            if !error.isTransient { await readRun(in: &pass) }
            return false
        }
    }

    /// Reads the children of a failed run for the cause; where there is no answer for long, the run's own word has to do.
    ///
    /// The verdict is for good, and the cause may change it: a task that took too long is no failure.
    func readDetail(of run: EngineRun, _ listing: ChildListing, in pass: inout Pass) async {
        let engine = pass.cache.engine
        do {
            let options = ListOptions(labelSelector: listing.labelSelector, limit: listing.limit)
            let children = try await client.list(listing.type, namespace: listing.namespace, options) {
                (cursor) throws(JSONError) in try cursor.readRaw()
            }
            pass.facts.detail = .read(try engine.state(of: run, children: Self.list(of: children.items)))
        } catch {
            // An answer that cannot be read is no better the next time.
            let refusal = error as? KubeError
            let now = clock.now()
            let trouble = now - pass.cache.firstTrouble(explaining: pass.runKey, at: now)
            let mayWait = refusal?.isTransient == true && trouble < timing.causePatience
            pass.facts.detail = mayWait ? .postponed : .unreadable
            pass.facts.askedPause = refusal?.retryAfter ?? .zero
            pass.logger.warn(
                "Could not read why the run failed", ["run": .string(run.key.name), "error": .string("\(error)")])
        }
    }

    /// The JSON of a list with these items.
    private static func list(of items: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: items.reduce(16) { $0 + $1.count + 1 })
        writer.beginObject()
        writer.key("items")
        writer.beginArray()
        for item in items { writer.raw(item) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
