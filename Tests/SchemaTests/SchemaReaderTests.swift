import KubeClient
import Testing

@testable import Schema

@Suite struct SchemaReaderTests {
    /// Reads a schema with the given `spec`.
    private func errors(spec: String) throws -> [String] {
        let schema = #"{"type":"object","properties":{"spec":\#(spec)}}"#
        do throws(FieldErrors) {
            _ = try CustomResourceSchema(reading: try! JSONValue(parsing: schema), at: FieldPath("s"))
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test(arguments: [
        (
            #"{"type":"object","properties":{"a":{}}}"#,
            "s.properties[spec].properties[a].type: Required value: must not be empty for specified object fields"
        ),
        (
            #"{"type":"array","items":{}}"#,
            "s.properties[spec].items.type: Required value: must not be empty for specified array items"
        ),
        (#"{"type":"array"}"#, "s.properties[spec].items: Required value: must be specified"),
        (#"{"type":"text"}"#, #"s.properties[spec].type: Unsupported value: "text": supported values"#),
        (
            #"{"type":"object","additionalProperties":false}"#,
            "s.properties[spec].additionalProperties: Forbidden: additionalProperties cannot be set to false"
        ),
        (#"{"type":"object","$ref":"x"}"#, "s.properties[spec].$ref: Forbidden: $ref is not supported"),
        (#"{"type":"object","color":"x"}"#, "s.properties[spec].color: Forbidden"),
        (
            #"{"type":"string","pattern":"("}"#,
            #"s.properties[spec].pattern: Invalid value: "(": must be a valid regular expression, but isn't: missing closing )"#
        ),
        (#"{"type":"array","items":{"type":"string"},"uniqueItems":true}"#, "uniqueItems cannot be set to true"),
        (#"{"type":"object","x-kubernetes-preserve-unknown-fields":false}"#, "must be true or undefined"),
        (#"{"type":"string","default":1}"#, "s.properties[spec].default: Invalid value: 1"),
        (
            #"{"type":"object","anyOf":[{"properties":{"a":{"type":"object"}}}]}"#,
            "s.properties[spec].anyOf[0].properties[a].type: Forbidden: must be empty to be structural"
        ),
        (
            #"{"type":"object","anyOf":[{"description":"x"}]}"#,
            "s.properties[spec].anyOf[0].description: Forbidden: must be undefined to be structural"
        ),
        (
            #"{"type":"array","x-kubernetes-list-type":"map","items":{"type":"object"}}"#,
            "x-kubernetes-list-map-keys: Required value"
        ),
        (
            #"{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","properties":{"k":{"type":"string"}}}}"#,
            "items.properties[k].default: Required value"
        ),
        (
            #"{"type":"string","maxLength":"7"}"#,
            #"s.properties[spec].maxLength: Invalid value: "7": must be a whole number"#
        ),
        (
            #"{"type":"string","x-kubernetes-validations":[{"message":"m"}]}"#,
            "x-kubernetes-validations[0].rule: Required value"
        ),
        ("1", "s.properties[spec]: Invalid value: 1: must be a schema object"),
    ])
    func `a schema that is not structural is rejected`(spec: String, message: String) throws {
        let errors = try errors(spec: spec)
        #expect(errors.contains { $0.contains(message) }, "\(errors)")
    }

    @Test func `exceptions to structural schemas are accepted`() throws {
        #expect(
            try errors(spec: #"{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}"#)
                == [])
        #expect(try errors(spec: #"{"x-kubernetes-preserve-unknown-fields":true}"#) == [])
        #expect(try errors(spec: #"{"type":"object","additionalProperties":{"type":"string"}}"#) == [])
        #expect(
            try errors(spec: #"{"type":"object","properties":{"a":{"type":"string"}},"oneOf":[{"required":["a"]}]}"#)
                == [])
    }

    @Test func `metadata may constrain only names`() {
        let schema: JSONValue = [
            "type": "object",
            "properties": ["metadata": ["type": "object", "properties": ["labels": ["type": "object"]]]],
        ]
        let error = #expect(throws: FieldErrors.self) { try CustomResourceSchema(reading: schema) }
        #expect(error?.description.contains("name and generateName") == true)
    }
}
