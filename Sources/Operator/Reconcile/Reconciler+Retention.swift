import Engines
import KubeClient
import KubeRuntime
import TowlineAPI

extension Reconciler {
    /// Reads the execution itself, so that what is deleted next does not rest on an old view of it.
    func read(_ execution: WorkflowExecution, in pass: inout Pass) async -> WorkOutcome? {
        let complaint = "Could not read the execution"
        switch await readLive(execution.key, known: execution, orSay: complaint, pass.logger) {
        case .ends(let outcome):
            if outcome.backsOff { note(.readExecution, worked: false, in: &pass) }
            return outcome
        case .current(let current):
            executions.apply(current)
            pass.facts.isExecutionProven = true
            return nil
        }
    }

    /// Deletes a run that has outlived its time, in exactly the version it was decided upon.
    func delete(_ run: EngineRun, in situation: Situation, _ pass: inout Pass) async -> WorkOutcome? {
        let engine = pass.cache.engine
        do {
            try await client.delete(engine.runType, run.key, .exactly(run.uid, run.resourceVersion))
            pass.facts.didExpireRun = true
            // It may have a finalizer: that it is gone is for a live read to say.
            pass.facts.run = .unknown
            pass.facts.isRunProven = false
            metrics.deleted(.run)
            tell(situation.runExpiredNotice(for: run), of: situation.execution)
            pass.logger.info("Deleted the run, as its time was over", ["run": .own(run.key.name)])
            return nil
        } catch {
            if error.isConflict || error.isNotFoundObject(named: run.key.name) {
                await readRun(in: &pass)
                return nil
            }
            if error.isPlainNotFound {
                pass.facts.run = .engineMissing
                pass.facts.isEngineServed = false
                return nil
            }
            return refuse(error, "\(engine.runType.kind) \(run.key.name)", in: &pass)
        }
    }

    /// Deletes an execution that has outlived its time; whoever changed it since is read, and decided upon anew.
    func delete(_ execution: WorkflowExecution, in pass: inout Pass) async -> WorkOutcome? {
        do {
            try await client.delete(
                WorkflowExecution.resourceType, execution.key, .exactly(execution.uid, execution.resourceVersion))
            metrics.deleted(.execution)
            tell(.expired(execution), of: execution)
            pass.logger.info("Deleted the execution, as its time was over")
            return .success
        } catch {
            if error.isNotFoundObject(named: execution.key.name) { return .success }
            if error.isConflict { return await refresh(execution, in: &pass) }
            return refuse(error, "the execution", in: &pass)
        }
    }

    /// Tries again later what may work then by itself, and has the status tell of what somebody has to mend.
    private func refuse(_ error: KubeError, _ object: String, in pass: inout Pass) -> WorkOutcome? {
        pass.logger.warn(
            "Could not delete what has outlived its time",
            // The condition has it all: who may read executions may know their parameters.
            ["object": .own(object), "error": .foreign(error.kind)])
        let pause = error.retryAfter ?? .zero
        guard let code = error.code, code != 404, !error.isTransient else { return .failed(retryAfter: pause) }
        pass.facts.deletionRefusal = Refusal(
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
