import KubeClient
import Testing

@testable import Schema

@Suite struct ServerSideApplyTests {
    private static let schema = #"""
        {"type":"object","properties":{
          "spec":{"type":"object","properties":{
            "engine":{"type":"string"},"shutdown":{"type":"string"},"params":{"type":"object","additionalProperties":{"type":"string"}},
            "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},"args":{"type":"array","items":{"type":"string"}},
            "whole":{"type":"object","x-kubernetes-map-type":"atomic","properties":{"a":{"type":"string"},"b":{"type":"string"}}}}},
          "status":{"type":"object","properties":{"phase":{"type":"string"},
            "conditions":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["type"],"items":{"type":"object","required":["type"],
              "properties":{"type":{"type":"string"},"status":{"type":"string"},"reason":{"type":"string"}}}}}}}}
        """#

    private let shape: MergeShape

    init() throws {
        shape = .resource(
            kind: "Thing", schema: try CustomResourceSchema(reading: JSONValue(parsing: Self.schema)).root)
    }

    private func write(_ manager: String, at second: Int64 = 0, subresource: String = "") -> FieldWrite {
        FieldWrite(
            manager: manager, apiVersion: "g.dev/v1", subresource: subresource, shape: shape,
            time: Timestamp(seconds: second),
            ignoredFields: subresource == "status" ? ["spec"] : ["status"])
    }

    private func thing(_ members: String) throws -> JSONValue {
        try JSONValue(parsing: #"{"apiVersion":"g.dev/v1","kind":"Thing","metadata":{"name":"n"},\#(members)}"#)
    }

    private func owners(_ object: JSONValue) -> [String] {
        ManagedFields(object["metadata"]?["managedFields"]).entries.map {
            "\($0.owner.name) \($0.fields.paths.joined(separator: " "))"
        }.sorted()
    }

    @Test func `a first apply owns the fields it sets`() throws {
        let object = try write("a").apply(
            thing(#""spec":{"engine":"argo","params":{"x":"1"},"tags":["t"],"args":["v"],"whole":{"a":"1"}}"#), to: nil,
            force: false)
        #expect(
            try object["metadata"]?["managedFields"]
                == JSONValue(
                    parsing: #"""
                        [{"manager":"a","operation":"Apply","apiVersion":"g.dev/v1","time":"1970-01-01T00:00:00Z","fieldsType":"FieldsV1",
                          "fieldsV1":{"f:spec":{"f:args":{},"f:engine":{},"f:params":{"f:x":{}},"f:tags":{"v:\"t\"":{}},"f:whole":{}}}}]
                        """#))
    }

    @Test func `applying the same configuration again changes nothing`() throws {
        let configuration = try thing(#""spec":{"engine":"argo","params":{"x":"1"}}"#)
        let first = try write("a", at: 1).apply(configuration, to: nil, force: false)
        #expect(try write("a", at: 2).apply(configuration, to: first, force: false) == first)
    }

    @Test func `a field that is no longer applied is removed unless another manager owns it`() throws {
        var object = try write("a").apply(
            thing(#""spec":{"engine":"argo","params":{"x":"1","y":"2"},"tags":["p","q"]}"#), to: nil, force: false)
        object = try write("b").apply(thing(#""spec":{"params":{"y":"2"},"tags":["q","r"]}"#), to: object, force: false)
        object = try write("a", at: 5).apply(thing(#""spec":{"engine":"argo"}"#), to: object, force: false)
        #expect(try object["spec"] == JSONValue(parsing: #"{"engine":"argo","params":{"y":"2"},"tags":["q","r"]}"#))
        #expect(owners(object) == ["a .spec.engine", #"b .spec.params.y .spec.tags[="q"] .spec.tags[="r"]"#])
        object = try write("b").apply(thing(#""spec":{}"#), to: object, force: false)
        #expect(object["spec"] == ["engine": "argo"])
    }

    @Test func `changing a field of another manager is a conflict`() throws {
        let created = try write("kubectl-client-side-apply").tracked(
            thing(#""spec":{"engine":"argo","shutdown":"Stop"}"#), replacing: nil)
        let configuration = try thing(#""spec":{"shutdown":"Terminate"}"#)
        let error = #expect(throws: ApplyError.self) { try write("a").apply(configuration, to: created, force: false) }
        #expect(
            error?.message
                == #"Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using g.dev/v1: .spec.shutdown"#
        )
        guard case .conflicts(let conflicts)? = error else { return }
        #expect(
            conflicts.map(\.cause) == [
                [
                    "reason": "FieldManagerConflict",
                    "message": #"conflict with "kubectl-client-side-apply" using g.dev/v1"#, "field": ".spec.shutdown",
                ]
            ])

        let forced = try write("a").apply(configuration, to: created, force: true)
        #expect(forced["spec"]?["shutdown"] == "Terminate")
        #expect(owners(forced) == ["a .spec.shutdown", "kubectl-client-side-apply .spec .spec.engine"])
    }

    @Test func `managers that apply the same value share the field`() throws {
        let first = try write("a").apply(thing(#""spec":{"engine":"argo"}"#), to: nil, force: false)
        let second = try write("b").apply(thing(#""spec":{"engine":"argo"}"#), to: first, force: false)
        #expect(owners(second) == ["a .spec.engine", "b .spec.engine"])
        let both = #expect(throws: ApplyError.self) {
            try write("c").apply(thing(#""spec":{"engine":"x"}"#), to: second, force: false)
        }
        #expect(
            both?.message
                == "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.engine\nconflicts with \"b\":\n- .spec.engine"
        )
    }

    @Test func `conditions merge by type`() throws {
        let base = try thing(#""spec":{}"#)
        let one = try write("a", subresource: "status").apply(
            thing(
                #""spec":{"engine":"not-from-here"},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"False"},{"type":"Finished","status":"False"}]}"#
            ),
            to: base, force: true)
        #expect(one["spec"]?["engine"] == nil)
        let two = try write("b", subresource: "status").apply(
            thing(#""status":{"conditions":[{"type":"Audited","status":"True"}]}"#), to: one, force: true)
        let three = try write("a", subresource: "status").apply(
            thing(#""status":{"phase":"Running","conditions":[{"type":"Ready","status":"True","reason":"r"}]}"#),
            to: two, force: true)
        #expect(
            try three["status"]
                == JSONValue(
                    parsing:
                        #"{"phase":"Running","conditions":[{"type":"Ready","status":"True","reason":"r"},{"type":"Audited","status":"True"}]}"#
                ))
        let entries = ManagedFields(three["metadata"]?["managedFields"]).entries
        #expect(entries.contains { $0.owner.name == "b" && $0.owner.subresource == "status" })
        #expect(
            entries.first { $0.owner.name == "a" }?.fields.paths.contains(#".status.conditions[type="Ready"]"#) == true)
    }

    @Test func `lists of built-in kinds merge by name`() throws {
        let pods = MergeShape.resource(kind: "Pod", schema: nil)
        func write(_ manager: String) -> FieldWrite {
            FieldWrite(manager: manager, apiVersion: "v1", shape: pods, time: Timestamp(seconds: 0))
        }
        func pod(_ text: String) throws -> JSONValue { try JSONValue(parsing: text) }
        var object = try write("a").apply(
            pod(
                #"{"metadata":{"name":"p","finalizers":["f"]},"spec":{"containers":[{"name":"m","image":"i","ports":[{"containerPort":80}],"args":["x"]}]}}"#
            ),
            to: nil, force: false)
        object = try write("b").apply(
            pod(
                #"{"metadata":{"finalizers":["g"]},"spec":{"containers":[{"name":"s","image":"j"},{"name":"m","env":[{"name":"E","value":"1"}]}]}}"#
            ),
            to: object, force: false)
        #expect(object["metadata"]?["finalizers"] == ["f", "g"])
        #expect(object["spec"]?["containers"]?.arrayValue?.map { $0["name"] ?? .null } == ["m", "s"])
        #expect(object["spec"]?["containers"]?[0]?["env"]?[0]?["value"] == "1")
        #expect(
            owners(object).first?.contains(#".spec.containers[name="m"].ports[containerPort=80,protocol="TCP"]"#)
                == true)
        object = try write("b").apply(pod("{}"), to: object, force: false)
        #expect(object["spec"]?["containers"]?.arrayValue?.count == 1)
        #expect(object["spec"]?["containers"]?[0]?["env"] == nil)
    }

    @Test(arguments: [
        (#""status":{"conditions":[{"status":"x"}]}"#, "omits a key field"),
        (#""status":{"conditions":[{"type":"a"},{"type":"a"}]}"#, #"duplicate entries for key [type="a"]"#),
        (#""metadata":{"managedFields":[{}]}"#, "metadata.managedFields must be nil"),
    ])
    func `a malformed configuration is rejected`(members: String, message: String) throws {
        let error = #expect(throws: ApplyError.self) {
            try write("a", subresource: "status").apply(JSONValue(parsing: "{\(members)}"), to: nil, force: true)
        }
        #expect(error?.message.contains(message) == true)
    }

    @Test func `fields without owners belong to before-first-apply`() throws {
        let error = #expect(throws: ApplyError.self) {
            try write("a").apply(thing(#""spec":{"engine":"x"}"#), to: thing(#""spec":{"engine":"y"}"#), force: false)
        }
        #expect(error?.message.contains(#"conflict with "before-first-apply" using g.dev/v1: .spec.engine"#) == true)
    }
}
