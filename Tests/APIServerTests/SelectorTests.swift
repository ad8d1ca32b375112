import KubeClient
import Testing

@testable import APIServer

@Suite struct SelectorTests {
    private let labels = [ObjectLabel(key: "app", value: "web"), ObjectLabel(key: "example.com/tier", value: "")]

    @Test(arguments: [
        "", "app", "app=web", "app==web", "app!=db", "app in (db, web)", "app notin (db)", "!gone", "gone!=x",
        "example.com/tier=", "app=web,!gone", " app = web , example.com/tier ", "gone notin (a,b)",
    ])
    func `a label selector matches`(_ text: String) throws {
        #expect(try LabelSelector(parsing: text).matches(labels))
    }

    @Test(arguments: ["app=db", "gone", "!app", "app notin (web)", "app in (db)", "app=web,gone", "gone=x"])
    func `a label selector does not match`(_ text: String) throws {
        #expect(try !LabelSelector(parsing: text).matches(labels))
    }

    @Test(arguments: ["=", "app in", "app in (", "app in (a", "app=a b", ",app", "app,", "app=ä", "-app=x", "a=b=c"])
    func `a malformed label selector is rejected`(_ text: String) {
        #expect(throws: StatusError.self) { try LabelSelector(parsing: text) }
    }

    @Test func `a field selector accepts only the selectable fields of the resource`() throws {
        let served = BuiltInResources.eventsInEventsGroup
        let selector = try FieldSelector(parsing: "regarding.name=x,type!=Normal", for: served)
        #expect(
            selector.requirements == [
                FieldSelector.Requirement(field: "involvedObject.name", value: "x", mustEqual: true),
                FieldSelector.Requirement(field: "type", value: "Normal", mustEqual: false),
            ])
        #expect(throws: StatusError.self) { try FieldSelector(parsing: "involvedObject.name=x", for: served) }
        #expect(throws: StatusError.self) { try FieldSelector(parsing: "metadata.name", for: served) }
    }

    @Test func `an unsupported field selector is refused as by kube-apiserver`() throws {
        let pods = #expect(throws: StatusError.self) {
            try FieldSelector(parsing: "spec.x=1", for: BuiltInResources.pods)
        }
        #expect(pods?.message == "field label not supported: spec.x")
        let maps = #expect(throws: StatusError.self) {
            try FieldSelector(parsing: "data.a=1", for: BuiltInResources.configMaps)
        }
        #expect(maps?.message == #""data.a" is not a known field selector: only "metadata.name", "metadata.namespace""#)
    }

    @Test(arguments: [
        (".spec.size", nil), (".spec.color", nil), (".spec.labels.a", nil),
        (".spec.missing", #"Invalid value: ".spec.missing": is an invalid path: does not refer to a valid field"#),
        ("spec.color", #"Invalid value: "spec.color": is an invalid path: expected [ or . but got: spec"#),
        (".spec.list[0]", #"Invalid value: ".spec.list[0]": is an invalid path: array notation is not allowed"#),
        (
            ".spec.list",
            #"Invalid value: ".spec.list": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."#
        ),
        ("", "Required value"),
    ])
    func `a selectable field must be a scalar of the schema`(_ path: String, _ problem: String?) throws {
        let causes = selectableFieldCauses([path])
        #expect(causes.map(\.message) == (problem.map { [$0] } ?? []))
        #expect(causes.allSatisfy { $0.field == "spec.versions[0].selectableFields[0].jsonPath" })
    }

    @Test func `a definition has at most eight different selectable fields`() {
        let nine = (0..<9).map { ".spec.labels.k\($0)" }
        #expect(selectableFieldCauses(nine).map(\.message) == ["Too many: 9: must have at most 8 items"])
        #expect(selectableFieldCauses(Array(nine.prefix(8))).isEmpty)
        let twice = selectableFieldCauses([".spec.size", ".spec.size"])
        #expect(twice.map(\.message) == [#"Duplicate value: ".spec.size""#])
    }

    /// What is wrong with a definition that has these selectable fields.
    private func selectableFieldCauses(_ paths: [String]) -> [StatusError.Cause] {
        let text: JSONValue = ["type": "string"]
        let object: JSONValue = [
            "metadata": ["name": "things.example.com"],
            "spec": [
                "group": "example.com", "scope": "Namespaced", "names": ["plural": "things", "kind": "Thing"],
                "versions": [
                    [
                        "name": "v1", "served": true, "storage": true,
                        "selectableFields": .array(paths.map { ["jsonPath": .string($0)] }),
                        "schema": [
                            "openAPIV3Schema": [
                                "type": "object",
                                "properties": [
                                    "spec": [
                                        "type": "object",
                                        "properties": [
                                            "color": text, "size": ["type": "integer"],
                                            "list": ["type": "array", "items": text],
                                            "labels": ["type": "object", "additionalProperties": text],
                                        ],
                                    ]
                                ],
                            ]
                        ],
                    ]
                ],
            ],
        ]
        do throws(CustomResourceDefinition.Invalid) {
            _ = try CustomResourceDefinition(object)
            return []
        } catch {
            return error.causes
        }
    }

    @Test func `a field selector unescapes values`() throws {
        let selector = try FieldSelector(parsing: #"metadata.name=a\,b\=c\\"#, for: BuiltInResources.pods)
        #expect(selector.requirements.map(\.value) == [#"a,b=c\"#])
    }
}
