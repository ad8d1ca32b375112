import KubeClient
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// Behavior that no recording covers.
@Suite struct SimulatedArgoTests {
    private func container(_ name: String, _ more: JSONObject = [:]) -> JSONValue {
        var template: JSONObject = [
            "name": .string(name), "container": ["image": "i", "args": ["{{inputs.parameters.x}}"]],
        ]
        for member in more { template[member.key] = member.value }
        return .object(template)
    }

    private func play(
        _ spec: JSONValue, run: JSONObject = [:], annotations: JSONObject = [:], asRecorded: [JSONValue] = []
    ) async throws -> (ArgoRehearsal, [JSONValue]) {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", annotations: annotations, spec: spec)
        var own: JSONObject = ["workflowTemplateRef": ["name": "t"]]
        for member in run { own[member.key] = member.value }
        let states = try await rehearsal.play("run", spec: .object(own), asRecorded: asRecorded)
        return (rehearsal, states)
    }

    @Test func `passes parameters to pods and outputs to the workflow`() async throws {
        let main: JSONValue = [
            "name": "main",
            "steps": [
                [
                    [
                        "name": "make", "template": "make",
                        "arguments": ["parameters": [["name": "x", "value": "{{workflow.parameters.zone}}"]]],
                    ]
                ],
                [
                    [
                        "name": "use", "template": "use",
                        "arguments": ["parameters": [["name": "x", "value": "{{steps.make.outputs.parameters.id}}"]]],
                    ],
                    [
                        "name": "never", "template": "use", "when": "{{steps.make.outputs.parameters.id}} == 7",
                        "arguments": ["parameters": [["name": "x", "value": "0"]]],
                    ],
                ],
            ],
        ]
        let input: JSONValue = ["parameters": [["name": "x"]]]
        let outputs: JSONValue = ["parameters": [["name": "id", "globalName": "made", "valueFrom": ["path": "/id"]]]]
        let (rehearsal, states) = try await play(
            [
                "entrypoint": "main",
                "arguments": ["parameters": [["name": "zone", "value": "us"], ["name": "other", "value": "o"]]],
                "templates": [
                    main, container("make", ["inputs": input, "outputs": outputs]), container("use", ["inputs": input]),
                ],
            ],
            run: ["arguments": ["parameters": [["name": "zone", "value": "eu"]]]],
            annotations: ["sandbox.towline.dev/result.make.id": "42"])
        let last = try #require(states.last)
        #expect(last.phase == "Succeeded")
        #expect(last[path: ["status", "outputs"]] == ["parameters": [["name": "made", "value": "42"]]])
        #expect(last.node("make")?["inputs"] == ["parameters": [["name": "x", "value": "eu"]]])
        #expect(last.node("use")?["inputs"] == ["parameters": [["name": "x", "value": "42"]]])
        #expect(last.node("never")?["message"] == "when '42 == 7' evaluated false")
        #expect(last[path: ["status", "progress"]] == "2/2")
        let pod = try #require(rehearsal.cluster.names("pods").first { $0.contains("-use-") })
        #expect(rehearsal.cluster.log(pod: pod, container: "main") == "started: 42\ndone\n")
    }

    @Test func `connects nodes by items and depends`() async throws {
        let dag: JSONValue = [
            "tasks": [
                [
                    "name": "each", "template": "work", "withItems": ["eu", "us"],
                    "arguments": ["parameters": [["name": "x", "value": "{{item}}"]]],
                ],
                ["name": "bad", "template": "bad"],
                ["name": "repair", "template": "other", "depends": "bad.Failed && each.Succeeded"],
                ["name": "boast", "template": "other", "depends": "bad.Succeeded"],
            ]
        ]
        let (_, states) = try await play(
            [
                "entrypoint": "main",
                "templates": [
                    ["name": "main", "dag": dag], container("work", ["inputs": ["parameters": [["name": "x"]]]]),
                    container("bad"), container("other"),
                ],
            ], annotations: ["sandbox.towline.dev/fail.bad": "exit=1"])
        let last = try #require(states.last)
        #expect(last.node("each")?["type"] == "TaskGroup")
        #expect(last.node("each(1:us)")?["inputs"]?["parameters"]?[0]?["value"] == "us")
        #expect(last.node("repair")?["phase"] == "Succeeded")
        #expect(last.node("boast")?["phase"] == "Omitted")
        #expect(last.phase == "Failed")
    }

