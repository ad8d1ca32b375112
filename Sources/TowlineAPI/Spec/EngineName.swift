/// The execution engines Towline hands workflows to, by the words users write.
public enum EngineName: String, CaseIterable, Hashable, Sendable {
    /// Tekton Pipelines; what an execution gets that names no engine.
    case tekton
    /// Argo Workflows.
    case argo
}
