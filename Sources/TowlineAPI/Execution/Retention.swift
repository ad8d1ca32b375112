public import KubeClient

/// How long an execution and its run are kept after the end: what the user wrote, and what on the object forbids it.
///
/// Sixteen bytes, because a store holds one for each finished execution, long after its spec was dropped.
public struct Retention: Hashable, Sendable {
    /// Seconds from the end of the execution to the deletion of its run; nil for never.
    public var runSeconds: UInt32?
    /// Seconds from the end of the execution to its own deletion; nil for never.
    public var executionSeconds: UInt32?
    /// By which mark a GitOps tool knows the execution as its own; nil for no such tool.
    public var management: ManagementMark?
    /// True when ``WellKnown/keepAnnotation`` keeps the execution, and with it its run.
    public var isKept: Bool

    public init(
        runSeconds: UInt32? = nil, executionSeconds: UInt32? = nil, management: ManagementMark? = nil,
        isKept: Bool = false
    ) {
        self.runSeconds = runSeconds
        self.executionSeconds = executionSeconds
        self.management = management
        self.isKept = isKept
    }

    /// What `config` and the metadata of an execution say; a time out of bounds means that nothing is deleted.
    public init(_ config: ExecutionConfig, _ metadata: ObjectMetadata) {
        func bounded(_ seconds: Int64?) -> UInt32? {
            seconds.flatMap { (0...SpecLimits.ttlSeconds).contains($0) ? UInt32(exactly: $0) : nil }
        }
        self.init(
            runSeconds: bounded(config.runTTLSecondsAfterFinished),
            executionSeconds: bounded(config.ttlSecondsAfterFinished), management: ManagementMark(metadata),
            isKept: Self.isKept(metadata))
    }

    /// True when the annotation that keeps an object is on it: with any value but `false`.
    public static func isKept(_ metadata: ObjectMetadata) -> Bool {
        metadata.annotation(WellKnown.keepAnnotation).map { $0 != "false" } ?? false
    }

    /// The annotations that ``init(_:_:)`` wants to see.
    static let annotations = [WellKnown.keepAnnotation] + ManagementMark.annotations
}