    @Test func `runs a ClusterWorkflowTemplate`() async throws {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(
            template: "c", isClusterScoped: true, spec: ["entrypoint": "main", "templates": [container("main")]])
        let states = try await rehearsal.play(
            "run", spec: ["workflowTemplateRef": ["name": "c", "clusterScope": true]])
        let last = try #require(states.last)
        #expect(last.phase == "Succeeded")
        #expect(last.metadata["labels"]?["workflows.argoproj.io/cluster-workflow-template"] == "c")
        #expect(last[path: ["status", "storedTemplates"]]?["cluster/c/main"] != nil)
        #expect(last.node("run")?["type"] == "Pod")
        #expect(rehearsal.cluster.names("pods") == ["run"])
        let missing = try await rehearsal.play(
            "lost", spec: ["workflowTemplateRef": ["name": "d", "clusterScope": true]])
        #expect(missing.last?[path: ["status", "message"]] == "clusterworkflowtemplates.argoproj.io \"d\" not found")
    }

    @Test func `waits between the attempts of a retried pod`() async throws {
        let strategy: JSONValue = ["limit": 2, "backoff": ["duration": "10s", "factor": 2]]
        let (rehearsal, states) = try await play(
            ["entrypoint": "main", "templates": [container("main", ["retryStrategy": strategy])]],
            annotations: ["sandbox.towline.dev/duration": "0s", "sandbox.towline.dev/fail.main": "exit=9"])
        let last = try #require(states.last)
        #expect(last.phase == "Failed")
        #expect(last[path: ["status", "message"]] == "No more retries left")
        #expect(last.node("run(2)")?["phase"] == "Failed")
        let start = rehearsal.environment.clock.now() - .seconds(30)
        #expect(last[path: ["status", "startedAt"]]?.stringValue == start.rfc3339)
    }

    @Test func `resumes a suspended workflow`() async throws {
        let held: JSONValue = ["spec": ["workflowTemplateRef": ["name": "t"], "arguments": [:], "suspend": true]]
        let free: JSONValue = ["spec": ["workflowTemplateRef": ["name": "t"], "arguments": [:]]]
        let (_, states) = try await play(
            ["entrypoint": "main", "templates": [container("main")]], run: ["suspend": true],
            asRecorded: [held, held, held, free])
        #expect(states.last?.phase == "Succeeded")
    }

    @Test func `ends a suspend node after its duration`() async throws {
        let (rehearsal, states) = try await play([
            "entrypoint": "main",
            "templates": [
                ["name": "main", "steps": [[["name": "wait", "template": "wait"]]]],
                ["name": "wait", "suspend": ["duration": "90"]],
            ],
        ])
        #expect(states.last?.phase == "Succeeded")
        #expect(states.last?.node("wait")?["finishedAt"]?.stringValue == rehearsal.environment.clock.now().rfc3339)
    }

    @Test func `fails the workflow if its exit handler fails`() async throws {
        let (_, states) = try await play(
            ["entrypoint": "main", "onExit": "bye", "templates": [container("main"), container("bye")]],
            annotations: ["sandbox.towline.dev/fail.bye": "oom"])
        #expect(states.last?.phase == "Failed")
        #expect(states.last?[path: ["status", "message"]] == "main: OOMKilled (exit code 137)")
    }

    @Test(arguments: [
        ("", "invalid spec: spec.entrypoint is required"),
        ("x", "invalid spec: template reference t.x not found"),
    ])
    func `refuses a template that cannot run`(_ entrypoint: String, _ message: String) async throws {
        let (_, states) = try await play(["entrypoint": .string(entrypoint), "templates": []])
        #expect(states.last?.phase == "Failed")
        #expect(states.last?[path: ["status", "message"]]?.stringValue == message)
    }

