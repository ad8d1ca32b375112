import KubeClient
import Testing

@testable import SimulatedEngines

/// Behavior that no recording covers.
@Suite struct SimulatedTektonTests {
    private func task(_ name: String, _ more: JSONObject = [:], argument: String = "x") -> JSONValue {
        var task: JSONObject = [
            "name": .string(name),
            "taskSpec": [
                "steps": [["name": "run", "image": "busybox", "command": ["echo"], "args": [.string(argument)]]]
            ],
        ]
        for member in more { task[member.key] = member.value }
        return .object(task)
    }

    @Test func `passes annotations on to TaskRuns and pods`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "restart", spec: ["tasks": [task("drain")]])
        try await rehearsal.play(
            "run", annotations: ["example.com/mine": "x", "chains.tekton.dev/signed": "true"],
            spec: ["pipelineRef": ["name": "restart"]])
        for (resource, name) in [("taskruns", "run-drain"), ("pods", "run-drain-pod")] {
            let annotations = rehearsal.cluster.life(resource, name).last?.metadata["annotations"]
            #expect(annotations?["example.com/mine"] == "x", "\(resource)")
            #expect(annotations?["chains.tekton.dev/signed"] == nil, "\(resource)")
        }
    }

    @Test func `passes parameters and results to tasks`() async throws {
        let rehearsal = TektonRehearsal()
        let make: JSONObject = [
            "taskSpec": [
                "results": [["name": "id"]], "steps": [["name": "run", "image": "i", "args": ["$(params.zone)"]]],
            ]
        ]
        let use: JSONObject = ["params": [["name": "id", "value": "$(tasks.make.results.id)"]]]
        let skip: JSONObject = [
            "when": [["input": "$(tasks.make.results.id)", "operator": "notin", "values": ["42"]]]
        ]
        let finally: JSONObject = ["params": [["name": "how", "value": "$(tasks.use.status)/$(tasks.status)"]]]
        try await rehearsal.add(
            pipeline: "p", annotations: ["sandbox.towline.dev/result.make.id": "42"],
            spec: [
                "params": [["name": "zone"], ["name": "depth", "default": "3"]],
                "tasks": [task("use", use, argument: "$(params.depth)"), task("make", make), task("skip", skip)],
                "finally": [task("report", finally)],
                "results": [["name": "all", "value": "$(tasks.make.results.id)!"]],
            ])
        let states = try await rehearsal.play(
            "run", spec: ["pipelineRef": ["name": "p"], "params": [["name": "zone", "value": "eu"]]])
        let last = try #require(states.last)
        #expect(last.reason == "Completed")
        #expect(last[path: ["status", "results"]] == [["name": "all", "value": "42!"]])
        #expect(last[path: ["status", "skippedTasks"]]?[0]?["whenExpressions"]?[0]?["input"] == "42")
        let spec = { (name: String) in rehearsal.cluster.life("taskruns", name).first?["spec"] }
        #expect(spec("run-make")?["taskSpec"]?["steps"]?[0]?["args"] == ["eu"])
        #expect(spec("run-use")?["params"] == [["name": "id", "value": "42"]])
        #expect(spec("run-use")?["taskSpec"]?["steps"]?[0]?["args"] == ["3"])
        #expect(spec("run-report")?["params"] == [["name": "how", "value": "Succeeded/Completed"]])
        #expect(rehearsal.cluster.log(pod: "run-use-pod", container: "step-run") == "started: echo 3\ndone\n")
        #expect(rehearsal.cluster.life("pods", "run-use-pod").last?[path: ["status", "phase"]] == "Succeeded")
    }

    @Test func `runs finally tasks after the tasks timeout`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", annotations: ["sandbox.towline.dev/duration.wait": "1h"],
            spec: ["tasks": [task("wait"), task("next", ["runAfter": ["wait"]])], "finally": [task("report")]])
        let states = try await rehearsal.play(
            "run", spec: ["pipelineRef": ["name": "p"], "timeouts": ["pipeline": "10m", "tasks": "5m"]])
        #expect(states.contains { $0.reason == "PipelineRunTimeoutRunningFinally" })
        #expect(states.last?.reason == "PipelineRunTimeout")
        #expect(states.last?.message == "PipelineRun \"run\" failed due to tasks failed to finish within \"5m0s\"")
        #expect(rehearsal.cluster.life("taskruns", "run-report").last?.reason == "Succeeded")
        #expect(rehearsal.cluster.life("taskruns", "run-next").isEmpty)
    }

    @Test(arguments: [
        ("evicted", "PodEvicted", "The node was low on resource: memory."),
        (
            "config-error", "CreateContainerConfigError",
            "the step \"run\" in TaskRun \"run-a\" failed to start. The pod errored with the message: \"configmap \"settings\" not found.\""
        ),
    ]) func `fails tasks as annotations say`(_ failure: String, _ reason: String, _ message: String) async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", annotations: ["sandbox.towline.dev/fail.a": .string(failure)], spec: ["tasks": [task("a")]])
        let states = try await rehearsal.play("run", spec: ["pipelineRef": ["name": "p"]])
        #expect(states.last?.reason == "Failed")
        let taskRun = rehearsal.cluster.life("taskruns", "run-a").last
        #expect(taskRun?.reason == reason)
        #expect(taskRun?.message == message)
    }

    @Test func `refuses a Pipeline that cannot run`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "cycle", spec: ["tasks": [task("a", ["runAfter": ["b"]]), task("b", ["runAfter": ["a"]])]])
        try await rehearsal.add(pipeline: "absent", spec: ["tasks": [["name": "a", "taskRef": ["name": "nope"]]]])
        try await rehearsal.add(
            pipeline: "typo", annotations: ["sandbox.towline.dev/duration": "soon"], spec: ["tasks": [task("a")]])
        let play = { (pipeline: String) in
            try await rehearsal.play("run-\(pipeline)", spec: ["pipelineRef": ["name": .string(pipeline)]]).last
        }
        #expect(try await play("cycle")?.reason == "PipelineInvalidGraph")
        let absent = try await play("absent")
        #expect(absent?.reason == "CouldntGetTask")
        #expect(
            absent?.message.contains("Couldn't retrieve Task \"nope\": tasks.tekton.dev \"nope\" not found") == true)
        #expect(try await play("typo")?.message.contains("sandbox.towline.dev/duration") == true)
    }

    @Test func `runs a Task that is referenced by name`() async throws {
        let rehearsal = TektonRehearsal()
        let steps: JSONValue = [["image": "i", "args": ["$(params.word)"]]]
        try await rehearsal.cluster.create(
            Tekton.tasks, namespace: "payments",
            ["metadata": ["name": "say"], "spec": ["params": [["name": "word", "default": "hi"]], "steps": steps]],
            fieldManager: "test")
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [["name": "a", "taskRef": ["name": "say"]]]])
        let states = try await rehearsal.play("run", spec: ["pipelineRef": ["name": "p"]])
        #expect(states.last?.reason == "Succeeded")
        let taskRun = try #require(rehearsal.cluster.life("taskruns", "run-a").last)
        #expect(taskRun[path: ["spec", "taskRef"]] == ["name": "say", "kind": "Task"])
        #expect(taskRun[path: ["status", "taskSpec", "steps"]]?[0]?["args"] == ["hi"])
        #expect(taskRun[path: ["status", "steps"]]?[0]?["name"] == "unnamed-0")
    }

    @Test func `starts a pending run when spec.status is cleared`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [task("a")]])
        let held: JSONValue = ["spec": ["pipelineRef": ["name": "p"], "status": "PipelineRunPending"]]
        let free: JSONValue = ["spec": ["pipelineRef": ["name": "p"]]]
        let states = try await rehearsal.play(
            "run", spec: held["spec"] ?? [:], asRecorded: [held, held, held, free])
        #expect(states.map(\.reason).contains("PipelineRunPending"))
        #expect(states.last?.reason == "Succeeded")
    }

    @Test(arguments: [("5s", ["false", "true"]), ("never", ["false"]), ("", [])])
    func `says whether Tekton Results has stored a run`(_ delay: String, _ marks: [String]) async throws {
        let rehearsal = TektonRehearsal()
        let annotations: JSONObject = delay.isEmpty ? [:] : ["sandbox.towline.dev/archive": .string(delay)]
        try await rehearsal.add(pipeline: "p", annotations: annotations, spec: ["tasks": [task("a")]])
        let states = try await rehearsal.play("run", spec: ["pipelineRef": ["name": "p"]])
        var seen: [String] = []
        for state in states {
            let mark = state.metadata["annotations"]?["results.tekton.dev/stored"]?.stringValue
            if let mark, mark != seen.last { seen.append(mark) }
        }
        #expect(seen == marks)
        #expect(states.last?.reason == "Succeeded")
        guard delay == "5s" else { return }
        let completed = try #require(states.last?[path: ["status", "completionTime"]]?.stringValue)
        #expect((rehearsal.environment.clock.now() - .seconds(5)).rfc3339 == completed)
        #expect(states.dropLast().last?.metadata["annotations"]?["results.tekton.dev/stored"] == "false")
    }
}
