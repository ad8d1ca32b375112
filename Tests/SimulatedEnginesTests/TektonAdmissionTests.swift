import KubeClient
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// PipelineRuns that Tekton's webhook denies; the texts are those of Tekton's own validation tests and sources.
@Suite struct TektonAdmissionTests {
    struct Denial: Sendable {
        let name: String
        let spec: JSONValue
        let text: String

        init(_ name: String, _ spec: JSONValue, _ text: String) {
            self.name = name
            self.spec = spec
            self.text = text
        }
    }

    private static func denial(_ name: String, _ more: JSONObject, _ text: String) -> Denial {
        var spec: JSONObject = ["pipelineRef": ["name": "prname"]]
        for member in more { spec[member.key] = member.value }
        return Denial(name, .object(spec), text)
    }

    private static func timeouts(_ name: String, _ timeouts: JSONValue, _ text: String) -> Denial {
        denial(name, ["timeouts": timeouts], "invalid value: \(text)")
    }

    private static func workspaces(_ name: String, _ workspaces: JSONValue, _ text: String) -> Denial {
        denial(name, ["workspaces": workspaces], text)
    }

    static let denials: [Denial] = [
        // pipelineRef
        Denial("no Pipeline", [:], "expected exactly one, got neither: spec.pipelineRef, spec.pipelineSpec"),
        Denial(
            "two Pipelines", ["pipelineRef": ["name": "a"], "pipelineSpec": ["tasks": []]],
            "expected exactly one, got both: spec.pipelineRef, spec.pipelineSpec"),
        Denial("an empty reference", ["pipelineRef": [:]], "missing field(s): spec.pipelineRef.name"),
        Denial(
            "parameters without a resolver", ["pipelineRef": ["params": [["name": "a", "value": "b"]]]],
            "missing field(s): spec.pipelineRef.resolver"),
        Denial(
            "a name with a resolver", ["pipelineRef": ["name": "foo", "resolver": "git"]],
            "invalid value: invalid URI for request: spec.pipelineRef.name"),
        Denial(
            "a name with parameters",
            ["pipelineRef": ["name": "foo", "resolver": "git", "params": [["name": "a", "value": "b"]]]],
            """
            expected exactly one, got both: spec.pipelineRef.name, spec.pipelineRef.params
            invalid value: invalid URI for request: spec.pipelineRef.name
            """),
        Denial(
            "a resolver parameter twice",
            [
                "pipelineRef": [
                    "resolver": "git", "params": [["name": "url", "value": "b"], ["name": "URL", "value": "c"]],
                ]
            ],
            "expected exactly one, got both: spec.pipelineRef[URL].name"),
        // params
        denial(
            "a parameter twice, in other case",
            ["params": [["name": "myName", "value": "a"], ["name": "myname", "value": "b"]]],
            "expected exactly one, got both: spec.params[myname].name"),
        denial(
            "a task's result as a value",
            ["params": [["name": "foo", "value": "$(tasks.some-task.results.foo)"]]],
            "invalid value: cannot use result expressions in [tasks.some-task.results.foo] as PipelineRun parameter values: spec.params[foo].value"
        ),
        denial(
            "a task's result in an array",
            ["params": [["name": "foo", "value": ["x", "a $(tasks.t.results.foo[0]) b"]]]],
            "invalid value: cannot use result expressions in [tasks.t.results.foo[0]] as PipelineRun parameter values: spec.params[foo].value"
        ),
        // status
        denial(
            "an unknown request", ["status": "PipelineRunCancell"],
            "invalid value: PipelineRunCancell should be Cancelled, CancelledRunFinally, StoppedRunFinally or PipelineRunPending: spec.status"
        ),
        // timeouts
        timeouts("a negative timeout", ["pipeline": "-48h"], "-48h0m0s should be >= 0: spec.timeouts.pipeline"),
        timeouts("a negative tasks timeout", ["tasks": "-48h"], "-48h0m0s should be >= 0: spec.timeouts.tasks"),
        timeouts(
            "tasks longer than the pipeline", ["pipeline": "25m", "tasks": "1h"],
            "1h0m0s should be <= pipeline duration: spec.timeouts.tasks"),
        timeouts(
            "finally longer than the pipeline", ["pipeline": "25m", "finally": "1h"],
            "1h0m0s should be <= pipeline duration: spec.timeouts.finally"),
        timeouts(
            "tasks and finally together longer than the pipeline",
            ["pipeline": "50m", "tasks": "30m", "finally": "30m"],
            "30m0s + 30m0s should be <= pipeline duration: spec.timeouts.finally, spec.timeouts.tasks"),
        timeouts(
            "no tasks timeout in a limited pipeline", ["pipeline": "10m", "tasks": "0s"],
            "0s (no timeout) should be <= pipeline duration: spec.timeouts.tasks"),
        timeouts(
            "tasks longer than the default of one hour", ["tasks": "2h"],
            "2h0m0s should be <= pipeline duration: spec.timeouts.tasks"),
        // taskRunSpecs
        denial(
            "a negative timeout of a task", ["taskRunSpecs": [["pipelineTaskName": "task1", "timeout": "-1h"]]],
            "invalid value: -1h0m0s should be >= 0: spec.taskRunSpecs[0].timeout"),
        denial(
            "a task longer than the pipeline",
            ["timeouts": ["pipeline": "1h"], "taskRunSpecs": [["pipelineTaskName": "task1", "timeout": "2h"]]],
            "invalid value: 2h0m0s should be <= pipeline duration 1h0m0s: spec.taskRunSpecs[0].timeout"),
        denial(
            "a task longer than all tasks",
            [
                "timeouts": ["tasks": "5m"],
                "taskRunSpecs": [["pipelineTaskName": "a"], ["pipelineTaskName": "b", "timeout": "6m"]],
            ],
            "invalid value: 6m0s should be <= pipeline tasks duration 5m0s: spec.taskRunSpecs[1].timeout"),
        // workspaces
        workspaces(
            "a workspace twice", [["name": "ws", "emptyDir": [:]], ["name": "ws", "emptyDir": [:]]],
            "workspace \"ws\" provided by pipelinerun more than once, at index 0 and 1: spec.workspaces[1].name"),
        workspaces(
            "a workspace without a volume", [["name": "ws"]],
            "expected exactly one, got neither: spec.workspaces[0].configmap, spec.workspaces[0].emptydir, spec.workspaces[0].persistentvolumeclaim, spec.workspaces[0].secret, spec.workspaces[0].volumeclaimtemplate"
        ),
        workspaces(
            "a workspace with two volumes", [["name": "ws", "emptyDir": [:], "secret": ["secretName": "s"]]],
            "expected exactly one, got both: spec.workspaces[0].configmap, spec.workspaces[0].emptydir, spec.workspaces[0].persistentvolumeclaim, spec.workspaces[0].secret, spec.workspaces[0].volumeclaimtemplate"
        ),
        workspaces(
            "a claim without a name", [["name": "ws", "persistentVolumeClaim": [:]]],
            "missing field(s): spec.workspaces[0].persistentvolumeclaim.claimname"),
        workspaces(
            "a ConfigMap without a name", [["name": "ws", "configMap": [:]]],
            "missing field(s): spec.workspaces[0].configmap.name"),
        workspaces(
            "a Secret without a name", [["name": "ws", "secret": [:]]],
            "missing field(s): spec.workspaces[0].secret.secretName"),
        workspaces(
            "a projected volume without sources", [["name": "ws", "projected": [:]]],
            "missing field(s): spec.workspaces[0].projected.sources"),
    ]

