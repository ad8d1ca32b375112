import KubeClient
import Testing

@testable import SimulatedEngines

/// Parameters of a run, checked and substituted; reasons and messages are those of Tekton's own tests.
@Suite struct TektonParameterTests {
    private static let run = ObjectKey(namespace: "foo", name: "run")

    private static func inputs(_ pipeline: JSONObject, params: JSONValue) -> PipelineInputs {
        PipelineInputs(
            run: run, pipelineName: "pipe", pipeline: TektonDefaults.pipelineSpec(pipeline),
            specification: ["params": params])
    }

    struct Refusal: Sendable {
        let pipeline: JSONObject
        let params: JSONValue
        let reason: String
        let message: String
    }

    private static func object(_ more: JSONObject = [:]) -> JSONObject {
        var declaration: JSONObject = ["name": "some-param", "properties": ["key1": [:], "key2": ["type": "string"]]]
        for member in more { declaration[member.key] = member.value }
        return ["params": [.object(declaration)]]
    }

    static let refusals: [Refusal] = [
        Refusal(
            pipeline: ["params": [["name": "some-param"], ["name": "other"], ["name": "free", "default": "x"]]],
            params: [["name": "other", "value": "1"]], reason: "ParameterMissing",
            message: "[User error] PipelineRun foo/run is missing some parameters required by Pipeline foo/pipe: "
                + "pipelineRun missing parameters: [some-param]"),
        Refusal(
            pipeline: ["params": [["name": "some-param", "type": "array"]]],
            params: [["name": "some-param", "value": "stringval"]], reason: "ParameterTypeMismatch",
            message: "[User error] PipelineRun foo/run parameters have mismatching types with Pipeline foo/pipe's "
                + "parameters: parameters have inconsistent types : [some-param]"),
        Refusal(
            pipeline: [
                "params": [["name": "a", "default": ["x"]], ["name": "b"], ["name": "c", "default": ["k": "v"]]]
            ],
            params: [
                ["name": "a", "value": "text"], ["name": "b", "value": ["x"]], ["name": "c", "value": ["x"]],
                ["name": "extra", "value": ["x"]],
            ], reason: "ParameterTypeMismatch",
            message: "[User error] PipelineRun foo/run parameters have mismatching types with Pipeline foo/pipe's "
                + "parameters: parameters have inconsistent types : [a b c]"),
        Refusal(
            pipeline: object(), params: [["name": "some-param", "value": ["key1": "a"]]],
            reason: "ObjectParameterMissKeys",
            message:
                "[User error] PipelineRun foo/run parameters is missing object keys required by Pipeline foo/pipe's "
                + "parameters: pipelineRun missing object keys for parameters: map[some-param:[key2]]"),
        Refusal(
            pipeline: [
                "params": [["name": "some-param", "type": "array"]],
                "tasks": [["name": "t", "params": [["name": "p", "value": "$(params.some-param[2])"]]]],
            ], params: [["name": "some-param", "value": ["a", "b"]]], reason: "ParamArrayIndexingInvalid",
            message:
                "[User error] PipelineRun foo/run failed validation: failed to validate Pipeline foo/pipe's parameter "
                + "which has an invalid index while referring to an array: "
                + "non-existent param references:[$(params.some-param[2])]"),
        Refusal(
            pipeline: [
                "params": [
                    ["name": "first.param", "type": "array", "default": ["x", "y"]],
                    ["name": "second/param", "type": "array"],
                ],
                "tasks": [
                    [
                        "name": "t",
                        "params": [
                            ["name": "a", "value": "$(input.$(params[\"first.param\"][2]))"],
                            ["name": "b", "value": ["k": "$(params['second/param'][1])"]],
                        ], "matrix": ["params": [["name": "m", "value": ["$(params['second/param'][3])"]]]],
                        "when": [["input": "x", "operator": "in", "values": ["$(params['second/param'][0])"]]],
                    ]
                ], "finally": [["name": "f", "params": [["name": "c", "value": "$(params['second/param'][2])"]]]],
            ], params: [["name": "second/param", "value": ["a"]]], reason: "ParamArrayIndexingInvalid",
            message:
                "[User error] PipelineRun foo/run failed validation: failed to validate Pipeline foo/pipe's parameter "
                + "which has an invalid index while referring to an array: non-existent param references:"
                + "[$(params[\"first.param\"][2]) $(params['second/param'][1]) $(params['second/param'][2]) "
                + "$(params['second/param'][3])]"),
    ]

    @Test func `refuses parameters that do not fit, with Tekton's reason and message`() {
        for refusal in Self.refusals {
            let problem = Self.inputs(refusal.pipeline, params: refusal.params).problem
            #expect(problem?.reason == refusal.reason)
            #expect(problem?.message == refusal.message)
            #expect(problem?.status == .failed)
        }
    }

