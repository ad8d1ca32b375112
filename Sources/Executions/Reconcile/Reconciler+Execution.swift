import Engines
import KubeClient
import KubeRuntime
import Status
import TowlineAPI

extension Reconciler {
    /// Stores a status; returns the outcome of the reconciliation where nothing more can be done now.
    ///
    /// The patch names the version it was made for: an execution that somebody changed meanwhile is read again and
    /// decided upon anew.
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
                // It may have been this very write that was done, and its answer lost.
                if isStored(status, for: execution) { note(status, of: execution, in: reconciliation) }
                return outcome
            }
            note(.writeStatus, worked: false, in: &reconciliation)
            reconciliation.logger.warn("Could not write the status", ["error": .foreign(execution.discreet(error))])
            return .failed(retryAfter: error.retryAfter ?? .zero)
        }
    }

    /// True when the newest that is known of an execution is this status: no two writes are made at the same time.
    private func isStored(_ status: ExecutionStatus, for execution: WorkflowExecution) -> Bool {
        guard let known = executions.execution(for: execution.key), known.uid == execution.uid else { return false }
        return known.status.updatedAt == status.updatedAt && known.status.phase == status.phase
            && known.status.reason == status.reason
    }

    /// Reads an execution that is newer than the caches; the next decision rests on it.
    func refresh(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let complaint = "Could not read the execution again"
        switch await readLive(execution.key, known: execution, orSay: complaint, reconciliation.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &reconciliation) }
            return outcome
        case .current(let current):
            // The same version again: the conflict was the server's own race, so give it time.
            guard current.resourceVersion != execution.resourceVersion else { return .failed() }
            executions.apply(current)
            return nil
        }
    }

    /// One line, one count, and what people have to be told, for each transition.
    private func note(_ status: ExecutionStatus, of execution: WorkflowExecution, in reconciliation: Reconciliation) {
        let old = execution.status
        for notice in Notice.transitions(
            from: old, to: status, wasCreated: reconciliation.didCreateRun, namesake: reconciliation.runReference)
        {
            tell(notice, of: execution)
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
    /// What the log may tell of an error: where the parameters are not known any more, and so cannot be masked, only its
    /// kind.
    func discreet(_ error: KubeError) -> String { spec == nil ? error.kind : "\(error)" }
}

extension Reconciler.Reconciliation {
    /// When the run ended, by the engine's clock; nil where it is not there or does not tell.
    fileprivate var runEnd: EngineTime? {
        if case .present(let run) = facts.run, run.state.isFinished { run.state.finishedAt } else { nil }
    }

    /// The object that bears the run's name, where it was seen.
    fileprivate var runReference: RunReference? {
        if case .present(let run) = facts.run { cache.engine.reference(to: run) } else { nil }
    }
}

extension Reconciler {
    /// Reads the execution itself while the cache may be older than what a former leader wrote.
    ///
    /// It could have created a run, seen it end and told so: on the older view the run would be created again.
    ///
    /// - Parameter trouble: set where that failed.
    func confirm(_ key: ObjectKey, _ logger: Logger, _ trouble: inout FailureGroup?) async -> WorkOutcome? {
        guard let takeover, !takeover.isCaughtUp else { return nil }
        switch await readLive(key, orSay: "Could not read the execution after taking over", logger) {
        case .ends(let outcome):
            if outcome.backsOff { trouble = Self.readExecution(in: key.namespace) }
            return outcome
        case .current(let current):
            executions.apply(current)
            return nil
        }
    }

    /// What a live read of an execution gave.
    enum LiveRead {
        case current(WorkflowExecution)
        /// It is gone, or could not be read: nothing more can be done now.
        case ends(WorkOutcome)
    }

    /// Asks the API server itself for an execution; the caller decides whether the caches take it in.
    ///
    /// - Parameter known: the execution as it was known, where it was.
    func readLive(
        _ key: ObjectKey, known: WorkflowExecution? = nil, orSay complaint: String, _ logger: Logger
    ) async -> LiveRead {
        do {
            let execution = try await client.get(
                WorkflowExecution.resourceType, key, decoding: WorkflowExecution.storeDecoder)
            recovery.worked(key, in: Self.readExecution(in: key.namespace))
            return .current(execution)
        } catch {
            if error.isNotFoundObject(named: key.name) { return .ends(.success) }
            logger.warn(complaint, ["error": .foreign(known?.discreet(error) ?? "\(error)")])
            return .ends(.failed(retryAfter: error.retryAfter ?? .zero))
        }
    }

    /// What a failed read of an execution waits for.
    static func readExecution(in namespace: String) -> FailureGroup {
        FailureGroup(request: .readExecution, engine: nil, namespace: namespace)
    }
}

extension Reconciler {
    /// Reads the execution itself, so that what is deleted next does not rest on an old view of it.
    func read(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        let complaint = "Could not read the execution"
        switch await readLive(execution.key, known: execution, orSay: complaint, reconciliation.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &reconciliation) }
            return outcome
        case .current(let current):
            executions.apply(current)
            reconciliation.facts.isExecutionConfirmed = true
            return nil
        }
    }

    /// Deletes a run that has outlived its time, in exactly the version it was decided upon.
    func delete(_ run: EngineRun, in situation: Situation, _ reconciliation: inout Reconciliation) async -> WorkOutcome?
    {
        let engine = reconciliation.cache.engine
        do {
            try await client.delete(engine.runType, run.key, .exactly(run.uid, run.resourceVersion))
            reconciliation.facts.didExpireRun = true
            // It may have a finalizer: that it is gone is for a live read to say.
            reconciliation.facts.run = .unknown
            reconciliation.facts.isRunConfirmed = false
            metrics.deleted(.run)
            tell(situation.runExpiredNotice(for: run), of: situation.execution)
            reconciliation.logger.info("Deleted the run, as its time was over", ["run": .own(run.key.name)])
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

    /// Deletes an execution that has outlived its time; whoever changed it since is read, and decided upon anew.
    func delete(_ execution: WorkflowExecution, in reconciliation: inout Reconciliation) async -> WorkOutcome? {
        do {
            try await client.delete(
                WorkflowExecution.resourceType, execution.key, .exactly(execution.uid, execution.resourceVersion))
            metrics.deleted(.execution)
            tell(.expired(execution), of: execution)
            reconciliation.logger.info("Deleted the execution, as its time was over")
            return .success
        } catch {
            if error.isNotFoundObject(named: execution.key.name) { return .success }
            if error.isConflict { return await refresh(execution, in: &reconciliation) }
            return refuse(error, "the execution", in: &reconciliation)
        }
    }

    /// Tries again later what may work then by itself, and has the status tell of what somebody has to mend.
    private func refuse(_ error: KubeError, _ object: String, in reconciliation: inout Reconciliation) -> WorkOutcome? {
        reconciliation.logger.warn(
            "Could not delete what has outlived its time",
            // The condition has it all: who may read executions may know their parameters.
            ["object": .own(object), "error": .foreign(error.kind)])
        let pause = error.retryAfter ?? .zero
        guard let code = error.code, code != 404, !error.isTransient else { return .failed(retryAfter: pause) }
        reconciliation.facts.deletionRefusal = Refusal(
            reason: code == 403 ? .forbidden : .rejected,
            message: "The API server refuses to delete \(object): \(error)", isLasting: true, pause: pause)
        return nil
    }
}

extension DeleteOptions {
    /// Deletes what has this UID and this version, and then what it owns.
    fileprivate static func exactly(_ uid: String, _ version: ResourceVersion) -> DeleteOptions {
        DeleteOptions(uid: uid, resourceVersion: version, propagation: .background)
    }
}
