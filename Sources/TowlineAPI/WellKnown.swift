import KubeClient

/// The words Towline puts on objects, or reads from them.
public enum WellKnown {
    /// The field manager of everything the operator writes.
    public static let fieldManager = "towline-operator"
    /// Who tells the Kubernetes events about executions.
    public static let reportingController = "towline.dev/operator"
    /// The label on every run: the UID of its execution. Every watch of runs selects on it.
    public static let executionUIDLabel = "towline.dev/execution-uid"
    /// The annotation on every run: the name of its execution.
    public static let executionAnnotation = "towline.dev/execution"
    /// The annotation, set to `true` on every run, by which Argo CD leaves out changes that are none to its users.
    ///
    /// Without it each step of a run would refresh the application that its execution belongs to. Tekton hands it down
    /// to TaskRuns and pods.
    public static let ignoreUpdatesAnnotation = "argocd.argoproj.io/ignore-resource-updates"
    /// The annotation that keeps an execution or a run beyond its time to live, whatever its value, `false` excepted.
    public static let keepAnnotation = "towline.dev/keep"
    /// The label that Velero puts on every object it restores, with the name of the restore.
    public static let restoreNameLabel = "velero.io/restore-name"
    /// The annotation that lets a restored execution run, with the value `true`.
    public static let runRestoredAnnotation = "towline.dev/run-restored"
    /// The annotation on an example that says how it has to end: `PHASE/OUTCOME` or `PHASE/OUTCOME/REASON`.
    public static let expectAnnotation = "towline.dev/expect"
}

/// Whether an execution was restored from a backup, and whether somebody said that it may run.
///
/// A backup tool creates the object again under a new UID and, by default, without its status: nothing on it tells
/// whether it ran before.
public enum Restoration: Hashable, Sendable {
    /// No sign of a restore.
    case none
    /// Restored, and not released: it must not run unless it already does.
    case held
    /// Restored, and released by ``WellKnown/runRestoredAnnotation``.
    case released

    /// What the metadata of an execution says.
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