    @Test func `refuses a value that is not in the enum`() async throws {
        let zone: JSONValue = ["name": "zone", "enum": ["eu", "us"], "value": "eu"]
        let (_, states) = try await play(
            ["entrypoint": "main", "arguments": ["parameters": [zone]], "templates": [container("main")]],
            run: ["arguments": ["parameters": [["name": "zone", "value": "moon"]]]])
        let words = "invalid spec: spec.arguments.zone.value should be present in spec.arguments.zone.enum list"
        #expect(states.last?[path: ["status", "message"]]?.stringValue == words)
    }

    @Test func `refuses a name of more than 63 characters`() async throws {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", spec: ["entrypoint": "main", "templates": [container("main")]])
        let states = try await rehearsal.play(
            String(repeating: "r", count: 64), spec: ["workflowTemplateRef": ["name": "t"]])
        let message = states.last?[path: ["status", "message"]]?.stringValue ?? ""
        #expect(message.hasSuffix("must not be more than 63 characters long (currently 64)"))
        #expect(states.last?.phase == "Failed")
    }

    @Test func `stops endless recursion of templates`() async throws {
        let (_, states) = try await play([
            "entrypoint": "main", "templates": [["name": "main", "steps": [[["name": "again", "template": "main"]]]]],
        ])
        #expect(states.last?.phase == "Failed" || states.last?.phase == "Error")
    }
}

/// Deadlines and shutdowns while nothing or only the exit handler runs.
@Suite struct SimulatedArgoLimitTests {
    private static let spec: JSONValue = [
        "entrypoint": "main", "onExit": "bye",
        "templates": [
            ["name": "main", "steps": [[["name": "a", "template": "work"]]]],
            ["name": "work", "container": ["image": "i"]], ["name": "bye", "container": ["image": "i"]],
            ["name": "hold", "suspend": [:]],
        ],
    ]

    private func play(_ annotations: JSONObject, _ run: JSONObject) async throws -> (ArgoRehearsal, JSONValue) {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", annotations: annotations, spec: Self.spec)
        var own: JSONObject = ["workflowTemplateRef": ["name": "t"]]
        for member in run { own[member.key] = member.value }
        return (rehearsal, try #require(try await rehearsal.play("run", spec: .object(own)).last))
    }

    @Test func `ends a pod that cannot start at the deadline`() async throws {
        let (_, last) = try await play(["sandbox.towline.dev/fail.work": "image-pull"], ["activeDeadlineSeconds": 60])
        #expect(last.node("a")?["message"] == "Step exceeded its deadline")
        #expect(last.node("run.onExit")?["phase"] == "Succeeded")
        #expect(last.phase == "Failed")
    }

    @Test func `fails a pod whose node gives up on its image`() async throws {
        let (_, last) = try await play(["sandbox.towline.dev/fail.work": "image-pull-final"], [:])
        #expect(last.node("a")?["phase"] == "Error")
        #expect(
            last.node("a")?["message"]
                == "Pod failed before main container starts due to ImagePullBackOff: Back-off pulling image")
        #expect(last.phase == "Failed")
    }

    /// The controller acts on a suspended workflow's shutdown only after it is resumed.
    @Test func `ignores a shutdown while the workflow is suspended`() async throws {
        func spec(_ more: JSONObject) -> JSONValue {
            var spec: JSONObject = ["workflowTemplateRef": ["name": "t"], "arguments": [:]]
            for member in more { spec[member.key] = member.value }
            return ["spec": .object(spec)]
        }
        let held = spec(["suspend": true])
        let deaf = spec(["suspend": true, "shutdown": "Terminate"])
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", spec: Self.spec)
        let own: JSONValue = ["workflowTemplateRef": ["name": "t"], "suspend": true]
        let stuck = try await rehearsal.play("run", spec: own, asRecorded: [held, held, held, deaf])
        #expect(stuck.last?.phase == "Running")
        #expect(stuck.last?[path: ["spec", "shutdown"]] == "Terminate")

        let free = spec(["shutdown": "Terminate"])
        let ended = try await rehearsal.play("other", spec: own, asRecorded: [held, held, held, free])
        #expect(ended.last?.phase == "Failed")
        #expect(ended.last?.node("a")?["message"] == "workflow shutdown with strategy: Terminate")
    }

