public import KubeClient
public import TowlineAPI

/// A run of any engine: the parts of a Tekton PipelineRun or an Argo Workflow that Towline uses.
///
/// The cache holds one for each of our runs, so it is small: the resolved definition and the nodes are read but not
/// kept.
public struct EngineRun: Hashable, Sendable {
    public let key: ObjectKey
    public let resourceVersion: ResourceVersion
    /// Whether the run is being deleted.
    public let isBeingDeleted: Bool
    /// The finalizers that delay the run's deletion, bounded in length; empty if it is not being deleted.
    public let finalizers: [String]
    /// Whether an annotation keeps the run after its TTL has expired.
    public let isKept: Bool
    /// How far an archive has come with the run.
    public let archive: ArchiveMark
    /// The shutdown that Towline or a user has already requested; nil if none.
    public let requestedShutdown: Shutdown?
    /// Whether the run's spec suspends it, so that the engine ignores even a shutdown.
    public let isSuspended: Bool
    /// The engine's timeout in seconds; nil if none.
    public let timeoutSeconds: Int64?
    /// The creation time in seconds since 1970, or 0 if unknown; stored here because it fits into padding.
    private let creationSeconds: UInt32
    public var state: RunState
    private let ownUID: CompactUID
    private let labelUID: CompactUID?
    private let controllerUID: CompactUID?

    /// The annotations that are read from the metadata.
    static let annotations = [WellKnown.keepAnnotation, ArchiveMark.resultsAnnotation]

    init(
        metadata: ObjectMetadata, state: RunState, requestedShutdown: Shutdown?, isSuspended: Bool = false,
        archive: ArchiveMark = .none, timeoutSeconds: Int64?
    ) {
        key = metadata.key
        resourceVersion = metadata.resourceVersion
        isKept = Retention.isKept(metadata)
        self.archive = archive
        isBeingDeleted = metadata.deletionTimestamp != nil
        // `ObjectMetadata` omits the garbage collector's `foregroundDeletion` and `orphan`.
        finalizers = metadata.finalizers.map { $0.bounded(to: Bounds.name) }
        self.requestedShutdown = requestedShutdown
        self.isSuspended = isSuspended
        self.timeoutSeconds = timeoutSeconds
        creationSeconds = metadata.creationTimestamp.flatMap { UInt32(exactly: $0.seconds) } ?? 0
        self.state = state
        ownUID = CompactUID(metadata.uid)
        labelUID = metadata.label(WellKnown.executionUIDLabel).map(CompactUID.init)
        controllerUID = metadata.controllingExecutionUID.map(CompactUID.init)
    }

    /// The run for a cache, with an abridged state.
    public var abridged: EngineRun {
        var run = self
        run.state = state.abridged
        return run
    }

    public var uid: String { ownUID.text }

    /// When the run was created, by the API server's clock.
    public var creationTimestamp: ServerTime? {
        creationSeconds == 0 ? nil : ServerTime(seconds: Int64(creationSeconds))
    }

    /// The execution UID in the run's label; nil for a foreign run.
    public var executionUID: String? { labelUID?.text }

    /// The UID of the execution that controls the run; nil if none or another kind of object does.
    public var ownerUID: String? { controllerUID?.text }

    /// Whether the execution with this UID owns the run; the label is not sufficient, since anyone could copy it.
    public func isOwned(byExecutionWithUID uid: String) -> Bool {
        controllerUID == CompactUID(uid)
    }
}

extension ObjectMetadata {
    /// The UID of the WorkflowExecution that controls the object; nil for none.
    public var controllingExecutionUID: String? { controller.flatMap { $0.isExecution ? $0.uid : nil } }
}

extension OwnerReference {
    /// Whether the owner is a WorkflowExecution. A reference to another kind can have any UID, and is not what an
    /// admission policy reserves for the operator.
    fileprivate var isExecution: Bool {
        kind == WorkflowExecution.resourceType.kind && apiVersion.hasPrefix("\(WorkflowExecution.resourceType.group)/")
    }
}

/// The mark of an archive on a run. No mark speaks for the logs.
public enum ArchiveMark: Hashable, Sendable {
    /// No archive has marked the run.
    case none
    /// An archive records the run, and has not finished: Tekton Results.
    case started
    /// The engine itself will archive the run, which it could not do after a deletion: Argo.
    case promised
    /// The archive has the final state of the run.
    case complete

    /// The annotation of Tekton Results on a PipelineRun: `false` while it records the run, `true` afterwards.
    static let resultsAnnotation = "results.tekton.dev/stored"
}

/// A UID, stored in 16 bytes if it is a UUID, which the API server's UIDs are.
///
/// As text it would take 96 bytes including its heap block, and the cache holds three per run.
enum CompactUID: Hashable, Sendable {
    case uuid(UInt64, UInt64)
    /// Text that is not a canonical lowercase UUID.
    case text(String)

    init(_ text: String) {
        guard let (high, low) = Self.parse(text) else {
            // The API server does not limit the UIDs of owner references.
            self = .text(text.bounded(to: Bounds.name))
            return
        }
        self = .uuid(high, low)
    }

    var text: String {
        switch self {
        case .text(let text): return text
        case .uuid(let high, let low):
            var output: [UInt8] = []
            output.reserveCapacity(36)
            for index in 0..<32 {
                if Self.dashes.contains(index) { output.append(UInt8(ascii: "-")) }
                let half = index < 16 ? high : low
                let digit = UInt8(truncatingIfNeeded: half >> UInt64(60 - 4 * (index % 16))) & 0xF
                output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
            return String(decoding: output, as: UTF8.self)
        }
    }

    /// The indices of the digits that follow a dash.
    private static let dashes: Set<Int> = [8, 12, 16, 20]

    private static func parse(_ text: String) -> (UInt64, UInt64)? {
        guard text.utf8.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var count = 0
        var expectsDash = false
        for byte in text.utf8 {
            if expectsDash {
                guard byte == UInt8(ascii: "-") else { return nil }
                expectsDash = false
                continue
            }
            guard count < 32, let digit = lowercaseHexadecimal(byte) else { return nil }
            if count < 16 { halves.0 = halves.0 << 4 | digit } else { halves.1 = halves.1 << 4 | digit }
            count += 1
            expectsDash = dashes.contains(count)
        }
        return count == 32 ? halves : nil
    }

    private static func lowercaseHexadecimal(_ byte: UInt8) -> UInt64? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a")) + 10
        default: nil
        }
    }
}
