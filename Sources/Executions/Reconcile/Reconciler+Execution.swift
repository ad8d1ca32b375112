import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

extension Reconciler {
    /// Writes a status; returns the outcome of the reconciliation if it cannot continue.
    ///
    /// The patch contains the resource version of the decision. If the execution has changed since, it is read again
    /// and the decision is repeated.
    func write(_ status: ExecutionStatus, of execution: WorkflowExecution, in reconciliation: inout Reconciliation)
        async -> WorkOutcome?
    {
        let patch = StatusPatch(of: execution, to: status)
        do {
            let written = try await client.patch(
                WorkflowExecution.resourceType, execution.key, subresource: "status", .merge(patch.body),
                WriteOptions(fieldManager: WellKnown.fieldManager), decoding: WorkflowExecution.storeDecoder)
            executions.apply(written)
            note(.writeStatus, worked: true, in: &reconciliation)
            note(status, of: execution, in: reconciliation)
            return nil
        } catch {
            if error.isNotFoundObject(named: execution.key.name) { return .success }
            if error.isConflict {
                let outcome = await refresh(execution, in: &reconciliation)
                // The conflict may be with this write itself, if its response was lost and it was retried.
                if isStored(status, for: execution) { note(status, of: execution, in: reconciliation) }
                return outcome
            }
            note(.writeStatus, worked: false, in: &reconciliation)
            reconciliation.logger.warn("Could not write the status", ["error": reconciliation.text(of: error)])
            return .failed(retryAfter: error.retryAfter ?? .zero)
        }
    }

    /// True if the newest known version of the execution has this status.
    private func isStored(_ status: ExecutionStatus, for execution: WorkflowExecution) -> Bool {
        guard let known = executions.execution(for: execution.key), known.uid == execution.uid else { return false }
        return known.status.updatedAt == status.updatedAt && known.status.phase == status.phase
            && known.status.reason == status.reason
    }

    /// Reads the execution from the API server after a conflict, for the next decision.
    func refresh(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let message = "Could not read the execution again"
        switch await readLive(execution.key, known: execution, onFailure: message, reconciliation.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &reconciliation) }
            return outcome
        case .current(let current):
            // The version did not change, so the conflict was a race in the API server. Retry with a backoff.
            guard current.resourceVersion != execution.resourceVersion else { return .failed() }
            executions.apply(current)
            return nil
        }
    }

    /// Publishes events, log lines and metrics for a transition.
    private func note(_ status: ExecutionStatus, of execution: WorkflowExecution, in reconciliation: Reconciliation) {
        let old = execution.status
        if old.resolved == nil, status.resolved != nil, case .found(let definition) = reconciliation.facts.definition {
            publish(definition.deprecation, of: execution)
        }
        for notice in Notice.transitions(
            from: old, to: status, wasCreated: reconciliation.didCreateRun, namesake: reconciliation.runReference)
        {
            publish(notice, of: execution)
        }
        guard status.phase != old.phase || status.reason != old.reason else { return }
        reconciliation.logger.info(
            "Status changed",
            [
                "phase": .own(status.phase.rawValue), "outcome": .own(status.outcome?.rawValue ?? ""),
                "reason": .own(status.reason?.rawValue ?? ""), "run": .own(status.runRef?.name ?? ""),
            ])
        if status.phase.isTerminal, !old.phase.isTerminal {
            metrics.finished(status, runEnd: reconciliation.runEnd, now: clock.now())
        }
    }
}

extension WorkflowExecution {
    /// The text of an error for the log; only its kind if the parameters are unknown and cannot be masked.
    func text(of error: KubeError) -> LogValue { spec == nil ? .own(error.kind) : .foreign("\(error)") }
}

extension Reconciler.Reconciliation {
    /// When the run ended, on the engine's clock; nil if that is unknown.
    fileprivate var runEnd: EngineTime? {
        if case .present(let run) = facts.run, run.state.isFinished { run.state.finishedAt } else { nil }
    }

    /// The run if it is known to have ended.
    var finishedRun: EngineRun? { if case .present(let run) = facts.run, run.state.isFinished { run } else { nil } }

