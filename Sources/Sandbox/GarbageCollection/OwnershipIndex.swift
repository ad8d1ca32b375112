/// Where an object is stored.
struct ObjectAddress: Hashable, Sendable {
    let resource: GroupResource
    let namespace: String
    let name: String
}

/// Who owns whom by UID, and whom garbage collection has to look at.
///
/// An object becomes a suspect when it is written with owners, when it is terminating, when an owner of it goes, and
/// when a dependent of it goes.
struct OwnershipIndex: Sendable {
    private var addresses: [String: ObjectAddress] = [:]
    private var dependents: [String: Set<ObjectAddress>] = [:]
    private var suspects: Set<ObjectAddress> = []
    /// Terminating objects that wait until others are gone.
    private var waiting: Set<ObjectAddress> = []

    mutating func note(_ resource: GroupResource, old: ObjectRecord?, new: ObjectRecord?) {
        guard let present = new ?? old else { return }
        let address = ObjectAddress(resource: resource, namespace: present.namespace, name: present.name)
        if old?.ownerReferences != new?.ownerReferences || new == nil {
            for owner in old?.ownerReferences ?? [] { unlink(address, from: owner.uid) }
            for owner in new?.ownerReferences ?? [] { dependents[owner.uid, default: []].insert(address) }
        }
        if let new {
            addresses[new.uid] = address
            if !new.ownerReferences.isEmpty || new.isTerminating { suspects.insert(address) }
        } else {
            addresses[present.uid] = nil
            suspects.remove(address)
            suspects.formUnion(dependents[present.uid] ?? [])
            suspects.formUnion(waiting)
            waiting = []
        }
    }

    private mutating func unlink(_ address: ObjectAddress, from owner: String) {
        dependents[owner]?.remove(address)
        if dependents[owner]?.isEmpty == true { dependents[owner] = nil }
        if let place = addresses[owner] { suspects.insert(place) }
    }

    func dependents(ofUID uid: String) -> Set<ObjectAddress> { dependents[uid] ?? [] }

    /// Makes an object a suspect as soon as any object is removed.
    mutating func suspectOnNextRemoval(_ address: ObjectAddress) {
        waiting.insert(address)
    }

    mutating func takeSuspects() -> Set<ObjectAddress> {
        defer { suspects = [] }
        return suspects
    }
}
