import KubeClient

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
