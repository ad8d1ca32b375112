import KubeClient

/// A `coordination.k8s.io/v1` Lease as an election reads it.
struct Lease: StoredObject, Hashable {
    /// The object as the server gave it; what is not the election's goes back as it came.
    let object: JSONValue
    let key: ObjectKey
    let uid: String
    let resourceVersion: ResourceVersion
    /// Who leads; empty when nobody does.
    let holder: String
    /// How long the holder's claim lasts; nil when it does not say.
    let duration: Duration?
    /// How often the holder changed.
    let transitions: Int64
    /// Who is to take over from the holder; empty when nobody is.
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
    /// Stay the holder.
    case renew
    /// Have no holder any more.
    case release
}

extension LeaseClaim {
    /// Returns the object to write on top of `lease`; a new one where there is none.
    ///
    /// The times are for people: no candidate ever compares them with its own clock.
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
            // The term it asked to end has ended.
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
