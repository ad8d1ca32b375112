public import ExecutionStatus
public import WorkflowAPI

extension Engine {
    /// What one look at a run tells about its execution.
    public func observation(of run: EngineRun, links: [Link] = []) -> Observation {
        let state = run.state
        return Observation(
            reason: state.reason, message: state.message, engine: name,
            engineReason: state.engineReason.isEmpty ? nil : state.engineReason, runRef: reference(to: run),
            progress: state.progress?.description, executed: state.executed, failure: state.failure,
            outputs: state.outputs, links: links)
    }
}
