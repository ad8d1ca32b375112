import KubeClient
import TowlineAPI

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
    /// How many tasks were skipped because their own `when` expressions said so.
    var conditionalSkips: Int32 = 0
    /// How many tasks the resolved pipeline has, `finally` tasks included; nil until Tekton has fetched it.
    var taskCount: Int32?
    /// How many of them may fail without the run failing (`onError: continue`).
    var tolerantTasks: Int32 = 0
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
