import KubeClient
import Testing

@testable import SimulatedEngines

/// Invalid templates are rejected before anything runs, with the engine's message.
@Suite struct TemplateCheckTests {
    private static let work: JSONValue = [
        "name": "work", "inputs": ["parameters": [["name": "x"], ["name": "y", "default": "1"]]],
        "container": ["image": "i"],
    ]

    private static func templates(_ main: JSONValue) -> [String: JSONValue] {
        ["main": main, "work": work, "rest": ["name": "rest", "container": ["image": "i"]]]
    }

    private func problem(_ main: JSONValue) -> String? {
        var check = TemplateCheck(Self.templates(main))
        return check.problem(of: "main", arguments: [])
    }

    @Test func `accepts valid templates`() {
        let given: JSONValue = ["parameters": [["name": "x", "value": "1"]]]
        #expect(problem(["steps": [[["name": "a", "template": "work", "arguments": given]]]]) == nil)
        #expect(problem(["steps": [[["name": "again", "template": "main"]]]]) == nil)
        #expect(problem(["steps": [[["name": "a", "template": "{{inputs.parameters.which}}"]]]]) == nil)
        let tasks: JSONValue = [
            ["name": "a", "template": "rest"], ["name": "b", "template": "rest", "dependencies": ["a"]],
            ["name": "c", "template": "rest", "depends": "a.Failed || !b"],
        ]
        #expect(problem(["dag": ["tasks": tasks]]) == nil)
    }

    @Test func `names a call of an unknown template`() {
        #expect(
            problem(["steps": [[["name": "a", "template": "rest"]], [["name": "b", "template": "lost"]]]])
                == "templates.main.steps[1].b template name 'lost' undefined")
        #expect(
            problem(["dag": ["tasks": [["name": "a", "template": "lost"]]]])
                == "templates.main.tasks.a template name 'lost' undefined")
    }

    @Test func `names a missing input`() {
        #expect(
            problem(["steps": [[["name": "a", "template": "work"]]]])
                == "templates.main.steps[0].a templates.work inputs.parameters.x was not supplied")
    }

    @Test(arguments: [
        (["a"], ["b"], "graph with cycle"), (["b"], ["a"], "graph with cycle"), ([], ["z"], "invalid dependency z"),
    ])
    func `rejects unknown and cyclic dependencies`(_ ofA: [String], _ ofB: [String], _ words: String) {
        let tasks = [("a", ofA), ("b", ofB)].map { name, needed -> JSONValue in
            ["name": .string(name), "template": "rest", "dependencies": .array(needed.map { .string($0) })]
        }
        #expect(problem(["dag": ["tasks": .array(tasks)]]) == "templates.main sorting failed: \(words)")
    }

    @Test func `rejects a template without a type`() {
        #expect(problem(["name": "main"])?.hasPrefix("templates.main template type unspecified.") == true)
        #expect(problem(["dag": [:]]) == "templates.main must have at least one task")
    }

    @Test func `stops checking deeply nested calls`() {
        var templates: [String: JSONValue] = [:]
        for number in 0..<5000 {
            templates["t\(number)"] = ["steps": [[["name": "a", "template": .string("t\(number + 1)")]]]]
        }
        var check = TemplateCheck(templates)
        #expect(check.problem(of: "t0", arguments: []) == nil)
    }

    @Test func `fails a workflow with invalid templates before it starts`() async throws {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(
            template: "t",
            spec: [
                "entrypoint": "rest", "onExit": "lost",
                "templates": [["name": "rest", "container": ["image": "i"]]],
            ])
        let last = try #require(try await rehearsal.play("run", spec: ["workflowTemplateRef": ["name": "t"]]).last)
        #expect(last.phase == "Failed")
        #expect(last[path: ["status", "message"]] == "invalid spec: template name 'lost' undefined")
        #expect(last[path: ["status", "nodes"]] == nil)
        #expect(rehearsal.cluster.names("pods").isEmpty)
    }
}

/// Steps and tasks that call templates of other WorkflowTemplates.
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

    @Test func `runs the local calls of a referenced template`() async throws {
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
    func `refuses a reference to a missing template`(_ name: String, _ template: String) async throws {
        let (_, last) = try await play(["name": .string(name), "template": .string(template)])
        #expect(last.phase == "Failed")
        let words = "invalid spec: templates.main.tasks.go template reference \(name).\(template) not found"
        #expect(last[path: ["status", "message"]]?.stringValue == words)
    }
}