    @Test func `lets the exit handler run past the deadline`() async throws {
        let (rehearsal, last) = try await play(
            ["sandbox.towline.dev/duration.work": "1h", "sandbox.towline.dev/duration.bye": "10m"],
            ["activeDeadlineSeconds": 60])
        #expect(last.node("a")?["message"] == "Pod was active on the node longer than the specified deadline")
        #expect(last.node("run.onExit")?["phase"] == "Succeeded")
        let start = rehearsal.environment.clock.now() - .seconds(660)
        #expect(last[path: ["status", "startedAt"]]?.stringValue == start.rfc3339)
    }

    @Test func `ends a suspend node at the deadline`() async throws {
        let (_, last) = try await play([:], ["entrypoint": "hold", "activeDeadlineSeconds": 60])
        #expect(last.node("run")?["message"] == "Step exceeded its deadline")
        #expect(last[path: ["status", "message"]] == "Step exceeded its deadline")
    }

    @Test(arguments: [("Stop", true), ("Terminate", false)])
    func `ends a workflow that was shut down before it started`(
        _ strategy: String, _ hasExitHandler: Bool
    ) async throws {
        let (_, last) = try await play([:], ["shutdown": .string(strategy)])
        #expect(last.phase == "Failed")
        #expect(last[path: ["status", "message"]]?.stringValue == "Stopped with strategy '\(strategy)'")
        #expect((last.node("run.onExit") != nil) == hasExitHandler)
    }

    @Test(arguments: [("", 61), ("exit=1", 6)])
    func `deletes a finished workflow after its TTL`(_ failure: String, _ seconds: Int64) async throws {
        var annotations: JSONObject = ["sandbox.towline.dev/duration.work": "1s"]
        annotations["sandbox.towline.dev/duration.bye"] = "0s"
        if !failure.isEmpty { annotations["sandbox.towline.dev/fail.work"] = .string(failure) }
        let strategy: JSONValue = ["secondsAfterCompletion": 60, "secondsAfterFailure": 5]
        let (rehearsal, last) = try await play(annotations, ["ttlStrategy": strategy])
        #expect(last.phase == (failure.isEmpty ? "Succeeded" : "Failed"))
        let end = rehearsal.environment.clock.now() - .seconds(seconds)
        #expect(last[path: ["status", "startedAt"]]?.stringValue == end.rfc3339)
        await #expect(throws: StatusError.self) {
            try await rehearsal.cluster.get(Argo.workflows, namespace: "payments", name: "run")
        }
    }
}

/// Settings of a workflow that override those of its template or reach its pods.
@Suite struct SimulatedArgoSettingsTests {
    private static let spec: JSONValue = [
        "entrypoint": "main", "priority": 1, "podPriorityClassName": "low", "nodeSelector": ["disk": "slow"],
        "arguments": ["parameters": [["name": "zone", "value": "us"]]],
        "templates": [
            ["name": "main", "steps": [[["name": "a", "template": "work"]]]],
            [
                "name": "work",
                "container": ["image": "i", "args": ["{{workflow.priority}}", "{{workflow.mainEntrypoint}}"]],
            ],
            [
                "name": "alone", "nodeSelector": ["disk": "own"], "priorityClassName": "high",
                "container": ["image": "i", "args": ["{{workflow.priority}}"]],
            ],
        ],
    ]