    @Test func `accepts parameters that fit`() {
        let partial = Self.object(["default": ["key1": "x"]])
        #expect(
            Self.inputs(partial, params: [["name": "some-param", "value": ["key2": "y", "key3": "z"]]]).problem == nil)
        let pipeline: JSONObject = [
            "params": [["name": "a", "type": "array"], ["name": "b"], ["name": "c", "default": ["x", "y"]]],
            "tasks": [["name": "t", "params": [["name": "p", "value": "$(params.a[1]) $(params.c[1]) $(params.b)"]]]],
        ]
        let params: JSONValue = [
            ["name": "a", "value": ["x", "y"]], ["name": "b", "value": 7], ["name": "extra", "value": ["k": "v"]],
        ]
        #expect(Self.inputs(pipeline, params: params).problem == nil)
    }

    @Test(
        arguments: [
            ([["name": "p"]], [], [], "missing values for these params which have no default values: [p]"),
            (
                [["name": "p", "type": "array"]], [["name": "p", "value": "x"]], [],
                "param types don't match the user-specified type: [p]"
            ),
            ([["name": "p", "type": "array"]], [["name": "p", "value": "$(tasks.a.results.r[*])"]], [], nil),
            (
                [["name": "p", "type": "array"]], [], [["name": "p", "value": ["x"]]],
                "param types don't match the user-specified type: [p]"
            ),
            ([["name": "p", "type": "string"]], [], [["name": "p", "value": ["x"]]], nil),
            (
                [["name": "p", "type": "object", "properties": ["a": [:], "b": [:]]]],
                [["name": "p", "value": ["a": "1"]]], [],
                "missing keys for these params which are required in ParamSpec's properties map[p:[b]]"
            ),
        ] as [([JSONValue], [JSONValue], [JSONValue], String?)])
    func `checks what a task gives to its Task`(
        _ declared: [JSONValue], _ given: [JSONValue], _ matrix: [JSONValue], _ why: String?
    ) {
        let problem = TaskInputs.problem(task: "build", declared: declared, given: given, matrix: matrix)
        #expect(problem == why.map { "invalid input params for task build: \($0)" })
    }

    // MARK: Substitution

    private func replacements(_ declared: [JSONValue], given: [String: TektonValue] = [:]) throws -> TektonReplacements
    {
        var replacements = TektonReplacements()
        for (name, value) in given { replacements.set(parameter: name, to: value) }
        try replacements.addDefaults(of: declared)
        return replacements
    }

    @Test(
        arguments: [
            ("$(params.text)", "a"), ("$(params.list[*])", ["x", "y"]), ("$(params.list)", ["x", "y"]),
            ("$(params.list[1])-$(params.text)", "y-a"), ("$(params.object.key)", "v"),
            ("$(params.object[*])", ["key": "v"]),
            ("$(params['dotted.name'])", "d"), ("$(params[\"dotted.name\"])", "d"), ("$(params.dotted.name)", "d"),
            ("$(params['dotted.list'][0])", "z"), ("pre $(params.list[*])", "pre $(params.list[*])"),
            ("$(params.list[7])", "$(params.list[7])"), (["a", "$(params.list[*])", "b"], ["a", "x", "y", "b"]),
            (["$(params.text)"], ["a"]),
        ] as [(JSONValue, JSONValue)]) func `replaces texts, arrays, and objects`(
            _ tree: JSONValue, _ result: JSONValue
        ) throws
    {
        let given: [String: TektonValue] = [
            "text": .string("a"), "list": .array(["x", "y"]), "object": .object(["key": "v"]),
            "dotted.name": .string("d"), "dotted.list": .array(["z"]),
        ]
        #expect(try replacements([], given: given).applied(to: tree) == result)
    }

    @Test func `resolves defaults that refer to other parameters`() throws {
        let declared: [JSONValue] = [
            ["name": "image", "type": "string", "default": "$(params.registry)/$(params.repo):$(params.tag)"],
            ["name": "registry", "type": "string", "default": "gcr.io/my-project"], ["name": "repo", "type": "string"],
            ["name": "tag", "type": "string", "default": "v1.0"],
            ["name": "args", "type": "array", "default": ["IMAGE=$(params.image)", "VERSION=$(params.tag)"]],
            ["name": "config", "type": "object", "default": ["host": "$(params.registry)"]],
        ]
        let values = try replacements(declared, given: ["repo": .string("my-app"), "tag": .string("v2")])
        #expect(values.value(of: "params.image") == "gcr.io/my-project/my-app:v2")
        #expect(values.value(of: "params.args") == ["IMAGE=gcr.io/my-project/my-app:v2", "VERSION=v2"])
        #expect(values.value(of: "params.args[1]") == "VERSION=v2")
        #expect(values.value(of: "params.config.host") == "gcr.io/my-project")
        #expect(values.value(of: "params['config'].host") == "gcr.io/my-project")
    }

    @Test(arguments: [
        ([("a", "$(params.b)"), ("b", "$(params.a)")], "circular dependency detected in param \"params.a\""),
        ([("a", "$(params.a)")], "circular dependency detected in param \"params.a\""),
        ([("a", "$(params.none)")], "param \"params.a\" references undefined param \"params.none\""),
    ]) func `refuses defaults that cannot be resolved`(_ defaults: [(String, String)], _ why: String) async throws {
        let rehearsal = TektonRehearsal()
        let params = defaults.map { JSONValue.object(["name": .string($0.0), "default": .string($0.1)]) }
        try await rehearsal.add(
            pipeline: "p", spec: ["params": .array(params), "tasks": [["name": "t", "taskSpec": [:]]]])
        let last = try await rehearsal.play("run", spec: ["pipelineRef": ["name": "p"]]).last
        #expect(last?.reason == "PipelineValidationFailed")
        #expect(
            last?.message
                == "[User error] Failed to apply parameters to Pipeline payments/p: parameter resolution failed: \(why)"
        )
    }

    @Test func `limits how many defaults refer to each other`() {
        let declared = (0..<12).map { number -> JSONValue in
            ["name": .string("p\(number)"), "type": "string", "default": .string("$(params.p\(number + 1))")]
        }
        let error = #expect(throws: PipelineProblem.self) {
            try replacements(declared + [["name": "p12", "type": "string", "default": "end"]])
        }
        guard case .cannotApplyParameters(let why) = error else {
            Issue.record("unexpected error")
            return
        }
        #expect(why.contains("maximum recursion depth (10) exceeded for param"))
    }

    @Test func `gives tasks arrays and objects, and hides parameters of the Pipeline from a task with its own`()
        async throws
    {
        let rehearsal = TektonRehearsal()
        let steps: JSONValue = [
            ["name": "s", "image": "i", "args": ["$(params.list[*])", "$(params.word)", "$(params.repo.url)"]]
        ]
        let task: (String, JSONValue) -> JSONValue = { name, params in
            ["name": .string(name), "params": params, "taskSpec": ["steps": steps]]
        }
        try await rehearsal.add(
            pipeline: "p",
            spec: [
                "params": [
                    ["name": "list", "type": "array", "default": ["d"]], ["name": "word"],
                    ["name": "repo", "type": "object", "properties": ["url": [:]]],
                ],
                "tasks": [
                    task("outer", []), task("inner", [["name": "word", "value": "own $(context.pipelineRun.name)"]]),
                    [
                        "name": "whole", "params": [["name": "all", "value": "$(params.repo[*])"]],
                        "when": [["input": "b", "operator": "in", "values": ["$(params.list[*])"]]],
                        "taskSpec": [
                            "params": [["name": "all", "type": "object", "properties": ["url": [:]]]],
                            "steps": [["name": "s", "image": "i", "args": ["$(params.all.url)"]]],
                        ],
                    ],
                ],
            ])
        let states = try await rehearsal.play(
            "run",
            spec: [
                "pipelineRef": ["name": "p"],
                "params": [
                    ["name": "list", "value": ["a", "b"]], ["name": "word", "value": "w"],
                    ["name": "repo", "value": ["url": "https://x"]],
                ],
            ])
        #expect(states.last?.reason == "Succeeded")
        let taskRun = { (name: String) in rehearsal.cluster.life("taskruns", name).last }
        let arguments = { (name: String) in taskRun(name)?[path: ["spec", "taskSpec"]]?["steps"]?[0]?["args"] }
        #expect(arguments("run-outer") == ["a", "b", "w", "https://x"])
        #expect(arguments("run-inner") == ["a", "b", "own run", "https://x"])
        #expect(taskRun("run-whole")?[path: ["spec", "params"]] == [["name": "all", "value": ["url": "https://x"]]])
        #expect(
            taskRun("run-whole")?[path: ["status", "taskSpec"]]?["steps"]?[0]?["args"] == ["https://x"])
    }

    @Test func `fails a run whose tasks lack parameters before anything starts`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.cluster.create(
            Tekton.tasks, namespace: "payments",
            ["metadata": ["name": "needs"], "spec": ["params": [["name": "some-param"]], "steps": [["image": "i"]]]],
            fieldManager: "test")
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [["name": "a", "taskRef": ["name": "needs"]]]])
        let last = try await rehearsal.play("run", spec: ["pipelineRef": ["name": "p"]]).last
        #expect(last?.reason == "PipelineValidationFailed")
        #expect(
            last?.message
                == "[User error] Validation failed for pipelinerun run with error invalid input params for task needs: missing values for these params which have no default values: [some-param]"
        )
        #expect(last?[path: ["status", "childReferences"]] == nil)
        #expect(rehearsal.cluster.names("taskruns").isEmpty)
    }
}