    private func run(_ spec: JSONValue, name: String = "run") -> JSONValue {
        ["apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "metadata": ["name": .string(name)], "spec": spec]
    }

    @Test func `denies what Tekton's webhook denies, with its message`() {
        for denial in Self.denials {
            #expect(TektonAdmission.problems(of: run(denial.spec)).text == denial.text, "\(denial.name)")
        }
        let long = run(["pipelineRef": ["name": "a"]], name: String(repeating: "r", count: 64))
        #expect(
            TektonAdmission.problems(of: long).text
                == "Invalid resource name: length must be no more than 63 characters: metadata.name")
    }

    static let accepted: [JSONValue] = [
        ["pipelineRef": ["name": "a"]], ["pipelineSpec": ["tasks": []]],
        ["pipelineRef": ["resolver": "hub", "params": [["name": "name", "value": "x"]]]],
        ["pipelineRef": ["name": "a"], "timeouts": ["pipeline": "0s", "tasks": "0s", "finally": "0s"]],
        ["pipelineRef": ["name": "a"], "timeouts": ["pipeline": "1h", "tasks": "30m", "finally": "30m"]],
        ["pipelineRef": ["name": "a"], "timeouts": ["tasks": "45m"]],
        [
            "pipelineRef": ["name": "a"], "timeouts": ["pipeline": "0s"],
            "taskRunSpecs": [["pipelineTaskName": "task1", "timeout": "10h"]],
        ],
        ["pipelineRef": ["name": "a"], "params": [["name": "a", "value": "$(context.pipelineRun.name)"]]],
        [
            "pipelineRef": ["name": "a"],
            "workspaces": [
                ["name": "a", "emptyDir": [:]], ["name": "b", "projected": ["sources": [["secret": ["name": "s"]]]]],
                ["name": "c", "volumeClaimTemplate": ["spec": [:]]],
            ],
        ],
    ]

