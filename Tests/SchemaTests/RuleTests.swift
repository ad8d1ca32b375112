import KubeClient
import Testing

@testable import Schema

@Suite struct RuleTests {
    /// An object schema with one property `spec`, from JSON.
    private func schema(spec: String, rootRules: String = "[]") throws -> CustomResourceSchema {
        try CustomResourceSchema(
            reading: JSONValue(
                parsing: #"{"type":"object","x-kubernetes-validations":\#(rootRules),"properties":{"spec":\#(spec)}}"#),
            at: FieldPath("s"))
    }

    private func object(_ spec: String) throws -> JSONValue {
        try JSONValue(parsing: #"{"apiVersion":"g/v1","kind":"K","metadata":{"name":"n"},"spec":\#(spec)}"#)
    }

    private func errors(spec: String, _ value: String, old: String? = nil) throws -> [String] {
        try schema(spec: spec).validate(object(value), replacing: old.map(object)).map(\.description)
    }

    @Test func `a violated rule reports its path and message`() throws {
        let spec = #"""
            {"type":"object","properties":{"min":{"type":"integer"},"max":{"type":"integer"}},
             "x-kubernetes-validations":[{"rule":"self.min <= self.max","message":"min must not exceed max"},{"rule":"self.max < 10"}]}
            """#
        #expect(try errors(spec: spec, #"{"min":1,"max":2}"#) == [])
        #expect(
            try errors(spec: spec, #"{"min":20,"max":12}"#) == [
                #"spec: Invalid value: "object": min must not exceed max"#,
                #"spec: Invalid value: "object": failed rule: self.max < 10"#,
            ])
        #expect(
            try errors(spec: spec, #"{"min":1}"#) == [
                #"spec: Invalid value: "object": no such key: max evaluating rule: min must not exceed max"#,
                #"spec: Invalid value: "object": no such key: max evaluating rule: self.max < 10"#,
            ])
    }

    @Test func `a transition rule runs only if there is an old value`() throws {
        let spec = #"""
            {"type":"object","properties":{"engine":{"type":"string","x-kubernetes-validations":[{"rule":"self == oldSelf","message":"engine is immutable"}]},
             "shutdown":{"type":"string"}},
             "x-kubernetes-validations":[
              {"rule":"!has(oldSelf.shutdown) || has(self.shutdown)","message":"shutdown must not be removed","fieldPath":".shutdown","reason":"FieldValueForbidden"},
              {"rule":"oldSelf.hasValue() || !has(self.shutdown)","optionalOldSelf":true,"messageExpression":"'not ' + self.shutdown + ' at first'"}]}
            """#
        #expect(try errors(spec: spec, #"{"engine":"argo"}"#) == [])
        #expect(try errors(spec: spec, #"{"engine":"argo","shutdown":"Stop"}"#, old: #"{"engine":"argo"}"#) == [])
        #expect(try errors(spec: spec, #"{"engine":"argo"}"#, old: "{}") == [])
        #expect(try errors(spec: spec, "{}", old: #"{"engine":"argo"}"#) == [])
        #expect(
            try errors(spec: spec, #"{"engine":"tekton"}"#, old: #"{"engine":"argo","shutdown":"Stop"}"#) == [
                "spec.shutdown: Forbidden: shutdown must not be removed",
                #"spec.engine: Invalid value: "string": engine is immutable"#,
            ])
        #expect(
            try errors(spec: spec, #"{"shutdown":"Stop"}"#) == [#"spec: Invalid value: "object": not Stop at first"#])
    }

    @Test func `old values are correlated in maps and keyed lists only`() throws {
        let rule = #""x-kubernetes-validations":[{"rule":"self == oldSelf","message":"fixed"}]"#
        let map = #"{"type":"object","additionalProperties":{"type":"string",\#(rule)}}"#
        #expect(
            try errors(spec: map, #"{"a":"2","b":"1"}"#, old: #"{"a":"1"}"#) == [
                #"spec[a]: Invalid value: "string": fixed"#
            ])

        let item =
            #"{"type":"object","required":["k"],"properties":{"k":{"type":"string"},"v":{"type":"integer",\#(rule)}}}"#
        let keyed =
            #"{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":\#(item)}"#
        #expect(
            try errors(spec: keyed, #"[{"k":"new","v":1},{"k":"a","v":2}]"#, old: #"[{"k":"a","v":1}]"#) == [
                #"spec[1].v: Invalid value: "integer": fixed"#
            ])

        let error = #expect(throws: FieldErrors.self) { try schema(spec: #"{"type":"array","items":\#(item)}"#) }
        #expect(
            error?.description.contains("oldSelf cannot be used on the uncorrelatable portion of the schema") == true)
    }

    @Test func `a rule sees values with the types of the schema`() throws {
        let spec = #"""
            {"type":"object","properties":{
              "start":{"type":"string","format":"date-time"},"end":{"type":"string","format":"date-time"},"wait":{"type":"string","format":"duration"},
              "ratio":{"type":"number"},"count":{"type":"integer"},"port":{"x-kubernetes-int-or-string":true},"a-b.c/d":{"type":"integer"},"__x":{"type":"integer"},
              "in":{"type":"integer"},"tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},"note":{"type":"string","nullable":true}},
             "x-kubernetes-validations":[
              {"rule":"!has(self.end) || self.end - self.start == duration('30m') && self.wait > duration('1m')"},
              {"rule":"!has(self.ratio) || self.ratio + 0.5 <= 1.5"},
              {"rule":"!has(self.port) || (type(self.port) == int ? self.port < 10 : self.port == 'http')"},
              {"rule":"!has(self.a__dash__b__dot__c__slash__d) || self.a__dash__b__dot__c__slash__d + self.__underscores__x + self.__in__ == 6"},
              {"rule":"!has(self.tags) || self.tags == ['b', 'a'] && self.tags + ['a'] == ['a', 'b']"},
              {"rule":"!has(self.note) || self.note == null"}]}
            """#
        let good = #"""
            {"start":"2026-01-01T10:00:00Z","end":"2026-01-01T12:30:00+02:00","wait":"1h","ratio":1,"port":5,"a-b.c/d":1,"__x":2,"in":3,"tags":["a","b"],"note":null}
            """#
        #expect(try errors(spec: spec, good) == [])
        #expect(try errors(spec: spec, #"{"port":"http"}"#) == [])
        #expect(try errors(spec: spec, #"{"port":"x","ratio":2}"#).count == 2)
    }

    @Test func `a rule can read the name of the object`() throws {
        let schema = try schema(
            spec: #"{"type":"object"}"#,
            rootRules: #"[{"rule":"self.metadata.name.size() < 5 && self.kind == 'K'","message":"long"}]"#)
        #expect(try schema.validate(object("{}"), replacing: nil).isEmpty)
        var long = try object("{}")
        long[path: ["metadata", "name"]] = "much-too-long"
        #expect(schema.validate(long, replacing: nil).map(\.description) == [#"<nil>: Invalid value: "object": long"#])
    }

    @Test func `an invalid object reports that rules were not checked`() throws {
        let errors = try errors(
            spec:
                #"{"type":"object","properties":{"a":{"type":"string"}},"x-kubernetes-validations":[{"rule":"false"}]}"#,
            #"{"a":1}"#)
        #expect(errors.count == 2)
        #expect(errors.last?.contains("some validation rules were not checked") == true)
    }

    @Test(arguments: [
        (
            #"{"rule":"self.nope == 1"}"#,
            "s.properties[spec].x-kubernetes-validations[0].rule: Invalid value: \"self.nope == 1\": compilation failed: ERROR: <input>:1:5: undefined field 'nope'"
        ),
        (#"{"rule":"self.a + 1 == 2"}"#, "found no matching overload for '_+_' applied to '(string, int)'"),
        (#"{"rule":"self.a"}"#, "cel expression must evaluate to a bool"),
        (#"{"rule":"ip(self.a).family() == 4"}"#, "undeclared reference to 'family'"),
        (#"{"rule":"self.a.matches('[')"}"#, "missing closing ]"),
        (
            #"{"rule":"true","messageExpression":"1"}"#,
            "messageExpression: Invalid value: \"1\": cel expression must evaluate to a string"
        ),
        (#"{"rule":"true","message":"a\nb"}"#, "message must not contain line breaks"),
        (#"{"rule":"true ||\nfalse"}"#, "message must be specified if rule contains line breaks"),
        (#"{"rule":"true","reason":"Because"}"#, "reason: Unsupported value: \"Because\""),
        (#"{"rule":"true","fieldPath":".b"}"#, "does not refer to a valid field"),
        (#"{"rule":"true","optionalOldSelf":true}"#, "option cannot be set for a rule that does not use oldSelf"),
        (#"{"rule":"self.metadata.name == ''"}"#, "undefined field 'metadata'"),
    ])
    func `an invalid rule is rejected with its path`(rule: String, message: String) throws {
        let error = #expect(throws: FieldErrors.self) {
            try schema(
                spec: #"{"type":"object","properties":{"a":{"type":"string"}},"x-kubernetes-validations":[\#(rule)]}"#)
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }
}
