import KubeClient
import Testing

@testable import Schema

@Suite struct PruningAndDefaultingTests {
    private static let schema = #"""
        {"type":"object","properties":{
          "spec":{"type":"object","properties":{
            "engine":{"type":"string","default":"tekton"},
            "optional":{"type":"string","nullable":true,"default":"x"},
            "plain":{"type":"string"},
            "nested":{"type":"object","default":{},"properties":{"deep":{"type":"integer","default":7}}},
            "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":{"type":"object","properties":{"a":{"type":"string"}}}}},
            "params":{"type":"object","additionalProperties":{"type":"string"}},
            "any":{"type":"object","additionalProperties":true},
            "list":{"type":"array","items":{"type":"object","properties":{"name":{"type":"string"},"count":{"type":"integer","default":1}}}},
            "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"data":{"type":"string"}}}
          }},
          "status":{"type":"object","default":{"observedGeneration":-1},"properties":{"observedGeneration":{"type":"integer"},"phase":{"type":"string","default":"Pending"}}}
        }}
        """#

    private func schema() throws -> CustomResourceSchema {
        try CustomResourceSchema(reading: JSONValue(parsing: Self.schema))
    }

    @Test func `pruning removes unknown fields and returns their paths`() throws {
        var object = try JSONValue(
            parsing: #"""
                {"apiVersion":"g/v1","kind":"K","metadata":{"name":"n","color":"x"},"extra":1,
                 "spec":{"typo":1,"free":{"x":1,"known":{"a":"","b":2}},"params":{"k":"v"},"any":{"z":[{}]},
                  "list":[{"name":"a"},{"name":"b","nmae":"c"}],"template":{"apiVersion":"v1","kind":"A","metadata":{"name":"t"},"data":"","more":1}}}
                """#)
        let removed = try schema().prune(&object)
        #expect(
            removed == [
                "metadata.color", "extra", "spec.typo", "spec.free.known.b", "spec.list[1].nmae", "spec.template.more",
            ])
        #expect(
            try object
                == JSONValue(
                    parsing: #"""
                        {"apiVersion":"g/v1","kind":"K","metadata":{"name":"n"},
                         "spec":{"free":{"x":1,"known":{"a":""}},"params":{"k":"v"},"any":{"z":[{}]},
                          "list":[{"name":"a"},{"name":"b"}],"template":{"apiVersion":"v1","kind":"A","metadata":{"name":"t"},"data":""}}}
                        """#))
        #expect(try schema().prune(&object).isEmpty)
    }

    @Test func `defaulting sets absent fields and replaces nulls`() throws {
        var object = try JSONValue(
            parsing: #"{"spec":{"engine":null,"optional":null,"plain":null,"list":[{"name":"a"},{"count":3}]}}"#)
        try schema().applyDefaults(to: &object)
        let expected = try JSONValue(
            parsing: #"""
                {"spec":{"engine":"tekton","optional":null,"nested":{"deep":7},"list":[{"name":"a","count":1},{"count":3}]},
                 "status":{"observedGeneration":-1,"phase":"Pending"}}
                """#)
        #expect(object == expected)
        try schema().applyDefaults(to: &object)
        #expect(object == expected)
    }
}
