import KubeClient
import KubeRuntime
import Status
import TowlineAPI

/// Reconciles one environment: reads it, then decides and acts until it is to rest.
///
/// Guarantees: Each decision is based on a read of this reconciliation or on the answer to its last write. The number of
/// an attempt is stored before its execution is created, and the execution's name follows from it, so an attempt never
/// gets two executions. The work queue ensures that only one worker has a key at a time.
struct EnvironmentReconciler: Sendable {
    let client: KubeClient
    let cache: EnvironmentCache
    let clock: ServerClock
    let expiryWarning: Duration
    let recorder: EventRecorder
    let metrics: EnvironmentMetrics

    /// The maximum number of steps in one reconciliation, more than 16 phases need. Exceeding it is a bug; the
    /// reconciliation is retried.
    private static let maximumSteps = 128
    /// The longest pause after a failed request. Expired environments are not to wait for a long backoff.
    private static let longestRetry = Duration.seconds(15)

    /// The state of one reconciliation.
    struct Reconciliation {
        var environment: Environment
        var facts = EnvironmentFacts()
        let logger: Logger
    }

    /// Reconciles the environment with this key.
    func reconcile(_ key: ObjectKey, logger: Logger) async -> WorkOutcome {
        defer { cache.schedule.endTurn(of: key) }
        let environment: Environment
        do {
            environment = try await client.get(Environment.resourceType, key, decoding: Environment.decoder)
        } catch {
            if error.isNotFoundObject(named: key.name) {
                cache.schedule.forget(key)
                return .success
            }
            logger.warn("Could not read the environment", ["error": .own(error.kind)])
            cache.schedule.plan(key, at: clock.now() + Self.longestRetry)
            return .failed(retryAfter: error.retryAfter ?? .zero)
        }
        var reconciliation = Reconciliation(environment: environment, logger: logger.hiding(environment.mask))
        for _ in 0..<Self.maximumSteps {
            guard !Task.isCancelled else { return .failed() }
            var decision = EnvironmentDecision(
                of: reconciliation.environment, facts: reconciliation.facts, now: clock.now(),
                expiryWarning: expiryWarning)
            let step = decision.next()
            logger.debug("Decided", ["step": .own(step.name)])
            if let outcome = await execute(step, &reconciliation) { return outcome }
        }
        logger.warn("The reconciliation took too many steps; retrying")
        return .failed()
    }

    /// Executes a step; returns the outcome of the reconciliation if that was the last one.
    private func execute(_ step: EnvironmentStep, _ reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let key = reconciliation.environment.key
        switch step {
        case .readLifecycle(let id): await readLifecycle(id, in: &reconciliation)
        case .readDefinitions(let ids): for id in ids { await readDefinition(id, in: &reconciliation) }
        case .readExecution(let name): await readExecution(name, in: &reconciliation)
        case .write(let status): return await write(status, in: &reconciliation)
        case .hold: return await changeFinalizers(in: &reconciliation) { $0 + [WellKnown.teardownFinalizer] }
        case .release:
            return await changeFinalizers(in: &reconciliation) { names in
                names.filter { $0 != WellKnown.teardownFinalizer }
            }
        case .create(let execution): await create(execution, in: &reconciliation)
        case .probeNamespace(let execution): await probeNamespace(execution, in: &reconciliation)
        case .stop(let execution, let kind): await stop(execution, kind, in: &reconciliation)
        case .deleteOld(let name): await deleteOld(name, in: &reconciliation)
        case .rest(let time):
            if let time { cache.schedule.plan(key, at: time) } else { cache.schedule.forget(key) }
            return .success
        case .poll(let pause):
            plan(reconciliation.environment, in: pause)
            return .success
        case .retry(let pause): return retry(reconciliation.environment, after: pause)
        }
        return nil
    }

    /// Retries after the backoff of the queue, but no later than after ``longestRetry``, and in time for the expiry or the
    /// bound of the termination.
    private func retry(_ environment: Environment, after pause: Duration) -> WorkOutcome {
        plan(environment, in: max(pause, Self.longestRetry))
        return .failed(retryAfter: pause)
    }

