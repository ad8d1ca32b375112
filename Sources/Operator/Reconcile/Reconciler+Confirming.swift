import KubeClient
import KubeRuntime
import TowlineAPI

extension Reconciler {
    /// Reads the execution itself while the cache may be older than what a former leader wrote.
    ///
    /// It could have created a run, seen it end and told so: on the older view the run would be created again.
    ///
    /// - Parameter trouble: set where that failed.
    func confirm(_ key: ObjectKey, _ logger: Logger, _ trouble: inout RecoveryGroup?) async -> WorkOutcome? {
        guard let fence, !fence.passed.isSet else { return nil }
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
    static func readExecution(in namespace: String) -> RecoveryGroup {
        RecoveryGroup(request: .readExecution, engine: nil, namespace: namespace)
    }
}
