public import KubeClient
public import TowlineAPI

/// One run of any engine: a Tekton PipelineRun or an Argo Workflow, as far as Towline works with it.
///
/// A cache holds one for each run in the cluster that is ours, so it is small: what is large in a run, its resolved
/// definition and its nodes, is read and not kept.
public struct EngineRun: Hashable, Sendable {
    public let key: ObjectKey
    public let resourceVersion: ResourceVersion
    /// True while the run is being deleted.
    public let isBeingDeleted: Bool
    /// The names of the finalizers that still keep a run that is being deleted, bounded; empty for every other run.
    public let finalizers: [String]
    /// True when an annotation keeps the run beyond its time to live.
    public let isKept: Bool
    /// True while the engine has yet to put the run into an archive, and could not once it is gone.
    public let isToBeArchived: Bool
    /// What was already asked of the run, by us or by somebody else; nil when nothing was.
    public let requestedShutdown: Shutdown?
    /// True where the run's own spec keeps the engine from going on with it, and from all else that is asked of it.
    public let isHeld: Bool
    /// The engine's own time limit in whole seconds; nil where it has none.
    public let timeoutSeconds: Int64?
    /// Whole seconds since 1970, 0 where the object does not say; here it fits into the gap after the limit.
    private let creationSeconds: UInt32
    public var state: RunState
    private let ownUID: CompactUID
    private let labelUID: CompactUID?
    private let controllerUID: CompactUID?

    /// The annotations that its metadata has to be read with.
    static let annotations = [WellKnown.keepAnnotation]

    init(
        metadata: ObjectMetadata, state: RunState, requestedShutdown: Shutdown?, isHeld: Bool = false,
        isToBeArchived: Bool = false, timeoutSeconds: Int64?
    ) {
        key = metadata.key
        resourceVersion = metadata.resourceVersion
        isKept = Retention.isKept(metadata)
        self.isToBeArchived = isToBeArchived
        isBeingDeleted = metadata.deletionTimestamp != nil
        // `foregroundDeletion` and `orphan` are the garbage collector's own, and pass.
        finalizers = metadata.finalizers.map { $0.bounded(to: Bounds.name) }
        self.requestedShutdown = requestedShutdown
        self.isHeld = isHeld
        self.timeoutSeconds = timeoutSeconds
        creationSeconds = metadata.creationTimestamp.flatMap { UInt32(exactly: $0.seconds) } ?? 0
        self.state = state
        ownUID = CompactUID(metadata.uid)
        labelUID = metadata.label(WellKnown.executionUIDLabel).map(CompactUID.init)
        controllerUID = metadata.controller.map { CompactUID($0.uid) }
    }

    public var uid: String { ownUID.text }

    /// When the API server stored the run.
    public var creationTimestamp: ServerTime? {
        creationSeconds == 0 ? nil : ServerTime(seconds: Int64(creationSeconds))
    }

    /// The execution the run's label names; nil for a foreign run.
    public var executionUID: String? { labelUID?.text }

    /// The UID of the run's controlling owner.
    public var ownerUID: String? { controllerUID?.text }

    /// True when the execution with this UID owns the run: the label alone could have been copied.
    public func isOwned(byExecutionWithUID uid: String) -> Bool {
        controllerUID == CompactUID(uid)
    }
}

/// An object's UID in 16 bytes where it is a UUID, as the API server makes them.
///
/// As text it would take 96 bytes with its heap block; a cache holds three for each run.
enum CompactUID: Hashable, Sendable {
    case uuid(UInt64, UInt64)
    /// What is no UUID in its canonical lower-case form.
    case text(String)

    init(_ text: String) {
        guard let (high, low) = Self.parse(text) else {
            self = .text(text)
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

    /// The digits before which a dash stands.
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
