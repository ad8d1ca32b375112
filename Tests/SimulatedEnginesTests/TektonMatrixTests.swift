import KubeClient
import Testing

@testable import SimulatedEngines

/// Pipeline tasks with a matrix; the combinations are those of Tekton's own tests.
@Suite struct TektonMatrixTests {
    private static func parameter(_ name: String, _ value: JSONValue) -> JSONValue {
        ["name": .string(name), "value": value]
    }

    private static let parameters: JSONValue = [
        parameter("GOARCH", ["linux/amd64", "linux/ppc64le", "linux/s390x"]),
        parameter("version", ["go1.17", "go1.18.1"]),
    ]

    /// Combinations as lines of `name=value`.
    private static func text(_ matrix: JSONValue) -> [String] {
        (TektonMatrix(matrix)?.combinations ?? []).map { combination in
            combination.map { "\($0["name"]?.stringValue ?? "")=\($0["value"]?.stringValue ?? "")" }
                .joined(separator: " ")
        }
    }

    private static let sixCombinations = [
        "GOARCH=linux/amd64 version=go1.17", "GOARCH=linux/ppc64le version=go1.17", "GOARCH=linux/s390x version=go1.17",
        "GOARCH=linux/amd64 version=go1.18.1", "GOARCH=linux/ppc64le version=go1.18.1",
        "GOARCH=linux/s390x version=go1.18.1",
    ]

    struct FanOut: Sendable {
        let matrix: JSONValue
        let combinations: [String]

        init(_ matrix: JSONValue, _ combinations: [String]) {
            self.matrix = matrix
            self.combinations = combinations
        }

        /// The six combinations with an `include`.
        init(include: JSONValue, _ combinations: [String]) {
            self.init(["params": parameters, "include": include], combinations)
        }
    }

    static let fanOuts: [FanOut] = [
        FanOut(
            ["params": [parameter("platform", ["linux", "mac", "windows"])]],
            ["platform=linux", "platform=mac", "platform=windows"]),
        FanOut(include: [[:]], sixCombinations),
        FanOut(
            [
                "include": [
                    ["name": "build-1", "params": [parameter("IMAGE", "image-1"), parameter("DOCKERFILE", "path/1")]],
                    ["name": "build-2", "params": [parameter("IMAGE", "image-2"), parameter("DOCKERFILE", "path/2")]],
                ]
            ], ["DOCKERFILE=path/1 IMAGE=image-1", "DOCKERFILE=path/2 IMAGE=image-2"]),
        FanOut(
            include: [["name": "common", "params": [parameter("package", "path/to/common")]]],
            sixCombinations.map { $0.replacing(" version", with: " package=path/to/common version") }),
        FanOut(
            include: [["params": [parameter("GOARCH", "I-do-not-exist")]]], sixCombinations + ["GOARCH=I-do-not-exist"]),
        FanOut(
            include: [["params": [parameter("GOARCH", "linux/s390x"), parameter("flags", "-cover -v")]]],
            sixCombinations.map { $0.replacing("s390x version", with: "s390x flags=-cover -v version") }),
        FanOut(
            include: [
                [
                    "params": [
                        parameter("GOARCH", "linux/s390x"), parameter("flags", "-v"), parameter("version", "go1.18.1"),
                    ]
                ],
                [
                    "params": [
                        parameter("GOARCH", "linux/amd64"), parameter("flags", "-v"), parameter("version", "go1.17"),
                    ]
                ],
            ],
            [
                "GOARCH=linux/amd64 flags=-v version=go1.17", sixCombinations[1], sixCombinations[2],
                sixCombinations[3],
                sixCombinations[4], "GOARCH=linux/s390x flags=-v version=go1.18.1",
            ]),
    ]

    @Test func `combines parameters as Tekton does`() {
        for fanOut in Self.fanOuts {
            #expect(Self.text(fanOut.matrix) == fanOut.combinations)
            #expect(TektonMatrix(fanOut.matrix)?.count == fanOut.combinations.count)
        }
        #expect(TektonMatrix(nil) == nil)
    }

