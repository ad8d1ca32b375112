public import KubeClient

/// One `Environment` of the cluster: a resource with phases, readiness, an expiry and a teardown.
public struct Environment: Hashable, Sendable {
    public static let resourceType = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "environments", kind: "Environment")

    public let key: ObjectKey
    public let uid: String
    public let resourceVersion: ResourceVersion
    public let generation: Int64
    /// Set while the environment is being deleted.
    public let deletionTimestamp: ServerTime?
    /// All finalizers, also those of others.
    public let finalizers: [String]
    /// The requests of users that are annotations, because spec belongs to Git.
    public let requests: EnvironmentRequests
    public let spec: EnvironmentSpec
    public let status: EnvironmentStatus

    public init(
        key: ObjectKey, uid: String, resourceVersion: ResourceVersion = ResourceVersion(""), generation: Int64 = 1,
        deletionTimestamp: ServerTime? = nil, finalizers: [String] = [],
        requests: EnvironmentRequests = EnvironmentRequests(), spec: EnvironmentSpec,
        status: EnvironmentStatus = EnvironmentStatus()
    ) {
        self.key = key
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.generation = generation
        self.deletionTimestamp = deletionTimestamp
        self.finalizers = finalizers
        self.requests = requests
        self.spec = spec
        self.status = status
    }

    /// Whether Towline holds the deletion of the environment until it is torn down.
    public var isHeld: Bool { finalizers.contains(WellKnown.teardownFinalizer) }

    /// The phases: inline, or as recorded from the Lifecycle; nil until that was found.
    public var plan: PhasePlan? {
        switch spec.lifecycle {
        case .inline(let plan): plan
        case .reference: status.lifecycle?.plan
        }
    }
}

/// The annotations of an environment that its controller reads.
public struct EnvironmentRequests: Hashable, Sendable {
    /// The expiry that a user asks for, as written: `towline.dev/extended-until`.
    public var extendedUntil: String?
    /// A text that is new for each request to retry the failed phase: `towline.dev/retry-requested-at`.
    public var retryRequestedAt: String?
    /// True if the environment must end without its teardown phase: `towline.dev/skip-teardown`.
    public var skipsTeardown: Bool

    public init(extendedUntil: String? = nil, retryRequestedAt: String? = nil, skipsTeardown: Bool = false) {
        self.extendedUntil = extendedUntil
        self.retryRequestedAt = retryRequestedAt
        self.skipsTeardown = skipsTeardown
    }

    /// The longest text of ``retryRequestedAt`` that the status repeats, in bytes.
    static let longestRequest = 64

    static let annotations = [
        WellKnown.extendedUntilAnnotation, WellKnown.retryRequestedAnnotation, WellKnown.skipTeardownAnnotation,
    ]

    init(_ metadata: ObjectMetadata) {
        extendedUntil = metadata.annotation(WellKnown.extendedUntilAnnotation)?.bounded(to: Self.longestRequest)
        let retry = metadata.annotation(WellKnown.retryRequestedAnnotation)?.displayable
        retryRequestedAt = retry.flatMap { $0.isEmpty ? nil : $0.bounded(to: Self.longestRequest) }
        skipsTeardown = metadata.annotation(WellKnown.skipTeardownAnnotation) == "true"
    }
}

/// What a user asks of an environment. Only ``desired``, `timeslot.end` and ``signals`` can change after creation.
public struct EnvironmentSpec: Hashable, Sendable {
    /// The phases, or where they are.
    public enum LifecycleSource: Hashable, Sendable {
        case inline(PhasePlan)
        case reference(DefinitionID)
    }

    /// False if the environment is to be torn down, which is final.
    public var isDesired: Bool
    public var timeslot: Timeslot
    /// The values for the parameters that the phases' definitions declare.
    public var parameters: [MapEntry]
    /// The settings of the executions of all phases; the other settings of executions are absent.
    public var executionConfig: ExecutionConfig
    public var lifecycle: LifecycleSource
    /// What happened outside, for the phases that wait for it.
    public var signals: [String]

    public init(
        isDesired: Bool = true, timeslot: Timeslot = Timeslot(), parameters: [MapEntry] = [],
        executionConfig: ExecutionConfig = ExecutionConfig(), lifecycle: LifecycleSource, signals: [String] = []
    ) {
        self.isDesired = isDesired
        self.timeslot = timeslot
        self.parameters = parameters
        self.executionConfig = executionConfig
        self.lifecycle = lifecycle
        self.signals = signals
    }
}

/// When an environment exists.
public struct Timeslot: Hashable, Sendable {
    /// When the environment should be ready; nil for as soon as possible.
    public var start: ServerTime?
    /// When the environment expires; nil if `ttlSeconds` decides, or for never.
    public var end: ServerTime?
    /// The time from the environment's start to its expiry, in seconds.
    public var ttlSeconds: Int64?
    /// How long before `start` the first phase begins, in seconds.
    public var leadSeconds: Int64
    /// The longest time for the termination of the environment, in seconds; nil for the default.
    public var teardownSeconds: Int64?
    /// The latest expiry that an extension can set.
    public var maxEnd: ServerTime?

    public init(
        start: ServerTime? = nil, end: ServerTime? = nil, ttlSeconds: Int64? = nil, leadSeconds: Int64 = 0,
        teardownSeconds: Int64? = nil, maxEnd: ServerTime? = nil
    ) {
        self.start = start
        self.end = end
        self.ttlSeconds = ttlSeconds
        self.leadSeconds = leadSeconds
        self.teardownSeconds = teardownSeconds
        self.maxEnd = maxEnd
    }