    /// A reference to the object with the run's name; nil if none was seen.
    fileprivate var runReference: RunReference? {
        if case .present(let run) = facts.run { cache.engine.reference(to: run) } else { nil }
    }
}

extension Reconciler {
    /// Reads the execution from the API server while the cache may be older than the former leader's last writes.
    ///
    /// The former leader may have created the run and reported its end. A decision on the older state would create the
    /// run again.
    ///
    /// - Parameter failure: set if the read failed.
    func confirm(_ key: ObjectKey, _ logger: Logger, _ failure: inout FailureGroup?) async -> WorkOutcome? {
        guard let takeover, !takeover.isCaughtUp else { return nil }
        switch await readLive(
            key, onFailure: "Could not read the execution after becoming the leader; retrying", logger)
        {
        case .ends(let outcome):
            if outcome.backsOff { failure = Self.readExecution(in: key.namespace) }
            return outcome
        case .current(let current):
            executions.apply(current)
            return nil
        }
    }

    /// The result of a live read of an execution.
    enum LiveRead {
        case current(WorkflowExecution)
        /// The execution no longer exists or could not be read; the reconciliation ends with this outcome.
        case ends(WorkOutcome)
    }

    /// Reads an execution from the API server, without storing it in the caches.
    ///
    /// - Parameters:
    ///   - known: the last known version; nil if it is unknown.
    ///   - message: logged if the read fails.
    ///   - decoder: reads what a store keeps unless the whole object is needed.
    func readLive(
        _ key: ObjectKey, known: WorkflowExecution? = nil, onFailure message: String, _ logger: Logger,
        decoding decoder: @escaping ObjectDecoder<WorkflowExecution> = WorkflowExecution.storeDecoder
    ) async -> LiveRead {
        do {
            let execution = try await client.get(WorkflowExecution.resourceType, key, decoding: decoder)
            recovery.worked(key, in: Self.readExecution(in: key.namespace))
            return .current(execution)
        } catch {
            if error.isNotFoundObject(named: key.name) { return .ends(.success) }
            logger.warn(message, ["error": known?.text(of: error) ?? .own(error.kind)])
            return .ends(.failed(retryAfter: error.retryAfter ?? .zero))
        }
    }

    /// The failure group of reads of executions in a namespace.
    static func readExecution(in namespace: String) -> FailureGroup {
        FailureGroup(request: .readExecution, engine: nil, namespace: namespace)
    }
}