    @Test func `names TaskRuns with a number unless there is one only`() {
        #expect(
            TektonMatrix.names(run: "mypipelinerun", task: "mytask", count: 2) == [
                "mypipelinerun-mytask-0", "mypipelinerun-mytask-1",
            ])
        #expect(TektonMatrix.names(run: "mypipelinerun", task: "mytask", count: 1) == ["mypipelinerun-mytask"])
        let long = String(repeating: "0123456789-", count: 6)
        for (run, task) in [("run", long), (long, "task"), (long, long)] {
            let names = TektonMatrix.names(run: run, task: task, count: 12)
            #expect(Set(names).count == 12)
            for (number, name) in names.enumerated() { #expect(name.utf8.count <= 63 && name.hasSuffix("-\(number)")) }
        }
    }

    // MARK: Runs

    private static let task: JSONValue = [
        "name": "test",
        "matrix": [
            "params": [parameter("platform", "$(params.platforms[*])"), parameter("browser", "$(params.browsers[*])")]
        ],
        "params": [parameter("suite", "all")],
        "taskSpec": [
            "params": [["name": "platform"], ["name": "browser"], ["name": "suite"]], "results": [["name": "report"]],
            "steps": [["name": "s", "image": "i", "args": ["$(params.platform)/$(params.browser)/$(params.suite)"]]],
        ],
    ]

    private static let report: JSONValue = [
        "name": "report", "params": [parameter("all", "$(tasks.test.results.report[*])")],
        "taskSpec": [
            "params": [["name": "all", "type": "array"]],
            "steps": [["name": "s", "image": "i", "args": ["$(params.all[*])"]]],
        ],
    ]

    private static func spec(_ platforms: JSONValue, _ browsers: JSONValue) -> JSONValue {
        ["pipelineRef": ["name": "p"], "params": [parameter("platforms", platforms), parameter("browsers", browsers)]]
    }

