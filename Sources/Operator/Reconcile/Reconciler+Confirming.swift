import KubeClient
import KubeRuntime
import WorkflowAPI

extension Reconciler {
    /// Reads the execution itself while the cache may be older than what a former leader wrote.
    ///
    /// It could have created a run, seen it end and told so: on the older view the run would be created again.
    func confirm(_ key: ObjectKey, _ logger: Logger) async -> WorkOutcome? {
        guard let fence, !fence.passed.isSet else { return nil }
        do {
            let current = try await client.get(
                WorkflowExecution.resourceType, key, decoding: WorkflowExecution.storeDecoder)
            executions.apply(current)
            return nil
        } catch {
            if error.isNotFoundObject(named: key.name) { return .success }
            logger.warn("Could not read the execution after taking over", ["error": .string("\(error)")])
            return .retry(notBefore: error.retryAfter ?? .zero)
        }
    }
}
