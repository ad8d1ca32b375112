import KubeClient
import TestSupport
import Testing

@testable import APIServer

@Suite struct ObjectStorageTests {
    private let resource = GroupResource(group: "", resource: "things")

    private func draft(_ name: String, namespace: String = "a", value: Int64 = 0) -> ObjectDraft {
        ObjectDraft(
            [
                "apiVersion": "v1", "kind": "Thing",
                "metadata": ["name": .string(name), "namespace": .string(namespace), "uid": .string("uid-" + name)],
                "value": .integer(value),
            ], fields: [:])
    }

    @Test func `stored text contains its revision`() throws {
        let storage = ObjectStorage(initialRevision: 41)
        let record = try storage.create(resource, draft("x"))
        #expect(record.revision == 42)
        let object = try JSONValue(parsing: record.text)
        #expect(object["metadata"]?["resourceVersion"] == "42")
        #expect(object["value"] == 0)
        let stamped = try JSONValue(parsing: record.text(stampedWith: 12345))
        #expect(stamped["metadata"]?["resourceVersion"] == "12345")
    }

    @Test func `a write that expects another version fails`() throws {
        let storage = ObjectStorage()
        let first = try storage.create(resource, draft("x"))
        #expect(throws: StorageError.alreadyExists) { try storage.create(resource, draft("x")) }
        let second = try storage.replace(resource, draft("x", value: 1), expecting: first.revision)
        #expect(throws: StorageError.conflict) {
            try storage.replace(resource, draft("x", value: 2), expecting: first.revision)
        }
        #expect(throws: StorageError.notFound) { try storage.replace(resource, draft("y"), expecting: 1) }
        #expect(throws: StorageError.conflict) {
            try storage.remove(resource, draft("x"), expecting: first.revision)
        }
        let last = try storage.remove(resource, draft("x", value: 1), expecting: second.revision)
        #expect(last.revision == second.revision + 1)
        #expect(storage.record(resource, namespace: "a", name: "x") == nil)
    }

    @Test func `records are ordered by namespace and name`() throws {
        let storage = ObjectStorage()
        for (namespace, name) in [("b", "a"), ("a", "z"), ("a-b", "m"), ("a", "b")] {
            _ = try storage.create(resource, draft(name, namespace: namespace))
        }
        let all = try storage.snapshot(resource).records
        #expect(all.map { "\($0.namespace)/\($0.name)" } == ["a/b", "a/z", "a-b/m", "b/a"])
        #expect(all.slice(inNamespace: "a").map(\.name) == ["b", "z"])
        #expect(all.slice(inNamespace: "none").isEmpty)
    }

    /// A snapshot of an earlier revision shows the state at that revision, regardless of later changes.
    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a snapshot shows the state at its revision`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        let storage = ObjectStorage()
        var expected: [Int64: [String]] = [:]
        for step in 0..<300 {
            let name = "n\(Int.random(in: 0..<20, using: &random))"
            if let present = storage.record(resource, namespace: "a", name: name) {
                if Bool.random(using: &random) {
                    _ = try storage.replace(
                        resource, draft(name, value: Int64(step)), expecting: present.revision)
                } else {
                    _ = try storage.remove(resource, draft(name), expecting: present.revision)
                }
            } else {
                _ = try storage.create(resource, draft(name, value: Int64(step)))
            }
            let (records, revision) = try storage.snapshot(resource)
            expected[revision] = records.map { String(decoding: $0.text, as: UTF8.self) }
        }
        for (revision, texts) in expected {
            let records = try storage.snapshot(resource, at: revision).records
            #expect(records.map { String(decoding: $0.text, as: UTF8.self) } == texts, "seed \(seed)")
        }
    }

    @Test func `reading compacted history fails`() throws {
        let storage = ObjectStorage(initialRevision: 1, limits: EventHistory.Limits(events: 3, bytes: 1 << 20))
        for index in 0..<5 { _ = try storage.create(resource, draft("n\(index)")) }
        #expect(throws: StorageError.compacted) { try storage.events(resource, after: 2, limit: 10) }
        let (events, through) = try storage.events(resource, after: 3, limit: 10)
        #expect(events.map(\.revision) == [4, 5, 6])
        #expect(through == 6)
        #expect(try storage.events(resource, after: 3, limit: 2).through == 5)
        #expect(throws: StorageError.notReached(current: 6)) { try storage.events(resource, after: 7, limit: 1) }
    }

    @Test func `a change, a tick or a shutdown ends waiting`() async throws {
        let storage = ObjectStorage()
        let revision = storage.revision
        async let changed: Void = storage.waitForChange(in: resource, after: revision)
        _ = try storage.create(resource, draft("x"))
        await changed
        let waiting = Task { await storage.waitForChange(in: resource, after: storage.revision) }
        waiting.cancel()
        await waiting.value
        async let woken: Void = storage.waitForChange(in: nil, after: storage.revision)
        storage.shutDown()
        await woken
        await storage.waitForChange(in: resource, after: storage.revision)
    }
}
