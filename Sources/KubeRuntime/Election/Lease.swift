import KubeClient

/// The fields of a `coordination.k8s.io/v1` Lease that an election uses.
struct Lease: StoredObject, Hashable {
    /// The object as the server sent it; all other fields are written back unchanged.
    let object: JSONValue
    let key: ObjectKey
    let uid: String
    let resourceVersion: ResourceVersion
    /// The identity of the leader; empty if there is none.
    let holder: String
    /// How long the holder's claim lasts; nil if the lease does not say.
    let duration: Duration?
    /// The number of changes of the holder.
    let transitions: Int64
    /// The identity that is to take over; empty if there is none.
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
            // That request is fulfilled.
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
