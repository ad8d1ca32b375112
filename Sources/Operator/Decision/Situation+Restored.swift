import KubeClient
import Status
import TowlineAPI

/// Executions that a backup tool restored: by default they come back without the status that says whether they ran.
extension Situation {
    /// The step that holds a restored execution back; nil for one that may start.
    ///
    /// A shutdown ends it as any other that has no run. Neither a start deadline nor an invalid spec does: what ran
    /// before the backup must not be reported as failed. A create that was sent earlier and is still under way needs no
    /// help from here: its run is followed as soon as the watch shows it.
    func restoredHold(_ spec: ExecutionSpec) -> Step? {
        guard execution.restoration == .held, execution.status.runRef == nil, spec.shutdown == nil else { return nil }
        let name = "-n \(execution.key.namespace) annotate wfe \(execution.key.name)"
        let message = """
            The execution was restored from a backup (\(WellKnown.restoreNameLabel)), and nothing says whether it ran \
            before. To run it: kubectl \(name) \(WellKnown.runRestoredAnnotation)=true. Otherwise delete it.
            """
        return report([held(.restoredFromBackup, message)])
    }

    /// True when a person said that a restored execution may run.
    ///
    /// Its start deadline no longer applies: it counts from a creation whose time the restore chose.
    var isReleasedAfterRestore: Bool { execution.restoration == .released }
}
