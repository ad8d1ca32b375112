import KubeClient

/// The objects of one resource type as far as they are known, without lock and without I/O.
///
/// A relist marks what it brings and then sweeps what it did not bring, so that never two sets are held. What is
/// stored never gets older: a version below the stored one is ignored, be it from a late event or a list.
struct StoreState<Object: StoredObject>: Sendable {
    typealias Changes = [StoreChange<Object>]

    private struct Entry {
        var object: Object
        /// The relist that brought the object last; those from before the current one are swept at its end.
        var round: UInt32
    }

    private struct Quarantined {
        let object: UndecodableObject
        var round: UInt32
    }

    private var entries: [ObjectKey: Entry] = [:]
    /// The objects whose newest version cannot be read; an entry of the same key is stale.
    private var quarantine: [ObjectKey: Quarantined] = [:]
    /// The version up to which everything is known; empty before the first sync.
    private(set) var observed = ResourceVersion("")
    /// True from the first complete list on.
    private(set) var isSynced = false
    /// False while the server does not serve the resource type.
    private(set) var isAvailable = true
    private var round: UInt32 = 0
    /// True while the list being read may say that the server's history was set back.
    private var mayRollBack = false
    /// True while a list is read that is older than what was observed: the server was restored from a backup, and what
    /// it says now is the truth.
    private var rollsBack = false

    var count: Int { entries.count }
    var objects: some Sequence<Object> { entries.values.lazy.map(\.object) }
    var quarantinedCount: Int { quarantine.count }
    var quarantined: [UndecodableObject] { quarantine.values.map(\.object) }

    func object(for key: ObjectKey) -> Object? { entries[key]?.object }
    func isStale(_ key: ObjectKey) -> Bool { quarantine[key] != nil }

    /// True when the store knows everything up to `version`, or when the two cannot be ordered.
    func hasObserved(_ version: ResourceVersion) -> Bool {
        if observed.isEmpty { return version.isEmpty }
        return observed.order(relativeTo: version) != .older
    }

    /// Begins to read the whole state anew.
    ///
    /// - Parameter isConsistent: the server was asked for the most recent state, so an older one than observed means
    ///   that its history was set back.
    mutating func beginRelist(isConsistent: Bool) {
        round &+= 1
        mayRollBack = isConsistent
        rollsBack = false
    }

    /// Notes the version of the list being read, before its objects are put.
    mutating func noteListVersion(_ version: ResourceVersion) {
        if mayRollBack, version.order(relativeTo: observed) == .older { rollsBack = true }
    }

    /// Ends a relist: what it did not bring is gone, unless it is newer than the list.
    mutating func finishRelist(_ version: ResourceVersion, into changes: inout Changes) {
        let isGone = { [round, rollsBack] (entry: Entry) in
            entry.round != round && (rollsBack || !entry.object.resourceVersion.isNewer(than: version))
        }
        for key in entries.lazy.filter({ isGone($0.value) }).map(\.key) as [ObjectKey] {
            guard let entry = entries.removeValue(forKey: key) else { continue }
            quarantine[key] = nil
            changes.append(.deleted(entry.object))
        }
        for key in quarantine.lazy.filter({ [round] in $0.value.round != round }).map(\.key) as [ObjectKey] {
            guard let quarantined = quarantine.removeValue(forKey: key) else { continue }
            if entries[key] == nil { changes.append(.vanished(quarantined.object)) }
        }
        if rollsBack { observed = version }
        observe(version)
        (mayRollBack, rollsBack) = (false, false)
        if !isSynced || !isAvailable { changes.append(.synced) }
        (isSynced, isAvailable) = (true, true)
    }

    /// Takes in a version of an object, from a list, an event or the answer to an own write.
    mutating func put(_ object: Object, into changes: inout Changes) {
        let key = object.key
        guard let old = entries[key]?.object else {
            entries[key] = Entry(object: object, round: round)
            quarantine[key] = nil
            changes.append(.added(object))
            return
        }
        let order = object.resourceVersion.order(relativeTo: old.resourceVersion)
        guard order != .older || rollsBack, object.resourceVersion != old.resourceVersion || object.uid != old.uid
        else {
            entries[key]?.round = round
            quarantine[key]?.round = round
            return
        }
        entries[key] = Entry(object: object, round: round)
        quarantine[key] = nil
        if object.uid == old.uid {
            changes.append(.changed(old: old, new: object))
        } else {
            changes.append(.deleted(old))
            changes.append(.added(object))
        }
    }

