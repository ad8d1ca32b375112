import KubeClient
import Testing

@testable import KubeRuntime

/// A small stored object.
struct Item: StoredObject, Equatable {
    var key: ObjectKey
    var uid: String
    var resourceVersion: ResourceVersion

    init(_ name: String, _ version: Int, uid: String = "") {
        key = ObjectKey(namespace: "ns", name: name)
        self.uid = uid.isEmpty ? "uid-\(name)" : uid
        resourceVersion = ResourceVersion("\(version)")
    }

    static let decoder: ObjectDecoder<Item> = { (cursor) throws(JSONError) in
        var metadata = ObjectMetadata()
        let start = cursor.offset
        var isBroken = false
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata": metadata = try ObjectMetadata(&cursor)
            case "broken": isBroken = try cursor.readBool()
            default: try cursor.skipValue()
            }
        }
        if isBroken { throw JSONError("broken on purpose", offset: start) }
        return Item(metadata.name, Int(metadata.resourceVersion.text) ?? 0, uid: metadata.uid)
    }
}

func undecodable(
    _ name: String, _ version: Int?, uid: String = "", namespace: String = "ns"
) -> UndecodableObject {
    var metadata = ObjectMetadata()
    metadata.namespace = namespace
    metadata.name = name
    metadata.uid = uid
    metadata.resourceVersion = ResourceVersion(version.map(String.init) ?? "")
    return UndecodableObject(metadata: metadata, error: "bad")
}

@Suite struct StoreStateTests {
    typealias State = StoreState<Item>

    func changes(_ state: inout State, _ body: (inout State, inout State.Changes) -> Void) -> State.Changes {
        var changes: State.Changes = []
        body(&state, &changes)
        return changes
    }

    func synced(_ items: [Item], at version: Int) -> State {
        var state = State()
        relist(&state, items, at: version)
        return state
    }

    @discardableResult
    func relist(_ state: inout State, _ items: [Item], at version: Int, isConsistent: Bool = true) -> State.Changes {
        changes(&state) { state, changes in
            state.beginRelist(isConsistent: isConsistent)
            state.noteListVersion(ResourceVersion("\(version)"))
            for item in items { state.put(item, into: &changes) }
            state.finishRelist(ResourceVersion("\(version)"), into: &changes)
        }
    }

    @Test func `a relist reports only differences`() {
        var state = synced([Item("a", 1), Item("b", 2), Item("c", 3)], at: 5)
        let changes = relist(&state, [Item("a", 1), Item("b", 7), Item("d", 8)], at: 9)
        #expect(changes.count == 3)
        #expect(changes.contains(.changed(old: Item("b", 2), new: Item("b", 7))))
        #expect(changes.contains(.added(Item("d", 8))))
        #expect(changes.contains(.deleted(Item("c", 3))))
        #expect(state.observed.text == "9")
    }

    @Test func `the first complete list syncs the store`() {
        var state = State()
        #expect(relist(&state, [Item("a", 1)], at: 4) == [.added(Item("a", 1)), .synced])
        #expect(state.isSynced)
        #expect(relist(&state, [Item("a", 1)], at: 5) == [])
    }

    @Test func `a late response does not restore a deleted object`() {
        var state = synced([Item("a", 1)], at: 5)
        _ = changes(&state) { $0.remove(Item("a", 9), into: &$1) }
        #expect(changes(&state) { $0.putAnswer(Item("a", 8), into: &$1) } == [])
        #expect(state.object(for: Item("a", 8).key) == nil)
        // An object created after that is new, before its event arrives and after.
        #expect(changes(&state) { $0.putAnswer(Item("a", 12), into: &$1) } == [.added(Item("a", 12))])
        #expect(changes(&state) { $0.putAnswer(Item("a", 13), into: &$1) }.count == 1)
    }

    @Test func `own writes win over older events and lists`() {
        var state = synced([Item("a", 1)], at: 5)
        #expect(changes(&state) { $0.put(Item("a", 12), into: &$1) }.count == 1)
        #expect(changes(&state) { $0.put(Item("a", 11), into: &$1) } == [])
        #expect(changes(&state) { $0.put(Item("a", 12), into: &$1) } == [])
        _ = changes(&state) { $0.put(Item("own", 14), into: &$1) }
        #expect(relist(&state, [Item("a", 6)], at: 10, isConsistent: false) == [])
        #expect(state.count == 2)
        #expect(relist(&state, [Item("a", 12)], at: 20) == [.deleted(Item("own", 14))])
    }