    private func play(
        _ run: JSONObject, annotations: JSONObject = [:], spec: JSONValue = spec, hasTemplate: Bool = true
    ) async throws -> (ArgoRehearsal, [JSONValue]) {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", annotations: annotations, spec: spec)
        var own: JSONObject = hasTemplate ? ["workflowTemplateRef": ["name": "t"]] : [:]
        for member in run { own[member.key] = member.value }
        return (rehearsal, try await rehearsal.play("run", spec: .object(own)))
    }

    private func pod(_ rehearsal: ArgoRehearsal) throws -> JSONValue {
        try #require(rehearsal.cluster.names("pods").first.flatMap { rehearsal.cluster.life("pods", $0).last })
    }

    @Test func `starts at the entrypoint of the workflow`() async throws {
        let (rehearsal, states) = try await play(["entrypoint": "alone", "priority": 7])
        #expect(states.last?.phase == "Succeeded")
        #expect(states.last?.node("run")?["templateName"] == "alone")
        let pod = try pod(rehearsal)
        #expect(pod[path: ["spec", "containers"]]?[0]?["args"] == ["7"])
        #expect(pod[path: ["spec", "nodeSelector"]] == ["disk": "own"])
        #expect(pod[path: ["spec", "priorityClassName"]] == "high")
    }

    @Test func `passes pod settings of the workflow to its pods`() async throws {
        let settings: JSONObject = [
            "nodeSelector": ["disk": "fast"], "tolerations": [["key": "ci", "operator": "Exists"]],
            "podPriorityClassName": "mine", "imagePullSecrets": [["name": "regcred"]],
            "securityContext": ["runAsNonRoot": true, "fsGroup": 1000], "serviceAccountName": "runner",
        ]
        let (rehearsal, states) = try await play(settings)
        #expect(states.last?.phase == "Succeeded")
        let spec = try #require(try pod(rehearsal)["spec"])
        #expect(spec["nodeSelector"] == settings["nodeSelector"])
        #expect(spec["tolerations"] == settings["tolerations"])
        #expect(spec["priorityClassName"] == "mine")
        #expect(spec["imagePullSecrets"] == settings["imagePullSecrets"])
        #expect(spec["securityContext"] == settings["securityContext"])
        #expect(spec["serviceAccountName"] == "runner")
        #expect(spec["containers"]?[0]?["args"] == ["1", "main"])
    }

    private static let nameRule =
        "is invalid: Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g. my_param_1, MY-PARAM-1"

    @Test(
        arguments: [
            (["entrypoint": "lost"], "template reference t.lost not found"),
            (
                ["arguments": ["parameters": [["name": "ok", "value": "1"], ["name": "image.tag", "value": "1"]]]],
                "spec.arguments.parameters[1].name: 'image.tag' \(nameRule)"
            ), (["arguments": ["parameters": [["value": "1"]]]], "spec.arguments.parameters[0].name is required"),
            (
                ["arguments": ["parameters": [["name": "zone"]]]],
                "spec.arguments.zone.value or spec.arguments.zone.valueFrom is required"
            ),
        ] as [(JSONObject, String)]) func `refuses an invalid workflow, with Argo's message`(
            _ run: JSONObject, _ why: String
        ) async throws
    {
        let unset: JSONValue = ["entrypoint": "main", "templates": Self.spec["templates"] ?? []]
        let (_, states) = try await play(run, spec: unset)
        #expect(states.last?.phase == "Failed")
        #expect(states.last?[path: ["status", "message"]]?.stringValue == "invalid spec: \(why)")
        #expect(states.last?[path: ["status", "nodes"]] == nil)
    }

    @Test(
        arguments: [
            (["entrypoint": "lost"], "template name 'lost' undefined"),
            (
                ["arguments": ["parameters": [["name": "a", "value": "1"], ["name": "a", "value": "2"]]]],
                "spec.arguments.parameters[1].name 'a' is not unique"
            ),
        ] as [(JSONObject, String)])
    func `refuses an invalid workflow with embedded templates`(_ more: JSONObject, _ why: String) async throws {
        var run: JSONObject = ["entrypoint": "main", "templates": [["name": "main", "container": ["image": "i"]]]]
        for member in more { run[member.key] = member.value }
        let (_, states) = try await play(run, hasTemplate: false)
        #expect(states.last?[path: ["status", "message"]]?.stringValue == "invalid spec: \(why)")
    }