    private func play(
        _ run: JSONValue, annotations: JSONObject = [:], tasks: JSONValue = [task, report]
    ) async throws -> (TektonRehearsal, [JSONValue]) {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", annotations: annotations,
            spec: [
                "params": [["name": "platforms", "type": "array"], ["name": "browsers", "type": "array"]],
                "tasks": tasks,
            ])
        return (rehearsal, try await rehearsal.play("run", spec: run))
    }

    @Test func `runs a task for every combination and counts it once`() async throws {
        let (rehearsal, states) = try await play(
            Self.spec(["linux", "mac"], ["chrome", "safari"]),
            annotations: [
                "sandbox.towline.dev/result.test-2.report": "special", "sandbox.towline.dev/result.test.report": "fine",
            ])
        let messages = states.map(\.message)
        #expect(messages.contains("Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0"))
        #expect(messages.last == "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 0")
        #expect(
            rehearsal.cluster.names("taskruns") == [
                "run-report", "run-test-0", "run-test-1", "run-test-2", "run-test-3",
            ])
        let taskRun = { (name: String) in rehearsal.cluster.life("taskruns", name).last }
        #expect(
            taskRun("run-test-1")?[path: ["spec", "params"]]
                == [
                    Self.parameter("browser", "chrome"), Self.parameter("platform", "mac"),
                    Self.parameter("suite", "all"),
                ])
        #expect(
            taskRun("run-test-2")?[path: ["status", "taskSpec"]]?["steps"]?[0]?["args"] == ["linux/safari/all"])
        let children = states.last?[path: ["status", "childReferences"]]?.elements ?? []
        #expect(children.map { $0["pipelineTaskName"] } == ["test", "test", "test", "test", "report"])
        #expect(taskRun("run-report")?[path: ["spec", "params"]]?[0]?["value"] == ["fine", "fine", "special", "fine"])
        #expect(
            states.last?[path: ["status", "pipelineSpec", "tasks"]]?[0]?["matrix"]?["params"]?[0]?["value"]
                == ["linux", "mac"])
    }

    @Test func `fails a task when one combination fails, after all have ended`() async throws {
        let (rehearsal, states) = try await play(
            Self.spec(["linux", "mac"], ["chrome"]),
            annotations: ["sandbox.towline.dev/fail.test-0": "exit=3", "sandbox.towline.dev/duration.test-1": "5s"])
        #expect(states.last?.reason == "Failed")
        #expect(states.last?.message == "Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 1")
        #expect(!states.contains { $0.message.hasPrefix("Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete") })
        #expect(rehearsal.cluster.life("taskruns", "run-test-1").last?.reason == "Succeeded")
    }

    @Test func `skips a task whose matrix has an empty array`() async throws {
        let (rehearsal, states) = try await play(Self.spec(["linux"], []), tasks: [Self.task])
        #expect(states.last?.reason == "Completed")
        #expect(
            states.last?[path: ["status", "skippedTasks"]]?[0]?["reason"] == "Matrix Parameters have an empty array")
        #expect(rehearsal.cluster.names("taskruns").isEmpty)
    }

    @Test func `refuses a matrix with a text`() async throws {
        var task = Self.task
        task["matrix"] = ["params": [Self.parameter("platform", "linux"), Self.parameter("browser", ["chrome"])]]
        let (_, states) = try await play(Self.spec([], []), tasks: [task])
        #expect(states.last?.reason == "InvalidMatrixParameterTypes")
        #expect(
            states.last?.message
                == "[User error] Failed to validate matrix \"parameters of type array only are allowed, but param \\\"platform\\\" has type \\\"string\\\" in pipelineTask \\\"test\\\"\" with error %!v(MISSING)"
        )
    }

    @Test func `refuses a Pipeline with too many combinations`() async throws {
        var task = Self.task
        let many = JSONValue.array((0..<100).map { .string("\($0)") })
        task["matrix"] = ["params": [Self.parameter("platform", many), Self.parameter("browser", ["a", "b", "c"])]]
        let (rehearsal, states) = try await play(Self.spec([], []), tasks: [task])
        #expect(states.last?.reason == "PipelineValidationFailed")
        #expect(
            states.last?.message
                == "[User error] Pipeline payments/p can't be Run; it has an invalid spec: expected 0 <= 300 <= 256: tasks[0].matrix"
        )
        #expect(rehearsal.cluster.names("taskruns").isEmpty)
    }

    @Test func `notices too many combinations of the run's parameters once it has started them`() async throws {
        let many = JSONValue.array((0..<100).map { .string("\($0)") })
        let (rehearsal, states) = try await play(Self.spec(many, ["a", "b", "c"]), tasks: [Self.task])
        #expect(states.last?.reason == "PipelineValidationFailed")
        #expect(states.last?.message.hasSuffix("expected 0 <= 300 <= 256: tasks[0].matrix") == true)
        #expect(rehearsal.cluster.names("taskruns").count == 300)
        let huge = JSONValue.array((0..<1000).map { .string("\($0)") })
        let (never, last) = try await play(Self.spec(huge, huge), tasks: [Self.task])
        #expect(last.last?.reason == "PipelineValidationFailed")
        #expect(never.cluster.names("taskruns").isEmpty)
    }

    @Test func `refuses a parameter that is in the matrix and beside it`() async throws {
        var task = Self.task
        task["params"] = [Self.parameter("suite", "all"), Self.parameter("browser", "x")]
        let (_, states) = try await play(Self.spec([], []), tasks: [task])
        #expect(
            states.last?.message
                == "[User error] Pipeline payments/p can't be Run; it has an invalid spec: expected exactly one, got both: tasks[0].matrix[browser], tasks[0].params[browser]"
        )
    }
}