    @Test func `a recreated object is deleted and added`() {
        var state = synced([Item("a", 1)], at: 5)
        let again = Item("a", 8, uid: "second")
        #expect(changes(&state) { $0.put(again, into: &$1) } == [.deleted(Item("a", 1)), .added(again)])
        #expect(changes(&state) { $0.remove(Item("a", 7), into: &$1) } == [])
        #expect(state.object(for: again.key) == again)
    }

    @Test func `an undecodable version makes the stored one stale`() {
        var state = synced([Item("a", 1)], at: 5)
        #expect(
            changes(&state) { $0.quarantine(undecodable("a", 6), into: &$1) } == [.quarantined(undecodable("a", 6))])
        #expect(changes(&state) { $0.quarantine(undecodable("a", 6), into: &$1) } == [])
        #expect(state.isStale(Item("a", 1).key))
        #expect(state.object(for: Item("a", 1).key) != nil)
        #expect(changes(&state) { $0.put(Item("a", 7), into: &$1) }.count == 1)
        #expect(!state.isStale(Item("a", 1).key))
    }

    @Test func `undecodable objects survive a relist and vanish when deleted`() {
        var state = synced([Item("a", 1)], at: 5)
        let kept = changes(&state) { state, changes in
            state.beginRelist(isConsistent: true)
            state.quarantine(undecodable("a", 6), into: &changes)
            state.finishRelist(ResourceVersion("8"), into: &changes)
        }
        #expect(kept == [.quarantined(undecodable("a", 6))])
        #expect(state.count == 1)
        #expect(relist(&state, [], at: 9) == [.deleted(Item("a", 1))])
        #expect(state.quarantined.isEmpty)
    }

    @Test(arguments: [
        undecodable("a", 9), undecodable("a", 9, uid: "uid-a"), undecodable("", 9, uid: "uid-a"),
        undecodable("", 9, uid: "uid-a", namespace: ""), undecodable("a", 9, uid: "uid-a", namespace: ""),
    ])
    func `an unreadable deletion removes the stored object`(object: UndecodableObject) {
        var state = synced([Item("a", 1), Item("b", 2)], at: 5)
        var isComplete = false
        let changes = changes(&state) { isComplete = $0.remove(object, into: &$1) }
        #expect(changes == [.deleted(Item("a", 1))])
        #expect(isComplete)
        #expect(state.object(for: Item("a", 1).key) == nil && state.count == 1)
        #expect(self.changes(&state) { $0.putAnswer(Item("a", 8), into: &$1) } == [], "a late answer finds it deleted")
    }

    @Test func `an unreadable deletion of a later object of the same name counts`() {
        var state = synced([Item("a", 1)], at: 5)
        let object = undecodable("a", 9, uid: "second")
        #expect(changes(&state) { _ = $0.remove(object, into: &$1) } == [.deleted(Item("a", 1))])
    }

    @Test func `an unreadable deletion of an earlier object of the same name does not count`() {
        var state = synced([Item("a", 10, uid: "second")], at: 12)
        for object in [undecodable("a", 9, uid: "uid-a"), undecodable("a", 9)] {
            var isComplete = false
            #expect(changes(&state) { isComplete = $0.remove(object, into: &$1) } == [])
            #expect(isComplete)
        }
        #expect(state.count == 1)
    }

    @Test func `an unreadable deletion ends a quarantine`() {
        var state = synced([Item("a", 1)], at: 5)
        for name in ["a", "b"] { _ = changes(&state) { $0.quarantine(undecodable(name, 6), into: &$1) } }
        #expect(changes(&state) { _ = $0.remove(undecodable("a", 7), into: &$1) } == [.deleted(Item("a", 1))])
        let gone = undecodable("b", 8)
        #expect(changes(&state) { _ = $0.remove(gone, into: &$1) } == [.vanished(gone)])
        #expect(state.quarantined.isEmpty && state.count == 0)
    }

    @Test(arguments: [
        (undecodable("", 9), 1), (undecodable("", nil), 1), (undecodable("a", nil), 1),
        (undecodable("a", nil, uid: "uid-a"), 0), (undecodable("x", nil, uid: "unknown"), 1),
    ])
    func `a deletion that cannot be ordered requires a list`(object: UndecodableObject, left: Int) {
        var state = synced([Item("a", 1)], at: 5)
        var isComplete = true
        _ = changes(&state) { isComplete = $0.remove(object, into: &$1) }
        #expect(!isComplete)
        #expect(state.count == left)
    }

    @Test func `an unreadable deletion of an unknown object changes nothing`() {
        var state = synced([Item("a", 1)], at: 5)
        var isComplete = false
        #expect(changes(&state) { isComplete = $0.remove(undecodable("x", 9, uid: "u"), into: &$1) } == [])
        #expect(isComplete && state.observed.text == "9")
    }

    @Test func `an unreadable object that the next list lacks is reported as vanished`() {
        var state = State()
        _ = changes(&state) { state, changes in
            state.beginRelist(isConsistent: true)
            state.quarantine(undecodable("b", 3), into: &changes)
            state.finishRelist(ResourceVersion("5"), into: &changes)
        }
        #expect(relist(&state, [], at: 9) == [.vanished(undecodable("b", 3))])
        #expect(state.quarantined.isEmpty)
    }

    @Test func `an unreadable version without a name is found by its UID`() {
        var state = synced([Item("a", 1)], at: 5)
        let object = undecodable("", 7, uid: "uid-a")
        #expect(changes(&state) { $0.quarantine(object, into: &$1) } == [.quarantined(object)])
        #expect(state.isStale(Item("a", 1).key))
    }

    @Test func `accepts older versions from a server restored from a backup`() {
        var state = synced([Item("a", 90), Item("b", 95)], at: 100)
        let changes = relist(&state, [Item("a", 20)], at: 50)
        #expect(changes.count == 2)
        #expect(changes.contains(.deleted(Item("b", 95))))
        #expect(state.object(for: Item("a", 0).key)?.resourceVersion.text == "20")
        #expect(state.observed.text == "50")
    }

    @Test func `the observed version never goes back`() {
        var state = synced([], at: 50)
        state.observe(ResourceVersion("49"))
        #expect(state.observed.text == "50")
        state.observe(ResourceVersion("100"))
        #expect(state.hasObserved(ResourceVersion("99")))
        #expect(!state.hasObserved(ResourceVersion("101")))
        #expect(state.hasObserved(ResourceVersion("opaque")))
    }

    @Test func `an unavailable type freezes the store`() {
        var state = synced([Item("a", 1)], at: 5)
        #expect(changes(&state) { $0.markUnavailable("404", into: &$1) } == [.unavailable("404")])
        #expect(changes(&state) { $0.markUnavailable("404", into: &$1) } == [])
        #expect(state.count == 1)
        #expect(relist(&state, [Item("a", 1)], at: 6) == [.synced])
        #expect(state.isAvailable)
    }
}

@Suite struct StoreTests {
    @Test func `actions run when their version is observed`() {
        let store = Store<Item>()
        let log = Locked([String]())
        func when(_ version: String, _ name: String) -> ObservationToken {
            store.whenObserved(ResourceVersion(version)) { log.withLock { $0.append(name) } }
        }
        _ = when("7", "seven")
        let cancelled = when("8", "never")
        _ = when("9", "nine")
        store.cancel(cancelled)
        store.update { state, changes in
            state.beginRelist(isConsistent: true)
            state.finishRelist(ResourceVersion("8"), into: &changes)
        }
        #expect(log.withLock { $0 } == ["seven"])
        _ = when("8", "at once")
        store.update { state, _ in state.observe(ResourceVersion("12")) }
        #expect(log.withLock { $0 } == ["seven", "at once", "nine"])
    }

    @Test func `applied writes can be read immediately`() {
        let store = Store<Item>()
        #expect(store.apply(Item("a", 3)) == [.added(Item("a", 3))])
        #expect(store.object(for: Item("a", 3).key) == Item("a", 3))
        #expect(store.compactMap { $0.resourceVersion.text } == ["3"])
        #expect(!store.isSynced)
    }
}