    @Test func `counts a template's invalid argument after the workflow's own`() async throws {
        let spec: JSONValue = [
            "entrypoint": "main",
            "arguments": ["parameters": [["name": "a", "value": "1"], ["name": "b.c", "value": "1"]]],
            "templates": [["name": "main", "container": ["image": "i"]]],
        ]
        let (_, states) = try await play(["arguments": ["parameters": [["name": "a", "value": "2"]]]], spec: spec)
        #expect(
            states.last?[path: ["status", "message"]]?.stringValue
                == "invalid spec: spec.arguments.parameters[1].name: 'b.c' \(Self.nameRule)")
    }

    // MARK: Instance IDs

    @Test(arguments: [("", nil, true), ("", "a", false), ("a", "a", true), ("a", "b", false), ("a", nil, false)])
    func `a controller handles only the workflows of its instance`(
        _ instance: String, _ label: String?, _ isHandled: Bool
    ) {
        var labels: JSONObject = [:]
        labels["workflows.argoproj.io/controller-instanceid"] = label.map { .string($0) }
        #expect(Argo.selects(["metadata": ["labels": .object(labels)]], instanceID: instance) == isHandled)
    }

    @Test func `a workflow of an instance passes its label on to pods`() async throws {
        let rehearsal = ArgoRehearsal()
        try await rehearsal.add(template: "t", spec: Self.spec)
        let label = "workflows.argoproj.io/controller-instanceid"
        try await rehearsal.play(
            "run", labels: [label: "team"], spec: ["workflowTemplateRef": ["name": "t"]], instanceID: "team")
        #expect(try pod(rehearsal).metadata["labels"]?[label] == "team")
        let states = try await rehearsal.play("other", spec: ["workflowTemplateRef": ["name": "t"]], instanceID: "team")
        #expect(states.last?["status"] == nil)
    }

    // MARK: Archive

    private func archiving(_ states: [JSONValue]) -> [String?] {
        states.map { $0.metadata["labels"]?["workflows.argoproj.io/workflow-archiving-status"]?.stringValue }
    }

    @Test func `marks a finished workflow as pending and then as archived`() async throws {
        let (rehearsal, states) = try await play([:], annotations: ["sandbox.towline.dev/archive": "5s"])
        #expect(archiving(Array(states.suffix(2))) == ["Pending", "Archived"])
        #expect(states.suffix(2).allSatisfy { $0.phase == "Succeeded" })
        #expect(archiving(states.dropLast(2)).allSatisfy { $0 == nil })
        let finished = try #require(states.last?[path: ["status", "finishedAt"]]?.stringValue)
        #expect((rehearsal.environment.clock.now() - .seconds(5)).rfc3339 == finished)
    }

    @Test func `keeps a workflow that waits for its archive past its TTL`() async throws {
        let strategy: JSONObject = ["ttlStrategy": ["secondsAfterCompletion": 1]]
        let (waiting, states) = try await play(strategy, annotations: ["sandbox.towline.dev/archive": "never"])
        #expect(archiving([try #require(states.last)]) == ["Pending"])
        _ = try await waiting.cluster.get(Argo.workflows, namespace: "payments", name: "run")
        let (archived, last) = try await play(strategy, annotations: ["sandbox.towline.dev/archive": "5s"])
        #expect(archiving([try #require(last.last)]) == ["Archived"])
        await #expect(throws: StatusError.self) {
            try await archived.cluster.get(Argo.workflows, namespace: "payments", name: "run")
        }
    }

    @Test func `leaves a workflow unmarked without an archive`() async throws {
        let (_, states) = try await play([:])
        #expect(archiving(states).allSatisfy { $0 == nil })
    }
}
