import KubeClient
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// What a run's settings for its tasks become in TaskRuns and pods; the cases are those of Tekton's reconciler tests.
@Suite struct TektonTaskRunTests {
    private static let steps: JSONValue = [["name": "s", "image": "i"]]

    private func task(_ name: String, _ more: JSONObject = [:]) -> JSONValue {
        var task: JSONObject = ["name": .string(name), "taskSpec": ["steps": Self.steps]]
        for member in more { task[member.key] = member.value }
        return .object(task)
    }

    private func spec(_ more: JSONObject) -> JSONValue {
        var spec: JSONObject = ["pipelineRef": ["name": "p"]]
        for member in more { spec[member.key] = member.value }
        return .object(spec)
    }

    @Test(
        arguments: [
            (["pipeline": "2h0m0s", "tasks": "1h55m0s"], nil, nil, "1h55m0s"),
            (["pipeline": "2h0m0s", "tasks": "1h55m0s"], nil, "30m", "30m0s"),
            (["pipeline": "2h0m0s", "tasks": "1h55m0s"], "45m", nil, "45m0s"),
            (["pipeline": "2h0m0s", "tasks": "1h55m0s"], "45m", "20m", "20m0s"),
            ([:], nil, nil, nil), (["pipeline": "2h0m0s"], nil, nil, nil),
            (["pipeline": "2h0m0s", "finally": "10m0s"], nil, nil, "1h50m0s"),
            (["pipeline": "1h0m0s", "finally": "20m0s"], nil, nil, nil),
            (["pipeline": "0", "tasks": "0"], nil, nil, "0s"),
            (["pipeline": "1h0m0s", "tasks": "30m0s"], nil, nil, nil),
        ] as [(JSONValue, JSONValue?, JSONValue?, JSONValue?)])
    func `gives a TaskRun the timeout that applies to it`(
        _ timeouts: JSONValue, _ ofTask: JSONValue?, _ ofSettings: JSONValue?, _ expected: JSONValue?
    ) async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", spec: ["tasks": [task("a", ofTask.map { ["timeout": $0] } ?? [:])]])
        var settings: JSONObject = ["pipelineTaskName": "a"]
        settings["timeout"] = ofSettings
        try await rehearsal.play("run", spec: spec(["timeouts": timeouts, "taskRunSpecs": [.object(settings)]]))
        #expect(rehearsal.cluster.life("taskruns", "run-a").first?[path: ["spec", "timeout"]] == expected)
    }

    @Test func `ends a task at Tekton's default of one hour in a longer run`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", annotations: ["sandbox.towline.dev/duration": "90m"], spec: ["tasks": [task("a")]])
        let states = try await rehearsal.play("run", spec: spec(["timeouts": ["pipeline": "2h"]]))
        #expect(states.last?.reason == "Failed")
        let taskRun = rehearsal.cluster.life("taskruns", "run-a").last
        #expect(taskRun?.reason == "TaskRunTimeout")
        #expect(taskRun?.message == "TaskRun \"run-a\" failed to finish within \"1h0m0s\"")
    }

    @Test func `ends a task at the timeout of its settings`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(
            pipeline: "p", annotations: ["sandbox.towline.dev/duration": "1m"], spec: ["tasks": [task("a")]])
        try await rehearsal.play("run", spec: spec(["taskRunSpecs": [["pipelineTaskName": "a", "timeout": "5s"]]]))
        #expect(
            rehearsal.cluster.life("taskruns", "run-a").last?.message
                == "TaskRun \"run-a\" failed to finish within \"5s\"")
    }

    @Test func `gives each task its account, pod settings, and metadata`() async throws {
        let rehearsal = TektonRehearsal()
        let accounts = GroupVersionResource(group: "", version: "v1", resource: "serviceaccounts")
        for name in ["shared", "builder"] {
            try await rehearsal.cluster.create(
                accounts, namespace: "payments", ["metadata": ["name": .string(name)]], fieldManager: "test")
        }
        let embedded: JSONObject = [
            "taskSpec": [
                "metadata": ["labels": ["own": "task", "both": "task"], "annotations": ["note": "task"]],
                "steps": Self.steps,
            ]
        ]
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [task("build", embedded), task("test")]])
        let build: JSONValue = [
            "pipelineTaskName": "build", "serviceAccountName": "builder",
            "podTemplate": ["nodeSelector": ["disk": "fast"], "env": [["name": "A", "value": "own"]]],
            "computeResources": ["requests": ["cpu": "1", "memory": "64Mi"], "limits": ["cpu": "2"]],
            "metadata": ["labels": ["both": "settings"], "annotations": ["note": "settings"]],
        ]
        let shared: JSONValue = [
            "serviceAccountName": "shared",
            "podTemplate": [
                "nodeSelector": ["disk": "slow"], "priorityClassName": "low", "securityContext": ["fsGroup": 65532],
                "tolerations": [["key": "ci", "operator": "Exists"]], "imagePullSecrets": [["name": "regcred"]],
                "env": [["name": "A", "value": "shared"], ["name": "B", "value": "shared"]],
            ],
        ]
        try await rehearsal.play(
            "run", annotations: ["note": "run"], labels: ["both": "run", "team": "a"],
            spec: spec(["taskRunTemplate": shared, "taskRunSpecs": [build]]))
        let buildRun = try #require(rehearsal.cluster.life("taskruns", "run-build").last)
        #expect(buildRun[path: ["spec", "serviceAccountName"]] == "builder")
        #expect(buildRun[path: ["spec", "computeResources"]] == build["computeResources"])
        let template = buildRun[path: ["spec", "podTemplate"]]
        #expect(template?["nodeSelector"] == ["disk": "fast"])
        #expect(template?["priorityClassName"] == "low")
        #expect(template?["env"] == [["name": "B", "value": "shared"], ["name": "A", "value": "own"]])
        #expect(buildRun.metadata["labels"]?["both"] == "settings")
        #expect(buildRun.metadata["labels"]?["own"] == "task")
        #expect(buildRun.metadata["labels"]?["team"] == "a")
        #expect(buildRun.metadata["annotations"]?["note"] == "settings")
        let pod = try #require(rehearsal.cluster.life("pods", "run-build-pod").last)
        #expect(pod.metadata["labels"]?["team"] == "a")
        #expect(pod[path: ["spec", "serviceAccountName"]] == "builder")
        #expect(pod[path: ["spec", "nodeSelector"]] == ["disk": "fast"])
        #expect(pod[path: ["spec", "tolerations"]] == [["key": "ci", "operator": "Exists"]])
        #expect(pod[path: ["spec", "imagePullSecrets"]] == [["name": "regcred"]])
        #expect(pod[path: ["spec", "securityContext"]] == ["fsGroup": 65532])
        #expect(pod[path: ["spec", "priorityClassName"]] == "low")
        let container = pod[path: ["spec", "containers"]]?[0]
        #expect(container?["env"]?[1] == ["name": "A", "value": "own"])
        #expect(container?["resources"]?["requests"] == ["cpu": "1", "memory": "64Mi"])
        let test = rehearsal.cluster.life("taskruns", "run-test").last
        #expect(test?[path: ["spec", "serviceAccountName"]] == "shared")
        #expect(test?[path: ["spec", "podTemplate"]] == shared["podTemplate"])
    }

    @Test func `gives a run and its tasks the labels and annotations of the Pipeline`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.cluster.create(
            Tekton.pipelines, namespace: "payments",
            [
                "metadata": [
                    "name": "p", "labels": ["team": "pipeline", "from": "pipeline"],
                    "annotations": [
                        "note": "pipeline", "sandbox.towline.dev/duration": "0s",
                        "kubectl.kubernetes.io/last-applied-configuration": "{}",
                    ],
                ], "spec": ["tasks": [task("a")]],
            ], fieldManager: "test")
        let states = try await rehearsal.play(
            "run", labels: ["team": "run", "tekton.dev/pipeline": "ignored"], spec: spec([:]))
        for object in [states.last, rehearsal.cluster.life("taskruns", "run-a").last] {
            let metadata = try #require(object?.metadata)
            #expect(metadata["labels"]?["team"] == "run")
            #expect(metadata["labels"]?["from"] == "pipeline")
            #expect(metadata["labels"]?["tekton.dev/pipeline"] == "p")
            #expect(metadata["annotations"]?["note"] == "pipeline")
            #expect(metadata["annotations"]?["sandbox.towline.dev/duration"] == nil)
            #expect(metadata["annotations"]?["kubectl.kubernetes.io/last-applied-configuration"] == nil)
        }
    }

    @Test func `fails only the task whose service account does not exist`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [task("a"), task("b")]])
        try await rehearsal.play(
            "run", spec: spec(["taskRunSpecs": [["pipelineTaskName": "b", "serviceAccountName": "absent"]]]))
        #expect(rehearsal.cluster.life("taskruns", "run-a").last?.reason == "Succeeded")
        let failed = rehearsal.cluster.life("taskruns", "run-b").last
        #expect(failed?.reason == "PodCreationFailed")
        #expect(
            failed?.message
                == "failed to create task run pod \"run-b\": translating TaskSpec to Pod: serviceaccounts \"absent\" not found. Maybe invalid TaskSpec"
        )
    }

    @Test func `refuses settings for a task that does not exist`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [task("a")], "finally": [task("f")]])
        let last = try await rehearsal.play(
            "run", spec: spec(["taskRunSpecs": [["pipelineTaskName": "f"], ["pipelineTaskName": "lost"]]])
        ).last
        #expect(last?.reason == "InvalidTaskRunSpecs")
        #expect(
            last?.message
                == "[User error] PipelineRun payments/run doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs defined wrong taskName: \"lost\", does not exist in Pipeline"
        )
    }

    @Test(
        arguments: [
            (["requests": ["cpu": "1", "memory": "1Gi"]], 2, ["requests": ["cpu": "500m", "memory": "512Mi"]]),
            (
                ["requests": ["cpu": "750m", "memory": "1000"], "limits": ["cpu": "1500m"]], 3,
                ["requests": ["cpu": "250m", "memory": "333"], "limits": ["cpu": "1500m"]]
            ),
            (
                ["limits": ["memory": "3G", "cpu": "4"]], 2,
                ["requests": ["memory": "1500M", "cpu": "2"], "limits": ["memory": "3G", "cpu": "4"]]
            ), (["requests": ["cpu": "a lot"]], 2, ["requests": ["cpu": "a lot"]]),
        ] as [(JSONValue, Int, JSONValue)]) func `divides a task's requests among its steps`(
            _ resources: JSONValue, _ steps: Int, _ perStep: JSONValue
        )
    {
        #expect(TaskResources.perStep(resources, steps: steps) == perStep)
    }

    @Test func `ends a run whose TaskRun the API server refuses`() async throws {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: ["tasks": [task("a")]])
        rehearsal.cluster.refuse(
            "taskruns", [StatusError(code: 400, reason: "BadRequest", message: "validation failed: x")])
        let last = try await rehearsal.play("run", spec: spec([:])).last
        #expect(last?.reason == "CreateRunFailed")
        #expect(last?.message == "validation failed: x")
    }
}