    /// Plans the next look at an environment: after a pause, or at its limit if that comes first.
    private func plan(_ environment: Environment, in pause: Duration) {
        let now = clock.now()
        let limit = environment.limit
        cache.schedule.plan(environment.key, at: now < limit ? min(now + pause, limit) : now + pause)
    }
}

extension Environment {
    /// When the environment needs a decision even if requests fail until then: its expiry, or the bound of its
    /// termination.
    fileprivate var limit: ServerTime {
        guard let start = status.terminationStartedAt else { return status.expiresAt ?? .latest }
        return start + spec.timeslot.teardownBound
    }

    /// Hides the values of the parameters; the name of the environment stays readable.
    fileprivate var mask: Mask { Mask(spec.parameters.map(\.value), keeping: [key.name, key.namespace]) }
}

// MARK: - Writes to the environment

extension EnvironmentReconciler {
    /// Sends the status and publishes what changed; after a conflict, the environment is read again.
    private func write(_ status: EnvironmentStatus, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let environment = reconciliation.environment
        let patch = StatusPatch(
            uid: environment.uid, resourceVersion: environment.resourceVersion, from: environment.status, to: status)
        let outcome = await send(patch.body, subresource: "status", in: &reconciliation)
        if outcome == nil, reconciliation.environment.status.updatedAt == status.updatedAt {
            let notices = EnvironmentNotice.transitions(of: environment, to: status)
            // A mask is made from all values, so none is made without need.
            let mask = notices.isEmpty ? Mask.none : environment.mask
            for notice in notices { recorder.record(notice.event(regarding: environment, masking: mask)) }
            metrics.note(environment.status, status, now: clock.now())
            if environment.status.phase != status.phase || environment.status.reason != status.reason {
                reconciliation.logger.info(
                    "Status changed",
                    [
                        "phase": .own(status.phase.rawValue), "reason": .own(status.reason?.rawValue ?? ""),
                        "currentPhase": .own(status.currentPhase ?? ""),
                    ])
            }
        }
        return outcome
    }

    /// Replaces the list of finalizers, of which the others stay.
    private func changeFinalizers(
        in reconciliation: inout Reconciliation, _ change: ([String]) -> [String]
    ) async -> WorkOutcome? {
        let environment = reconciliation.environment
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("metadata") { writer in
                writer.member("uid", environment.uid)
                writer.member("resourceVersion", environment.resourceVersion.text)
                writer.key("finalizers")
                writer.array { writer in
                    for name in change(environment.finalizers) { writer.string(name) }
                }
            }
        }
        return await send(writer.bytes, subresource: nil, in: &reconciliation)
    }

    private func send(
        _ body: [UInt8], subresource: String?, in reconciliation: inout Reconciliation
    ) async -> WorkOutcome? {
        let key = reconciliation.environment.key
        do {
            let answer = try await client.patch(
                Environment.resourceType, key, subresource: subresource, .merge(body),
                WriteOptions(fieldManager: WellKnown.fieldManager), decoding: Environment.decoder)
            adopt(answer, in: &reconciliation)
            return nil
        } catch {
            if error.isNotFoundObject(named: key.name) { return .success }
            // It has changed, and what was read about other objects may be outdated too.
            if error.isConflict { return .requeue(after: .zero) }
            reconciliation.logger.warn("Could not write the environment", ["error": .foreign("\(error)")])
            let pause = error.retryAfter ?? .zero
            if subresource == nil {
                reconciliation.facts.holdFailure = ("\(error)", pause)
                return nil
            }
            return retry(reconciliation.environment, after: pause)
        }
    }

    private func adopt(_ environment: Environment, in reconciliation: inout Reconciliation) {
        reconciliation.environment = environment
        cache.apply(EnvironmentEntry(of: environment, now: clock.now(), expiryWarning: expiryWarning))
    }
}
