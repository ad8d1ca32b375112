import KubeClient

/// Labels, annotations and names that Towline writes to objects or reads from them.
public enum WellKnown {
    /// The field manager of everything the operator writes.
    public static let fieldManager = "towline-operator"
    /// The reporting controller of Kubernetes events about executions.
    public static let reportingController = "towline.dev/operator"
    /// What to do if the API server does not serve one of our kinds.
    public static let definitionRemedy = "install the definition with kubectl apply -f crds/ or with the chart"
    /// The label on every run with the UID of its execution; every watch of runs selects on it.
    public static let executionUIDLabel = "towline.dev/execution-uid"
    /// The annotation on every run with the name of its execution.
    public static let executionAnnotation = "towline.dev/execution"
    /// The annotation, `true` on every run, that makes Argo CD ignore updates of the run.
    ///
    /// Without it, each step of a run would refresh the application of its execution. Tekton copies it to TaskRuns and
    /// pods.
    public static let ignoreUpdatesAnnotation = "argocd.argoproj.io/ignore-resource-updates"
    /// The annotation that keeps an execution or a run after its TTL expired, with any value except `false`.
    public static let keepAnnotation = "towline.dev/keep"
    /// The label that Velero puts on every object it restores, with the name of the restore.
    public static let restoreNameLabel = "velero.io/restore-name"
    /// The annotation that lets a restored execution run, with the value `true`.
    public static let runRestoredAnnotation = "towline.dev/run-restored"
    /// The finalizer that holds the deletion of an environment until it is torn down.
    public static let teardownFinalizer = "towline.dev/teardown"
    /// The annotation on an environment with the later expiry that a user asks for.
    public static let extendedUntilAnnotation = "towline.dev/extended-until"
    /// The annotation on an environment that asks to retry its failed phase; each new text is one request.
    public static let retryRequestedAnnotation = "towline.dev/retry-requested-at"
    /// The annotation that ends an environment without its teardown phase, with the value `true`.
    public static let skipTeardownAnnotation = "towline.dev/skip-teardown"
    /// The label on every execution of an environment with the environment's UID.
    public static let environmentUIDLabel = "towline.dev/environment-uid"
    /// The label on every execution of an environment with the name of its phase.
    public static let phaseLabel = "towline.dev/phase"
    /// The label on every execution of an environment with the number of the attempt.
    public static let attemptLabel = "towline.dev/attempt"
    /// The annotation on every execution of an environment with the environment's name.
    public static let environmentAnnotation = "towline.dev/environment"
    /// The annotation on an example with its expected end: `PHASE/OUTCOME` or `PHASE/OUTCOME/REASON`.
    public static let expectAnnotation = "towline.dev/expect"
}

/// Whether an execution was restored from a backup, and whether a user released it.
///
/// A backup tool creates the object with a new UID and, by default, without its status, so nothing on it shows whether
/// it ran before.
public enum Restoration: Hashable, Sendable {
    /// Not restored.
    case none
    /// Restored and not released: no run is created, but an existing one is followed.
    case held
    /// Restored and released by ``WellKnown/runRestoredAnnotation``.
    case released

    /// Reads the metadata of an execution.
    init(_ metadata: ObjectMetadata) {
        let mark = WellKnown.restoreNameLabel
        guard (metadata.label(mark) ?? metadata.annotation(mark)) != nil else {
            self = .none
            return
        }
        self = metadata.annotation(WellKnown.runRestoredAnnotation) == "true" ? .released : .held
    }

    /// The annotations that ``init(_:)`` reads.
    static let annotations = [WellKnown.restoreNameLabel, WellKnown.runRestoredAnnotation]
}
