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
    func write(_ status: ExecutionStatus, of execution: WorkflowExecution, in pass: inout Pass) async -> WorkOutcome? {
        let patch = StatusPatch(of: execution, to: status)
        do {
            let written = try await client.patch(
                WorkflowExecution.resourceType, execution.key, subresource: "status", .merge(patch.body),
                WriteOptions(fieldManager: WellKnown.fieldManager), decoding: WorkflowExecution.storeDecoder)
            executions.apply(written)
            note(.writeStatus, worked: true, in: &pass)
            note(status, of: execution, in: pass)
            return nil
        } catch {
            if error.isNotFoundObject(named: execution.key.name) { return .success }
            if error.isConflict {
                let outcome = await refresh(execution, in: &pass)
                // It may have been this very write that was done, and its answer lost.
                if isStored(status, for: execution) { note(status, of: execution, in: pass) }
                return outcome
            }
            note(.writeStatus, worked: false, in: &pass)
            pass.logger.warn("Could not write the status", ["error": .foreign(execution.discreet(error))])
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
    func refresh(_ execution: WorkflowExecution, in pass: inout Pass) async -> WorkOutcome? {
        let complaint = "Could not read the execution again"
        switch await readLive(execution.key, known: execution, orSay: complaint, pass.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &pass) }
            return outcome
        case .current(let current):
            // The same version again: the conflict was the server's own race, so give it time.
            guard current.resourceVersion != execution.resourceVersion else { return .failed() }
            executions.apply(current)
            return nil
        }
    }

    /// One line, one count, and what people have to be told, for each transition.
    private func note(_ status: ExecutionStatus, of execution: WorkflowExecution, in pass: Pass) {
        let old = execution.status
        for notice in Notice.news(
            from: old, to: status, wasCreated: pass.didCreateRun, namesake: pass.runReference)
        {
            tell(notice, of: execution)
        }
        guard status.phase != old.phase || status.reason != old.reason else { return }
        pass.logger.info(
            "Status changed",
            [
                "phase": .own(status.phase.rawValue), "outcome": .own(status.outcome?.rawValue ?? ""),
                "reason": .own(status.reason?.rawValue ?? ""), "run": .own(status.runRef?.name ?? ""),
            ])
        if status.phase.isTerminal, !old.phase.isTerminal {
            metrics.finished(status, runEnd: pass.runEnd, now: clock.now())
        }
    }
}

extension WorkflowExecution {
    /// What the log may tell of an error: where the parameters are not known any more, and so cannot be masked, only its
    /// kind.
    func discreet(_ error: KubeError) -> String { spec == nil ? error.kind : "\(error)" }
}

extension Reconciler.Pass {
    /// When the run ended, by the engine's clock; nil where it is not there or does not tell.
    fileprivate var runEnd: EngineTime? {
        if case .present(let run) = facts.run, run.state.isFinished { run.state.finishedAt } else { nil }
    }

    /// The object that bears the run's name, where it was seen.
    fileprivate var runReference: RunReference? {
        if case .present(let run) = facts.run { cache.engine.reference(to: run) } else { nil }
    }
}
