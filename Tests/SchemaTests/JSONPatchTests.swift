import KubeClient
import TestSupport
import Testing

@testable import Schema

@Suite struct JSONPatchTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let document: String
        let patch: String
        let result: String

        var testDescription: String { name }
    }

    static let examples = [
        Example(
            name: "add a member", document: #"{"a":1}"#, patch: #"[{"op":"add","path":"/b","value":[2]}]"#,
            result: #"{"a":1,"b":[2]}"#),
        Example(
            name: "add replaces a member", document: #"{"a":1}"#, patch: #"[{"op":"add","path":"/a","value":2}]"#,
            result: #"{"a":2}"#),
        Example(
            name: "insert into an array", document: "[1,3]", patch: #"[{"op":"add","path":"/1","value":2}]"#,
            result: "[1,2,3]"),
        Example(
            name: "append to an array", document: "[1]",
            patch: #"[{"op":"add","path":"/-","value":2},{"op":"add","path":"/2","value":3}]"#, result: "[1,2,3]"),
        Example(
            name: "remove", document: #"{"a":[1,2,3],"b":1}"#,
            patch: #"[{"op":"remove","path":"/a/1"},{"op":"remove","path":"/b"}]"#, result: #"{"a":[1,3]}"#),
        Example(
            name: "replace", document: #"{"a":{"b":[1]}}"#, patch: #"[{"op":"replace","path":"/a/b/0","value":null}]"#,
            result: #"{"a":{"b":[null]}}"#),
        Example(
            name: "replace everything", document: "1", patch: #"[{"op":"replace","path":"","value":{}}]"#, result: "{}"),
        Example(
            name: "move", document: #"{"a":1,"b":{}}"#, patch: #"[{"op":"move","from":"/a","path":"/b/c"}]"#,
            result: #"{"b":{"c":1}}"#),
        Example(
            name: "copy", document: #"{"a":[1]}"#, patch: #"[{"op":"copy","from":"/a","path":"/a/0"}]"#,
            result: #"{"a":[[1],1]}"#),
        Example(
            name: "test", document: #"{"a":1}"#,
            patch: #"[{"op":"test","path":"/a","value":1.0},{"op":"test","path":"/b","value":null}]"#,
            result: #"{"a":1}"#),
        Example(
            name: "escapes", document: #"{"a/b":{"m~n":1}}"#,
            patch: #"[{"op":"replace","path":"/a~1b/m~0n","value":2}]"#, result: #"{"a/b":{"m~n":2}}"#),
        Example(
            name: "~01 is ~1", document: "{}", patch: #"[{"op":"add","path":"/~01","value":1}]"#, result: #"{"~1":1}"#),
        Example(
            name: "the empty key", document: #"{"":{"":1}}"#, patch: #"[{"op":"remove","path":"//"}]"#,
            result: #"{"":{}}"#),
    ]

    @Test(arguments: examples)
    func `each operation is applied`(_ example: Example) throws {
        let patch = try JSONPatch(parsing: JSONValue(parsing: example.patch))
        #expect(try patch.applied(to: JSONValue(parsing: example.document)) == JSONValue(parsing: example.result))
    }

    @Test(arguments: [
        (#"{}"#, 400, "must be an array"),
        (#"[{"op":"add","path":"/a"}]"#, 400, #"no "value""#),
        (#"[{"op":"delete","path":"/a"}]"#, 400, #"unknown "op" "delete""#),
        (#"[{"path":"/a"}]"#, 400, #"no "op""#),
        (#"[{"op":"remove"}]"#, 400, #"no "path""#),
        (#"[{"op":"remove","path":"a"}]"#, 400, "start with"),
        (#"[{"op":"remove","path":"/a~2"}]"#, 400, "not followed"),
        (#"[{"op":"remove","path":"/missing"}]"#, 422, "doc is missing path: /missing"),
        (#"[{"op":"replace","path":"/missing","value":1}]"#, 422, "doc is missing path: /missing"),
        (#"[{"op":"add","path":"/missing/x","value":1}]"#, 422, "doc is missing path"),
        (#"[{"op":"add","path":"/list/3","value":1}]"#, 422, "doc is missing path"),
        (#"[{"op":"add","path":"/list/01","value":1}]"#, 422, "doc is missing path"),
        (#"[{"op":"test","path":"/a","value":2}]"#, 422, "testing value /a failed"),
        (#"[{"op":"move","from":"/o","path":"/o/x"}]"#, 422, "lies inside"),
        (#"[{"op":"copy","from":"/x","path":"/y"}]"#, 422, "doc is missing path: /x"),
    ])
    func `an operation that does not apply is rejected`(patch: String, status: Int, message: String) throws {
        let document = try JSONValue(parsing: #"{"a":1,"list":[1,2],"o":{}}"#)
        let error = #expect(throws: PatchError.self) {
            try JSONPatch(parsing: JSONValue(parsing: patch)).applied(to: document)
        }
        #expect(error?.statusCode == status)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func `work and nesting of a patch are limited`() throws {
        let many = JSONValue.array(Array(repeating: ["op": "test", "path": "/a", "value": 1], count: 10_001))
        #expect(throws: PatchError.self) { try JSONPatch(parsing: many) }

        let doubling = JSONValue.array(Array(repeating: ["op": "copy", "from": "", "path": "/-"], count: 60))
        let error = #expect(throws: PatchError.self) { try JSONPatch(parsing: doubling).applied(to: [1]) }
        #expect(error?.kind == .tooLarge || error?.kind == .inapplicable)

        let nesting = JSONValue.array(Array(repeating: ["op": "copy", "from": "", "path": "/a"], count: 10_000))
        #expect(throws: PatchError.self) { try JSONPatch(parsing: nesting).applied(to: [:]) }
    }

    /// Computes a patch from the differences between two random objects and applies it to the first.
    @Test func `a patch of the differences turns one object into the other`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        for _ in 0..<200 {
            let before = JSONValue.random(depth: 3, using: &random)
            let after = JSONValue.random(depth: 3, using: &random)
            guard case .object(let old) = before, case .object(let new) = after else { continue }
            var operations: [JSONValue] = []
            for member in old where new[member.key] == nil {
                operations.append(["op": "remove", "path": .string("/" + member.key)])
            }
            for member in new {
                let name: JSONValue = old[member.key] == nil ? "add" : "replace"
                operations.append(["op": name, "path": .string("/" + member.key), "value": member.value])
            }
            let result = try JSONPatch(parsing: .array(operations)).applied(to: before)
            #expect(result == after, "seed \(seed)")
        }
    }
}
