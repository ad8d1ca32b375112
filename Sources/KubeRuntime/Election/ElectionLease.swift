import FoundationEssentials
public import KubeClient

/// The lease of an election, and this candidate's identity.
public struct ElectionSettings: Sendable, Hashable {
    /// The namespace and name of the lease.
    public let lease: ObjectKey
    /// A globally unique name of this candidate; see ``makeIdentity(host:)``.
    public let identity: String
    public let timing: ElectionTiming

    public init(lease: ObjectKey, identity: String, timing: ElectionTiming = .default) {
        self.lease = lease
        self.identity = identity
        self.timing = timing
    }

    /// Returns a new identity: the host name, for readability, and a UUID.
    public static func makeIdentity(host: String) -> String { "\(host)_\(UUID().uuidString.lowercased())" }
}

/// The three durations of an election, in proportions that prevent two leaders at a time.
///
/// A leader trusts its lease for `renewDeadline` after it sent the last renewal; the other candidates wait for
/// `leaseDuration` after they saw it. Two processes never lead at once as long as no clock runs faster than another one
/// by more than the ratio of the two: 1.5 with the defaults, which are client-go's.
public struct ElectionTiming: Sendable, Hashable {
    /// How long candidates wait after the last renewal that they saw; whole seconds.
    public let leaseDuration: Duration
    /// How long a leader continues after its last successful renewal.
    public let renewDeadline: Duration
    /// How often a leader renews the lease, and about how often candidates check it.
    public let retryPeriod: Duration

    /// Durations that violate the rules; the description says which, and what is valid.
    public struct Invalid: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// The shortest lease: the API counts in whole seconds.
    private static let shortest = Duration.seconds(1)
    private static let longest = Duration.seconds(3600)

    /// - Throws: if the lease duration is not longer than the renew deadline, or the renew deadline is not longer than
    ///   1.2 retry periods.
    public init(leaseDuration: Duration, renewDeadline: Duration, retryPeriod: Duration) throws(Invalid) {
        guard leaseDuration >= Self.shortest, leaseDuration <= Self.longest, leaseDuration.components.attoseconds == 0
        else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration.goText)) must be in whole seconds, from 1s to 1h")
        }
        guard leaseDuration > renewDeadline else {
            throw Invalid(
                description: "the lease duration (\(leaseDuration.goText)) must be greater than the renew "
                    + "deadline (\(renewDeadline.goText))")
        }
        guard retryPeriod > .zero else {
            throw Invalid(description: "the retry period (\(retryPeriod.goText)) must be greater than zero")
        }
        guard renewDeadline > retryPeriod * 6 / 5 else {
            throw Invalid(
                description: "the renew deadline (\(renewDeadline.goText)) must be greater than 1.2 times the "
                    + "retry period (\(retryPeriod.goText))")
        }
        self.leaseDuration = leaseDuration
        self.renewDeadline = renewDeadline
        self.retryPeriod = retryPeriod
    }

    private init(seconds lease: Int, _ renew: Int, _ retry: Int) {
        (leaseDuration, renewDeadline, retryPeriod) = (.seconds(lease), .seconds(renew), .seconds(retry))
    }

    /// A lease of 15 seconds, trusted for 10 seconds and renewed every 2 seconds.
    public static let `default` = ElectionTiming(seconds: 15, 10, 2)

    /// The timeout of one request, so that a request that hangs does not lose the lease.
    var requestTimeout: Duration { max(.seconds(1), renewDeadline / 2) }
}

/// The fields of a `coordination.k8s.io/v1` Lease that an election uses.
struct Lease: StoredObject, Hashable {
    /// The object as the server sent it; all other fields are written back unchanged.
    let object: JSONValue
    let key: ObjectKey
    let uid: String
    let resourceVersion: ResourceVersion
    /// The identity of the leader; empty without a leader.
    let holder: String
    /// How long the holder's claim lasts; nil if the lease does not say.
    let duration: Duration?
    /// The number of changes of the holder.
    let transitions: Int64
    /// The identity of the next leader, if one is requested; empty otherwise.
    let preferredHolder: String

    static let resourceType = ResourceType(
        group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")

    static let decoder: ObjectDecoder<Lease> = { (cursor) throws(JSONError) in Lease(try cursor.readValue()) }

    init(_ object: JSONValue) {
        func text(_ path: String...) -> String { object[path: path]?.stringValue ?? "" }
        self.object = object
        key = ObjectKey(namespace: text("metadata", "namespace"), name: text("metadata", "name"))
        uid = text("metadata", "uid")
        resourceVersion = ResourceVersion(text("metadata", "resourceVersion"))
        holder = text("spec", "holderIdentity")
        let seconds = object[path: ["spec", "leaseDurationSeconds"]]?.integerValue
        duration = seconds.flatMap { (1...Int64(Int32.max)).contains($0) ? .seconds($0) : nil }
        transitions = object[path: ["spec", "leaseTransitions"]]?.integerValue ?? 0
        preferredHolder = text("spec", "preferredHolder")
    }
}

/// What a candidate writes into a lease.
enum LeaseClaim: Hashable {
    /// Become the holder.
    case acquire
    /// Remain the holder.
    case renew
    /// Clear the holder.
    case release
}

extension LeaseClaim {
    /// Returns the new lease object, based on `lease` if it exists.
    ///
    /// The times are for people: candidates never compare them with their own clocks.
    func object(on lease: Lease?, _ settings: ElectionSettings, now: Timestamp) -> JSONValue {
        var object = lease?.object ?? Self.blank(settings.lease)
        var spec = object["spec"] ?? [:]
        let isTakeover = lease.map { $0.holder != settings.identity } ?? true
        spec["holderIdentity"] = .string(self == .release ? "" : settings.identity)
        spec["leaseDurationSeconds"] =
            self == .release ? 1 : .integer(settings.timing.leaseDuration.components.seconds)
        spec["renewTime"] = .string(now.rfc3339Microseconds)
        if self == .acquire, isTakeover {
            spec["acquireTime"] = .string(now.rfc3339Microseconds)
            let transitions = lease.map { $0.transitions.addingReportingOverflow(1) }
            spec["leaseTransitions"] = .integer(transitions.map { $0.overflow ? 0 : $0.partialValue } ?? 0)
            // The requested handover is complete.
            spec["preferredHolder"] = nil
        }
        object["spec"] = spec
        return object
    }

    private static func blank(_ key: ObjectKey) -> JSONValue {
        [
            "apiVersion": .string(Lease.resourceType.apiVersion), "kind": .string(Lease.resourceType.kind),
            "metadata": ["namespace": .string(key.namespace), "name": .string(key.name)],
        ]
    }
}
