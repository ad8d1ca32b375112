import KubeClient
import Testing

@testable import Sandbox

/// Templates that cannot be carried out are refused before anything runs, in the engine's words.
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

    @Test func whatCanRunHasNoProblem() {
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

    @Test func aCallThatLeadsNowhereIsNamed() {
        #expect(
            problem(["steps": [[["name": "a", "template": "rest"]], [["name": "b", "template": "lost"]]]])
                == "templates.main.steps[1].b template name 'lost' undefined")
        #expect(
            problem(["dag": ["tasks": [["name": "a", "template": "lost"]]]])
                == "templates.main.tasks.a template name 'lost' undefined")
    }

    @Test func anInputThatIsNotGivenIsNamed() {
        #expect(
            problem(["steps": [[["name": "a", "template": "work"]]]])
                == "templates.main.steps[0].a templates.work inputs.parameters.x was not supplied")
    }

    @Test(arguments: [
        (["a"], ["b"], "graph with cycle"), (["b"], ["a"], "graph with cycle"), ([], ["z"], "invalid dependency z"),
    ])
    func anOrderThatCannotBeKeptIsRefused(_ ofA: [String], _ ofB: [String], _ words: String) {
        let tasks = [("a", ofA), ("b", ofB)].map { name, needed -> JSONValue in
            ["name": .string(name), "template": "rest", "dependencies": .array(needed.map { .string($0) })]
        }
        #expect(problem(["dag": ["tasks": .array(tasks)]]) == "templates.main sorting failed: \(words)")
    }

    @Test func aTemplateOfNoKindIsRefused() {
        #expect(problem(["name": "main"])?.hasPrefix("templates.main template type unspecified.") == true)
        #expect(problem(["dag": [:]]) == "templates.main must have at least one task")
    }

    @Test func deepNestingIsNotFollowed() {
        var templates: [String: JSONValue] = [:]
        for number in 0..<5000 {
            templates["t\(number)"] = ["steps": [[["name": "a", "template": .string("t\(number + 1)")]]]]
        }
        var check = TemplateCheck(templates)
        #expect(check.problem(of: "t0", arguments: []) == nil)
    }

    @Test func aWorkflowOfSuchTemplatesEndsBeforeItStarts() async throws {
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