    /// The bound of a termination without `teardownSeconds`.
    public static let defaultTeardownSeconds: Int64 = 600

    /// The longest time that the termination may take.
    public var teardownBound: Duration { .seconds(max(1, teardownSeconds ?? Self.defaultTeardownSeconds)) }

    /// When the first phase may begin; nil for at once.
    public var provisioningStart: ServerTime? { start.map { $0 - .seconds(max(0, leadSeconds)) } }

    /// The expiry without extensions of an environment that started at this time; nil for never.
    public func expiry(startedAt: ServerTime?) -> ServerTime? {
        let own = end ?? startedAt.flatMap { start in ttlSeconds.map { start + .seconds(max(0, $0)) } }
        guard let own, let maxEnd else { return own }
        return min(own, maxEnd)
    }
}

// MARK: Reading

extension Environment {
    /// The maximum number of finalizers of an environment that can be read.
    private static let maximumFinalizers = 64

    /// Reads one object; unknown fields are skipped.
    ///
    /// A wrong type is an error that names the field, and so are a missing name, UID or lifecycle.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        var metadata = ObjectMetadata()
        var finalizers: [String] = []
        var spec: EnvironmentSpec?
        var status = EnvironmentStatus()
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                // Two passes: metadata keeps no finalizers of an object that is not being deleted.
                var copy = cursor
                finalizers = try copy.finalizers(atMost: Self.maximumFinalizers)
                metadata = try cursor.field("metadata") { (cursor) throws(JSONError) in
                    try ObjectMetadata(&cursor, annotations: EnvironmentRequests.annotations)
                }
            case "spec": spec = try EnvironmentSpec(reading: &cursor)
            case "status": status = try EnvironmentStatus(reading: &cursor)
            default: try cursor.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw JSONError("metadata.name: missing", offset: start) }
        guard !metadata.uid.isEmpty else { throw JSONError("metadata.uid: missing", offset: start) }
        guard let spec else { throw JSONError("spec: missing", offset: start) }
        self.init(
            key: metadata.key, uid: metadata.uid, resourceVersion: metadata.resourceVersion,
            generation: metadata.generation, deletionTimestamp: metadata.deletionTimestamp, finalizers: finalizers,
            requests: EnvironmentRequests(metadata), spec: spec, status: status)
    }

    /// Reads complete objects.
    public static let decoder: ObjectDecoder<Environment> = { (cursor) throws(JSONError) in
        try Environment(reading: &cursor)
    }
}

extension JSONCursor {
    /// Reads the finalizers in an object's metadata; more than `limit` are an error, because all must be written back.
    fileprivate mutating func finalizers(atMost limit: Int) throws(JSONError) -> [String] {
        let start = offset
        var names: [String] = []
        try object("metadata") { (key, cursor) throws(JSONError) in
            if key == "finalizers" {
                names = try cursor.strings("metadata.finalizers")
            } else {
                try cursor.skipValue()
            }
        }
        guard names.count <= limit else {
            throw JSONError("metadata.finalizers: more than \(limit)", offset: start)
        }
        return names
    }
}

extension EnvironmentSpec {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        var lifecycle: LifecycleSource?
        var spec = EnvironmentSpec(lifecycle: .inline(PhasePlan(phases: [])))
        try cursor.object("spec") { (key, cursor) throws(JSONError) in
            switch key {
            case "desired": spec.isDesired = try cursor.string("spec.desired") != "Inactive"
            case "timeslot": spec.timeslot = try Timeslot(reading: &cursor)
            case "parameters": spec.parameters = try cursor.entries("spec.parameters")
            case "executionConfig": spec.executionConfig = try ExecutionConfig(reading: &cursor)
            case "lifecycle":
                if try cursor.readNull() { return }
                var plan = PhasePlan(phases: [])
                try cursor.object("spec.lifecycle") { (key, cursor) throws(JSONError) in
                    try cursor.field("spec.lifecycle") { (cursor) throws(JSONError) in try plan.read(key, &cursor) }
                }
                lifecycle = .inline(plan)
            case "lifecycleRef":
                guard let id = try DefinitionID(reading: &cursor, "spec.lifecycleRef") else { return }
                lifecycle = .reference(id)
            case "signals": spec.signals = try cursor.strings("spec.signals")
            default: try cursor.skipValue()
            }
        }
        guard let lifecycle else { throw JSONError("spec.lifecycle: missing", offset: start) }
        spec.lifecycle = lifecycle
        self = spec
    }
}

extension Timeslot {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var slot = Timeslot()
        try cursor.object("spec.timeslot") { (key, cursor) throws(JSONError) in
            switch key {
            case "start": slot.start = try cursor.timestamp("spec.timeslot.start")
            case "end": slot.end = try cursor.timestamp("spec.timeslot.end")
            case "ttlSeconds": slot.ttlSeconds = try cursor.integer("spec.timeslot.ttlSeconds")
            case "leadSeconds": slot.leadSeconds = try cursor.integer("spec.timeslot.leadSeconds") ?? 0
            case "teardownSeconds": slot.teardownSeconds = try cursor.integer("spec.timeslot.teardownSeconds")
            case "maxEnd": slot.maxEnd = try cursor.timestamp("spec.timeslot.maxEnd")
            default: try cursor.skipValue()
            }
        }
        self = slot
    }
}
