import KubeClient
import Testing

@testable import Schema

@Suite struct ValidationTests {
    private func errors(spec schema: String, _ spec: String) throws -> [String] {
        let schema = try JSONValue(parsing: #"{"type":"object","properties":{"spec":\#(schema)}}"#)
        let object = try JSONValue(parsing: #"{"spec":\#(spec)}"#)
        return try CustomResourceSchema(reading: schema).validate(object, replacing: nil).map(\.description)
    }

    @Test(arguments: [
        (
            #"{"type":"object","properties":{"engine":{"type":"string","enum":["tekton","argo"]}}}"#,
            #"{"engine":"x"}"#,
            #"spec.engine: Unsupported value: "x": supported values: "tekton", "argo""#
        ),
        (
            #"{"type":"object","required":["id"],"properties":{"id":{"type":"string"}}}"#, "{}",
            "spec.id: Required value"
        ),
        (
            #"{"type":"string"}"#, "5",
            #"spec: Invalid value: "integer": spec in body must be of type string: "integer""#
        ),
        (
            #"{"type":"integer"}"#, #""a""#,
            #"spec: Invalid value: "string": spec in body must be of type integer: "string""#
        ),
        (
            #"{"type":"integer"}"#, "1.5",
            #"spec: Invalid value: "number": spec in body must be of type integer: "number""#
        ),
        (#"{"type":"string"}"#, "null", #"spec: Invalid value: "null": spec in body must be of type string: "null""#),
        (#"{"type":"string","maxLength":3}"#, #""abcd""#, "spec: Too long: may not be more than 3 bytes"),
        (
            #"{"type":"string","minLength":1}"#, #""""#,
            #"spec: Invalid value: "": spec in body should be at least 1 chars long"#
        ),
        (
            #"{"type":"string","pattern":"^a+$"}"#, #""b""#,
            #"spec: Invalid value: "b": spec in body should match '^a+$'"#
        ),
        (
            #"{"type":"integer","minimum":1}"#, "0",
            "spec: Invalid value: 0: spec in body should be greater than or equal to 1"
        ),
        (
            #"{"type":"number","maximum":1}"#, "1.5",
            "spec: Invalid value: 1.5: spec in body should be less than or equal to 1"
        ),
        (
            #"{"type":"number","minimum":0,"exclusiveMinimum":true}"#, "0",
            "spec: Invalid value: 0: spec in body should be greater than 0"
        ),
        (#"{"type":"integer","multipleOf":2}"#, "3", "spec: Invalid value: 3: spec in body should be a multiple of 2"),
        (#"{"type":"integer","format":"int32"}"#, "3000000000", "must be of type int32"),
        (
            #"{"type":"array","maxItems":1,"items":{"type":"integer"}}"#, "[1,2]",
            "spec: Too many: 2: must have at most 1 items"
        ),
        (
            #"{"type":"array","items":{"type":"integer"}}"#, #"[1,"x"]"#,
            #"spec[1]: Invalid value: "string": spec[1] in body must be of type integer: "string""#
        ),
        (
            #"{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}"#, #"["a","a"]"#,
            #"spec[1]: Duplicate value: "a""#
        ),
        (
            #"{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"}}}}"#,
            #"[{"k":"a"},{"k":"a"}]"#, #"spec[1]: Duplicate value: {"k":"a"}"#
        ),
        (
            #"{"type":"object","maxProperties":1,"additionalProperties":{"type":"string"}}"#, #"{"a":"","b":""}"#,
            "spec: Too many: 2: must have at most 1 items"
        ),
        (
            #"{"type":"object","additionalProperties":{"type":"string"}}"#, #"{"a":1}"#,
            #"spec.a: Invalid value: "integer": spec.a in body must be of type string: "integer""#
        ),
        (
            #"{"type":"string","format":"date-time"}"#, #""2026-02-30T00:00:00Z""#,
            #"spec: Invalid value: "2026-02-30T00:00:00Z": spec in body must be of type date-time: "2026-02-30T00:00:00Z""#
        ),
        (#"{"x-kubernetes-int-or-string":true}"#, "true", #"must be of type integer,string: "boolean""#),
        (
            #"{"type":"object","x-kubernetes-preserve-unknown-fields":true,"x-kubernetes-embedded-resource":true}"#,
            #"{"kind":"A"}"#, "spec.apiVersion: Required value: must not be empty"
        ),
        (
            #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}"#,
            #"{"a":1,"b":2}"#,
            #""spec" must validate one and only one schema (oneOf). Found 2 valid"#
        ),
        (
            #"{"type":"integer","anyOf":[{"maximum":1},{"minimum":3}]}"#, "2",
            #""spec" must validate at least one schema (anyOf)"#
        ),
        (#"{"type":"integer","not":{"enum":[2]}}"#, "2", #""spec" must not validate the schema (not)"#),
        (#"{"type":"integer","allOf":[{"maximum":1}]}"#, "2", "should be less than or equal to 1"),
    ])
    func `an invalid value reports the field and the constraint`(schema: String, value: String, message: String) throws
    {
        let errors = try errors(spec: schema, value)
        #expect(errors.contains { $0.contains(message) }, "\(errors)")
    }

    /// What kube-apiserver 1.36 answers.
    @Test(arguments: [
        (#"{"type":"string","enum":["Active"]}"#, "3", #"Unsupported value: 3: supported values: "Active""#),
        (#"{"type":"string","enum":["Active"]}"#, "{}", #"Unsupported value: {}: supported values: "Active""#),
        (#"{"type":"integer","minimum":10}"#, "1.5", "should be greater than or equal to 10"),
        (
            #"{"type":"object","pattern":"^[a-z]+$"}"#, #""a_b""#,
            #"Invalid value: "a_b": spec in body should match '^[a-z]+$'"#
        ),
    ])
    func `a value of a wrong type is also checked against the constraints`(
        schema: String, value: String, message: String
    ) throws {
        let errors = try errors(spec: schema, value)
        #expect(errors.count == 2)
        #expect(errors.first?.contains("in body must be of type") == true)
        #expect(errors.last?.contains(message) == true, "\(errors)")
    }

    @Test(arguments: [
        (#"{"type":"integer"}"#, "1.0"), (#"{"type":"number"}"#, "1"), (#"{"type":"string","nullable":true}"#, "null"),
        (#"{"type":"string","maxLength":2}"#, #""äö""#), (#"{"x-kubernetes-int-or-string":true}"#, #""50%""#),
        (#"{"x-kubernetes-int-or-string":true}"#, "5"),
        (#"{"x-kubernetes-preserve-unknown-fields":true}"#, #"[1,{"a":null}]"#),
        (#"{"type":"string","format":"unheard-of"}"#, #""x""#),
        (#"{"type":"string","format":"date-time"}"#, #""2026-01-01T10:00:00.5+02:00""#),
        (#"{"type":"string","enum":["a","b"]}"#, #""b""#),
        (#"{"type":"integer","oneOf":[{"maximum":1},{"minimum":3}]}"#, "3"),
    ])
    func `a valid value is accepted`(schema: String, value: String) throws {
        #expect(try errors(spec: schema, value) == [])
    }

    @Test(arguments: [
        ("date-time", "2026-01-01T10:00:00Z", "2026-01-01 10:00"), ("date", "2026-01-01", "2026-13-01"),
        ("duration", "1h30m", "1 hour"),
        ("byte", "YWJj", "%%%"), ("uuid", "6f1c1f0e-8f6b-4ec0-8f0b-0f5b6a1d2c3e", "6f1c"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "fe80::1", "fe80:::1"), ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
        ("uri", "https://x.example/a", "no uri"),
        ("email", "a@b.example", "a b"), ("hostname", "a.example", "-a"),
    ])
    func `string formats are validated`(format: String, good: String, bad: String) throws {
        let format = try #require(StringFormat(rawValue: format))
        #expect(format.accepts(good))
        #expect(!format.accepts(bad))
    }

    @Test func `errors become causes of a Status`() throws {
        let error = FieldError(.notSupported, "spec.engine", "x", #"supported values: "a""#)
        #expect(error.cause["reason"] == "FieldValueNotSupported")
        #expect(error.cause["message"] == #"Unsupported value: "x": supported values: "a""#)
        #expect(error.cause["field"] == "spec.engine")
        #expect(FieldErrors(errors: [error]).description == error.description)
        #expect(
            FieldErrors(errors: [error, FieldError(.required, "a")]).description == "[\(error), a: Required value]")
    }
}
