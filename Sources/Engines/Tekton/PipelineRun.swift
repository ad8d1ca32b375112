import KubeClient
import WorkflowAPI

/// What Towline reads of a Tekton PipelineRun (`tekton.dev/v1`).
struct PipelineRun {
    var metadata = ObjectMetadata()
    /// `spec.status`, by which a run is held, stopped or cancelled.
    var requestedStatus = ""
    var timeoutSeconds: Int64?
    /// The condition `Succeeded`; nil until Tekton's controller saw the run.
    var condition: KnativeCondition?
    var startTime: EngineTime?
    var completionTime: EngineTime?
    /// What was made for its tasks.
    var children = PipelineRunChildren()
    /// True when a task was skipped because a time limit had been reached.
    var skipsOvertime = false
    var results = OutputCollector()
    /// The digest of the bundle or file the pipeline came from, `sha256:…`.
    var resolvedDigest: String?
}

/// A condition as Tekton, by Knative's library, writes it.
struct KnativeCondition {
    var type = ""
    /// `True`, `False` or `Unknown`.
    var status = ""
    var reason = ""
    var message = ""
    var lastTransitionTime: EngineTime?
}