    @Test(arguments: accepted) func `accepts valid runs`(_ spec: JSONValue) {
        #expect(TektonAdmission.problems(of: run(spec)).isEmpty)
    }

    @Test func `the API server answers as with a webhook`() throws {
        let cluster = Cluster(environment: .system)
        try cluster.load(EngineDefinitions.all)
        _ = SimulatedTekton(cluster: cluster, environment: .system)
        let create = { (run: JSONValue) in
            try cluster.create(Tekton.pipelineRuns, namespace: "default", run, fieldManager: "test")
        }
        let error = #expect(throws: StatusError.self) {
            try create(run(["pipelineRef": ["name": "a"], "timeouts": ["tasks": "2h"]]))
        }
        #expect(error?.code == 400)
        #expect(error?.reason == "BadRequest")
        #expect(
            error?.message
                == "admission webhook \"validation.webhook.pipeline.tekton.dev\" denied the request: validation failed: invalid value: 2h0m0s should be <= pipeline duration: spec.timeouts.tasks"
        )
        #expect(throws: Never.self) { try create(run(["pipelineRef": ["name": "a"]])) }
    }

    @Test(arguments: [
        ("a $(params.x) b $(tasks.t.results.r[*])$(x", ["params.x", "tasks.t.results.r[*]"]),
        ("$(params.list[12])", ["params.list[12]"]), ("$(params['a.b'])", []), ("$($(params.a))", ["params.a"]),
        ("$(params.list[x])", []), ("$()", []),
    ]) func `finds the variables that Tekton finds`(_ text: String, _ found: [String]) {
        #expect(TektonText.expressions(text) == found)
    }

    @Test(arguments: [
        ("\"a\"", TektonValue.string("a")), ("[\"a\",\"b\"]", .array(["a", "b"])),
        ("{\"k\":\"v\"}", .object(["k": "v"])),
        ("7", .string("7")), ("true", .string("true")), ("[1,2]", .string("[1,2]")),
        ("{\"k\":{}}", .string("{\"k\":{}}")),
    ]) func `reads values as Tekton does`(_ json: String, _ value: TektonValue) throws {
        #expect(TektonValue(try JSONValue(parsing: json)) == value)
    }
}
