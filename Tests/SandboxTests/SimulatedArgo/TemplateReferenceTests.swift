import KubeClient
import Testing

@testable import Sandbox

/// Steps and tasks may call templates of other WorkflowTemplates.
@Suite struct TemplateReferenceTests {
    private static let library: JSONValue = [
        "templates": [
            [
                "name": "both", "inputs": ["parameters": [["name": "x"]]],
                "steps": [
                    [
                        [
                            "name": "first", "template": "one",
                            "arguments": ["parameters": [["name": "x", "value": "{{inputs.parameters.x}}"]]],
                        ]
                    ],
                    [["name": "second", "templateRef": ["name": "far", "template": "two", "clusterScope": true]]],
                ],
            ],
            ["name": "one", "inputs": ["parameters": [["name": "x"]]], "container": ["image": "i"]],
            ["name": "unused", "container": ["image": "i"]],
        ]
    ]

    private func play(_ reference: JSONValue) async throws -> (ArgoRehearsal, JSONValue) {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "library", spec: Self.library)
        try await rehearsal.add(
            template: "far", isClusterScoped: true, spec: ["templates": [["name": "two", "container": ["image": "i"]]]])
        let call: JSONValue = [
            "name": "go", "templateRef": reference, "arguments": ["parameters": [["name": "x", "value": "7"]]],
        ]
        try await rehearsal.add(
            template: "t", spec: ["entrypoint": "main", "templates": [["name": "main", "dag": ["tasks": [call]]]]])
        let states = try await rehearsal.play("run", spec: ["workflowTemplateRef": ["name": "t"]])
        return (rehearsal, try #require(states.last))
    }

    @Test func aReferencedTemplateRunsWithItsOwn() async throws {
        let (rehearsal, last) = try await play(["name": "library", "template": "both"])
        #expect(last.phase == "Succeeded")
        #expect(last.node("go")?["templateRef"] == ["name": "library", "template": "both"])
        #expect(last.node("go")?["templateName"] == nil)
        #expect(last.node("go")?["templateScope"] == "local/")
        #expect(last.node("first")?["templateName"] == "one")
        #expect(last.node("first")?["templateScope"] == "namespaced/library")
        #expect(last.node("first")?["inputs"]?["parameters"]?[0]?["value"] == "7")
        #expect(last.node("second")?["templateRef"]?["clusterScope"] == true)
        let stored = last[path: ["status", "storedTemplates"]]?.objectValue?.keys.sorted()
        #expect(
            stored == ["cluster/far/two", "namespaced/library/both", "namespaced/library/one", "namespaced/t/main"])
        #expect(
            last[path: ["status", "storedTemplates"]]?["namespaced/library/both"]?["steps"]?[0]?[0]?["template"]
                == "one")
        #expect(rehearsal.cluster.names("pods").contains { $0.hasPrefix("run-two-") })
    }

    @Test(arguments: [("library", "lost"), ("nowhere", "both")])
    func aReferenceThatLeadsNowhereIsRefused(_ name: String, _ template: String) async throws {
        let (_, last) = try await play(["name": .string(name), "template": .string(template)])
        #expect(last.phase == "Failed")
        let words = "invalid spec: templates.main.tasks.go template reference \(name).\(template) not found"
        #expect(last[path: ["status", "message"]]?.stringValue == words)
    }
}