    /// Takes in the answer to an own write, which may come late: what is not stored although everything up to its version
    /// is known has been deleted since.
    mutating func putAnswer(_ object: Object, into changes: inout Changes) {
        if entries[object.key] == nil, !observed.isEmpty,
            object.resourceVersion.order(relativeTo: observed) != .newer, quarantine[object.key] == nil
        {
            return
        }
        put(object, into: &changes)
    }

    /// Takes in a deletion; `object` is the last state, with the version of the deletion.
    mutating func remove(_ object: Object, into changes: inout Changes) {
        let key = object.key
        if let stored = entries[key]?.object, stored.uid != object.uid,
            stored.resourceVersion.isNewer(than: object.resourceVersion)
        {
            // A later object of the same name is known already.
            return
        }
        // Now, not with the next step: an answer that comes late must find it.
        observe(object.resourceVersion)
        let wasStored = entries.removeValue(forKey: key) != nil
        let wasQuarantined = quarantine.removeValue(forKey: key) != nil
        if wasStored || wasQuarantined { changes.append(.deleted(object)) }
    }

    /// Takes in the deletion of an object whose last state cannot be read.
    ///
    /// - Returns: false where it cannot be told which object is gone, or from which version on: only a list tells then.
    mutating func remove(_ object: UndecodableObject, into changes: inout Changes) -> Bool {
        let metadata = object.metadata
        observe(metadata.resourceVersion)
        guard let key = key(of: object) else { return metadata.isIdentified && !metadata.resourceVersion.isEmpty }
        if let stored = entries[key]?.object, metadata.uid.isEmpty || stored.uid != metadata.uid {
            guard let order = metadata.resourceVersion.order(relativeTo: stored.resourceVersion) else { return false }
            // A later object of the same name is known already.
            if order == .older { return true }
        }
        let quarantined = quarantine.removeValue(forKey: key)
        if let entry = entries.removeValue(forKey: key) {
            changes.append(.deleted(entry.object))
        } else if quarantined != nil {
            changes.append(.vanished(object))
        }
        return !metadata.resourceVersion.isEmpty
    }

    /// The key under which an object is known that cannot be read: by its name, or else by its UID; nil for none.
    private func key(of object: UndecodableObject) -> ObjectKey? {
        let metadata = object.metadata
        if entries[object.key] != nil || quarantine[object.key] != nil { return object.key }
        guard !metadata.uid.isEmpty, metadata.name.isEmpty || metadata.namespace.isEmpty else { return nil }
        return entries.first { $0.value.object.uid == metadata.uid }?.key
            ?? quarantine.first { $0.value.object.metadata.uid == metadata.uid }?.key
    }

    /// Sets an object aside whose version cannot be read.
    mutating func quarantine(_ object: UndecodableObject, into changes: inout Changes) {
        let version = object.metadata.resourceVersion
        guard let key = key(of: object) ?? (object.metadata.name.isEmpty ? nil : object.key) else {
            changes.append(.quarantined(object))
            return
        }
        entries[key]?.round = round
        if let stored = entries[key]?.object.resourceVersion, version.order(relativeTo: stored) == .older {
            return
        }
        let isKnown = quarantine[key]?.object.metadata.resourceVersion == version
        quarantine[key] = Quarantined(object: object, round: round)
        if !isKnown { changes.append(.quarantined(object)) }
    }

    /// Moves the observed version forward, never back.
    mutating func observe(_ version: ResourceVersion) {
        guard !version.isEmpty, version.order(relativeTo: observed) != .older else { return }
        observed = version
    }

    /// Freezes the store because the server does not serve the resource type.
    mutating func markUnavailable(_ reason: String, into changes: inout Changes) {
        if isAvailable { changes.append(.unavailable(reason)) }
        isAvailable = false
    }
}

extension ObjectMetadata {
    /// True when the name, or else the UID, could be read.
    fileprivate var isIdentified: Bool { !name.isEmpty || !uid.isEmpty }
}