extension Reconciler {
    /// Reads the whole spec, of which the store keeps only a part, for the create of the run.
    func readSpec(of execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let message = "Could not read the spec"
        switch await readLive(
            execution.key, known: execution, onFailure: message, reconciliation.logger,
            decoding: WorkflowExecution.decoder)
        {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &reconciliation) }
            return outcome
        case .current(let whole):
            // An execution with another UID is another execution; the watch delivers it.
            guard whole.uid == execution.uid else { return .requeue(after: .seconds(1)) }
            reconciliation.facts.whole = whole
            return nil
        }
    }

    /// Reads the definition that the execution names, for the next decision.
    ///
    /// Definitions are not watched: an execution needs one until its run is created, and most only once.
    func readDefinition(of execution: WorkflowExecution, in reconciliation: inout Reconciliation) async {
        let text = execution.spec?.workflowRef.definition ?? ""
        guard let id = DefinitionID(text) else { return }
        let type = WorkflowDefinition.resourceType
        let key = ObjectKey(namespace: execution.key.namespace, name: id.objectName)
        let title = "\(type.kind) \(key.name)"
        func report(_ reason: Reason, _ message: String, retryAfter: Duration = .zero) {
            reconciliation.facts.definition = .unavailable(reason, message: message, retryAfter: retryAfter)
        }
        do {
            let definition = try await client.get(type, key, decoding: WorkflowDefinition.decoder)
            reconciliation.facts.definition = .found(definition)
            // An object of the same name can be another definition, so the next retry fails like this one.
            note(.readDefinition, of: text, worked: definition.spec.id == id, in: &reconciliation)
        } catch {
            note(.readDefinition, of: text, worked: false, in: &reconciliation)
            if error.isNotFoundObject {
                report(
                    .definitionNotFound,
                    "\(title) does not exist in namespace \(key.namespace). Create it; the run starts then.")
            } else if error.isPlainNotFound {
                report(
                    .definitionNotFound,
                    "The API server does not serve \(type.plural).\(type.group): \(WellKnown.definitionRemedy).")
            } else if error.code == 403, !error.isTransient {
                report(
                    .forbidden,
                    """
                    \(title) could not be read: \(error). Grant the operator the verb get on \
                    \(type.plural).\(type.group) in this namespace.
                    """)
            } else {
                report(
                    .apiUnavailable, "\(title) could not be read: \(error).", retryAfter: error.retryAfter ?? .zero)
            }
            reconciliation.logger.debug(
                "Could not read the definition", ["name": .own(key.name), "error": .foreign("\(error)")])
        }
    }

    /// Reads the execution from the API server, so that nothing is deleted because of a stale cache.
    func read(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let message = "Could not read the execution"
        switch await readLive(execution.key, known: execution, onFailure: message, reconciliation.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &reconciliation) }
            return outcome
        case .current(let current):
            executions.apply(current)
            reconciliation.facts.isExecutionConfirmed = true
            return nil
        }
    }

    /// Deletes a run whose TTL expired, with the version of the decision as a precondition.
    func delete(_ run: EngineRun, in situation: Situation, _ reconciliation: inout Reconciliation) async -> WorkOutcome?
    {
        let engine = reconciliation.cache.engine
        do {
            try await client.delete(engine.runType, run.key, .exactly(run.uid, run.resourceVersion))
            reconciliation.facts.didExpireRun = true
            // A finalizer may hold the run, so only a live read shows that it no longer exists.
            reconciliation.facts.run = .unknown
            reconciliation.facts.isRunConfirmed = false
            metrics.deleted(.run)
            publish(situation.runExpiredNotice(for: run), of: situation.execution)
            reconciliation.logger.info("Deleted the run because its TTL expired", ["run": .own(run.key.name)])
            return nil
        } catch {
            if error.isConflict || error.isNotFoundObject(named: run.key.name) {
                await readRun(in: &reconciliation)
                return nil
            }
            if error.isPlainNotFound {
                reconciliation.facts.run = .engineMissing
                reconciliation.facts.isEngineServed = false
                return nil
            }
            return refuse(error, "\(engine.runType.kind) \(run.key.name)", in: &reconciliation)
        }
    }

    /// Deletes an execution whose TTL expired; if it has changed since the decision, the decision is repeated.
    func delete(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        do {
            try await client.delete(
                WorkflowExecution.resourceType, execution.key, .exactly(execution.uid, execution.resourceVersion))
            metrics.deleted(.execution)
            publish(.expired(execution), of: execution)
            reconciliation.logger.info("Deleted the execution because its TTL expired")
            return .success
        } catch {
            if error.isNotFoundObject(named: execution.key.name) { return .success }
            if error.isConflict { return await refresh(execution, in: &reconciliation) }
            return refuse(error, "the execution", in: &reconciliation)
        }
    }

    /// Retries transient failures later; failures that a user must fix are reported in the status.
    private func refuse(_ error: KubeError, _ object: String, in reconciliation: inout Reconciliation) -> WorkOutcome? {
        reconciliation.logger.warn(
            "Could not delete an object whose TTL expired; retrying",
            // Only the condition has the full message: users who can read executions can read their parameters anyway.
            ["object": .own(object), "error": .own(error.kind)])
        let pause = error.retryAfter ?? .zero
        guard let code = error.code, code != 404, !error.isTransient else { return .failed(retryAfter: pause) }
        reconciliation.facts.deletionRefusal = Refusal(
            reason: code == 403 ? .forbidden : .rejected,
            message: "The API server rejected the deletion of \(object): \(error)", isLasting: true, pause: pause)
        return nil
    }
}

extension DeleteOptions {
    /// Options that delete only an object with this UID and version, and its dependents in the background.
    fileprivate static func exactly(_ uid: String, _ version: ResourceVersion) -> DeleteOptions {
        DeleteOptions(uid: uid, resourceVersion: version, propagation: .background)
    }
}
