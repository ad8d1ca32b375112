import KubeClient
import TestSupport
import Testing

@testable import Schema

@Suite struct FieldTrackingTests {
    private func write(_ manager: String, at second: Int64 = 0) -> FieldWrite {
        FieldWrite(manager: manager, apiVersion: "g.dev/v1", shape: .untyped, time: Timestamp(seconds: second))
    }

    private func entries(_ object: JSONValue) -> [ManagedFields.Entry] {
        ManagedFields(object["metadata"]?["managedFields"]).entries
    }

    @Test func `the creator owns all fields except the identity`() throws {
        let new = try JSONValue(
            parsing:
                #"{"apiVersion":"g.dev/v1","kind":"T","metadata":{"name":"n","uid":"u","labels":{"a":"b"}},"spec":{"x":1,"list":[1,2]}}"#
        )
        let object = write("m").tracked(new, replacing: nil)
        #expect(
            try object["metadata"]?["managedFields"]?[0]?["fieldsV1"]
                == JSONValue(
                    parsing: #"{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{".":{},"f:list":{},"f:x":{}}}"#))
    }

    @Test func `an update takes ownership of the fields it changes`() throws {
        let first = try write("m", at: 1).tracked(
            JSONValue(parsing: #"{"metadata":{"name":"n"},"spec":{"x":1,"y":1,"z":1}}"#), replacing: nil)
        var changed = first
        changed["spec"] = ["x": 2, "y": 1]
        let second = write("n", at: 2).tracked(changed, replacing: first)
        let all = entries(second)
        #expect(all.map(\.owner.name) == ["m", "n"])
        #expect(all.map { $0.fields.paths } == [[".spec", ".spec.y"], [".spec.x"]])
        #expect(all.map(\.time) == ["1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z"])
    }

    @Test func `a write without changes keeps the time`() throws {
        let first = try write("m", at: 1).tracked(
            JSONValue(parsing: #"{"metadata":{"name":"n"},"spec":{"x":1}}"#), replacing: nil)
        #expect(write("m", at: 2).tracked(first, replacing: first) == first)
    }

    @Test func `an empty entry resets managed fields`() throws {
        let first = try write("m").tracked(
            JSONValue(parsing: #"{"metadata":{"name":"n"},"spec":{"x":1}}"#), replacing: nil)
        var reset = first
        reset[path: ["metadata", "managedFields"]] = [[:]]
        #expect(entries(write("n").tracked(reset, replacing: first)).isEmpty)
    }

    @Test func `field sets survive encoding and decoding`() throws {
        let text = #"""
            {"f:spec":{".":{},"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:image":{}}},"f:tags":{"v:\"x\"":{}}},"f:n":{"i:0":{}}}
            """#
        let set = try FieldSet(fieldsV1: JSONValue(parsing: text))
        #expect(try set.fieldsV1 == JSONValue(parsing: text))
        #expect(
            set.paths == [
                ".n[0]", ".spec", #".spec.containers[name="a"]"#, #".spec.containers[name="a"].image"#,
                #".spec.tags[="x"]"#,
            ])
    }

    /// Random applies: the result contains the configuration, a second apply changes nothing, an empty one removes all.
    @Test func `applying is idempotent and reversible`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        for _ in 0..<150 {
            let live = write("other").tracked(
                ["metadata": ["name": "n"], "spec": .random(depth: 3, using: &random)], replacing: nil)
            let configuration: JSONValue = ["spec": .random(depth: 3, using: &random)]
            let once = try write("a", at: 1).apply(configuration, to: live, force: true)
            #expect(try write("a", at: 2).apply(configuration, to: once, force: false) == once, "seed \(seed)")
            #expect(ObjectMerge.merge(configuration, into: once, .untyped) == once, "seed \(seed)")
            let gone = try write("a", at: 3).apply([:], to: once, force: false)
            #expect(!entries(gone).contains { $0.owner.name == "a" }, "seed \(seed)")
            let sets = entries(once).map(\.fields)
            for left in sets {
                for right in sets {
                    #expect(left.union(right).subtracting(right).intersection(right).isEmpty, "seed \(seed)")
                    #expect(left.subtracting(right).union(left.intersection(right)) == left, "seed \(seed)")
                }
            }
        }
    }
}
