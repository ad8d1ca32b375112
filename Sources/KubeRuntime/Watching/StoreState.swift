import KubeClient

/// The known objects of one resource type. Pure.
///
/// A relist marks the objects it contains and then removes the unmarked ones, so that no second copy is needed.
/// Objects never get older: a version below the stored one is ignored, from a late event as well as from a list.
struct StoreState<Object: StoredObject>: Sendable {
    typealias Changes = [StoreChange<Object>]

    private struct Entry {
        var object: Object
        /// The last relist that contained the object; objects with an older round are removed at the end of a relist.
        var round: UInt32
    }

    private struct Quarantined {
        let object: UndecodableObject
        var round: UInt32
    }

    private var entries: [ObjectKey: Entry] = [:]
    /// The objects whose newest version cannot be decoded; an entry with the same key is stale.
    private var quarantine: [ObjectKey: Quarantined] = [:]
    /// The version up to which everything is known; empty before the first sync.
    private(set) var observed = ResourceVersion("")
    /// True after the first complete list.
    private(set) var isSynced = false
    /// False while the server does not serve the resource type.
    private(set) var isAvailable = true
    private var round: UInt32 = 0
    /// True while reading a list that would show a reset of the server's history.
    private var mayRollBack = false
    /// True while reading a list that is older than the observed version: the server was restored from a backup, and
    /// the list is correct.
    private var rollsBack = false

    var count: Int { entries.count }
    var objects: some Sequence<Object> { entries.values.lazy.map(\.object) }
    var quarantinedCount: Int { quarantine.count }
    var quarantined: [UndecodableObject] { quarantine.values.map(\.object) }

    func object(for key: ObjectKey) -> Object? { entries[key]?.object }
    func isStale(_ key: ObjectKey) -> Bool { quarantine[key] != nil }

    /// True if everything up to `version` is known, or if the versions cannot be compared.
    func hasObserved(_ version: ResourceVersion) -> Bool {
        if observed.isEmpty { return version.isEmpty }
        return observed.order(relativeTo: version) != .older
    }

    /// Starts a relist.
    ///
    /// - Parameter isConsistent: the most recent state was requested, so a version older than the observed one means
    ///   that the server's history was reset.
    mutating func beginRelist(isConsistent: Bool) {
        round &+= 1
        mayRollBack = isConsistent
        rollsBack = false
    }

    /// Records the version of the list, before its objects are stored.
    mutating func noteListVersion(_ version: ResourceVersion) {
        if mayRollBack, version.order(relativeTo: observed) == .older { rollsBack = true }
    }

    /// Ends a relist: removes the objects that it did not contain, unless they are newer than the list.
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

    /// Stores a version of an object, from a list, an event or the response to one of this process's writes.
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

    /// Stores the response to one of this process's writes, which may be late: an object that is not stored, although
    /// everything up to its version is known, was deleted since.
    mutating func putAnswer(_ object: Object, into changes: inout Changes) {
        if entries[object.key] == nil, !observed.isEmpty,
            object.resourceVersion.order(relativeTo: observed) != .newer, quarantine[object.key] == nil
        {
            return
        }
        put(object, into: &changes)
    }

    /// Removes a deleted object; `object` is its last state, with the version of the deletion.
    mutating func remove(_ object: Object, into changes: inout Changes) {
        let key = object.key
        if let stored = entries[key]?.object, stored.uid != object.uid,
            stored.resourceVersion.isNewer(than: object.resourceVersion)
        {
            // A newer object with the same name is known.
            return
        }
        // Advance the version now and not in the next step, so that a late response is recognized as outdated.
        observe(object.resourceVersion)
        let wasStored = entries.removeValue(forKey: key) != nil
        let wasQuarantined = quarantine.removeValue(forKey: key) != nil
        if wasStored || wasQuarantined { changes.append(.deleted(object)) }
    }

    /// Removes a deleted object whose last state cannot be decoded.
    ///
    /// - Returns: false if the object or the version of its deletion is unknown; only a new list shows what was
    ///   deleted.
    mutating func remove(_ object: UndecodableObject, into changes: inout Changes) -> Bool {
        let metadata = object.metadata
        observe(metadata.resourceVersion)
        guard let key = key(of: object) else { return metadata.isIdentified && !metadata.resourceVersion.isEmpty }
        if let stored = entries[key]?.object, metadata.uid.isEmpty || stored.uid != metadata.uid {
            guard let order = metadata.resourceVersion.order(relativeTo: stored.resourceVersion) else { return false }
            // A newer object with the same name is known.
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

    /// The known key of an object that cannot be decoded, by name or else by UID; nil if it is not known.
    private func key(of object: UndecodableObject) -> ObjectKey? {
        let metadata = object.metadata
        if entries[object.key] != nil || quarantine[object.key] != nil { return object.key }
        guard !metadata.uid.isEmpty, metadata.name.isEmpty || metadata.namespace.isEmpty else { return nil }
        return entries.first { $0.value.object.uid == metadata.uid }?.key
            ?? quarantine.first { $0.value.object.metadata.uid == metadata.uid }?.key
    }

    /// Records an object whose version cannot be decoded.
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

    /// Freezes the objects because the server does not serve the resource type.
    mutating func markUnavailable(_ reason: String, into changes: inout Changes) {
        if isAvailable { changes.append(.unavailable(reason)) }
        isAvailable = false
    }
}

extension ObjectMetadata {
    /// True if the name or the UID could be read.
    fileprivate var isIdentified: Bool { !name.isEmpty || !uid.isEmpty }
}
