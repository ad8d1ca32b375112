import KubeClient
import Testing

@testable import APIServer
@testable import SimulatedEngines

/// Workspaces from the run to claims, TaskRuns, and pods; names and messages are those of Tekton.
@Suite struct TektonWorkspaceTests {
    private static let pipeline: JSONValue = [
        "workspaces": [["name": "source"], ["name": "cache", "optional": true]],
        "tasks": [
            [
                "name": "clone", "workspaces": [["name": "output", "workspace": "source", "subPath": "code"]],
                "taskSpec": [
                    "workspaces": [["name": "output", "mountPath": "/src"]],
                    "steps": [
                        [
                            "name": "s", "image": "git",
                            "args": ["$(workspaces.output.path)", "$(workspaces.output.claim)"],
                        ]
                    ],
                ],
            ],
            [
                "name": "build", "runAfter": ["clone"],
                "workspaces": [["name": "source"], ["name": "store", "workspace": "cache"]],
                "taskSpec": [
                    "workspaces": [["name": "source", "readOnly": true], ["name": "store", "optional": true]],
                    "steps": [
                        [
                            "name": "s", "image": "go",
                            "args": [
                                "$(workspaces.source.path)", "$(workspaces.store.bound)", "[$(workspaces.store.path)]",
                            ],
                        ]
                    ],
                ],
            ],
        ],
    ]

    private func play(
        _ workspaces: JSONValue, pipeline: JSONValue = pipeline, refusals: [StatusError] = []
    ) async throws -> (TektonRehearsal, [JSONValue]) {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: pipeline)
        rehearsal.cluster.refuse("persistentvolumeclaims", refusals)
        let states = try await rehearsal.play(
            "run", spec: ["pipelineRef": ["name": "p"], "workspaces": workspaces])
        return (rehearsal, states)
    }

    private static let template: JSONValue = [
        "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]
    ]

    @Test func `names claims and volumes as Tekton's tests do`() {
        let workspace: JSONValue = ["name": "myws1", "volumeClaimTemplate": ["metadata": ["name": "pvc1"]]]
        #expect(TektonWorkspaces.claimName(of: workspace, runUID: "taskrun1") == "pvc1-ad02547921")
        #expect(
            TektonWorkspaces.claimName(of: ["name": "myws1", "volumeClaimTemplate": [:]], runUID: "taskrun1")
                == "pvc-ad02547921")
        let named = TaskWorkspaces(
            bindings: [["name": "workspace-name", "emptyDir": [:]]], taskSpec: [:], isEmbedded: true)
        #expect(named.applied(to: [:])["volumes"] == [["name": "ws-d70ba", "emptyDir": [:]]])
    }

    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ]) func `computes SHA-256 digests`(_ text: String, _ digest: String) {
        #expect(SHA256.hexadecimal(text) == digest)
    }

    @Test func `creates a claim that the run owns, and binds it to every task`() async throws {
        let (rehearsal, states) = try await play([
            ["name": "source", "subPath": "top", "volumeClaimTemplate": Self.template]
        ])
        #expect(states.last?.reason == "Succeeded")
        let name = try #require(rehearsal.cluster.names("persistentvolumeclaims").first)
        #expect(name.hasPrefix("pvc-") && name.utf8.count == 14)
        let claim = rehearsal.cluster.life("persistentvolumeclaims", name).last
        #expect(claim?["spec"] == Self.template["spec"])
        #expect(claim?.metadata["ownerReferences"]?[0]?["kind"] == "PipelineRun")
        #expect(claim?.metadata["ownerReferences"]?[0]?["uid"] == .string(states[0].uid))
        let taskRun = { (name: String) in rehearsal.cluster.life("taskruns", name).last }
        let binding: JSONValue = ["claimName": .string(name)]
        #expect(
            taskRun("run-clone")?[path: ["spec", "workspaces"]]
                == [["persistentVolumeClaim": binding, "name": "output", "subPath": "top/code"]])
        #expect(
            taskRun("run-build")?[path: ["spec", "workspaces"]]
                == [["persistentVolumeClaim": binding, "name": "source", "subPath": "top"]])
        let container = { (name: String) in
            rehearsal.cluster.life("pods", "\(name)-pod").last?[path: ["spec", "containers"]]?[0]
        }
        let volume = rehearsal.cluster.life("pods", "run-clone-pod").last?[path: ["spec", "volumes"]]?[0]
        #expect(volume?["persistentVolumeClaim"] == binding)
        #expect(
            container("run-clone")?["volumeMounts"]
                == [["name": volume?["name"] ?? "", "mountPath": "/src", "subPath": "top/code"]])
        #expect(container("run-clone")?["args"] == ["/src", .string(name)])
        #expect(container("run-build")?["args"] == ["/workspace/source", "false", "[]"])
        #expect(container("run-build")?["volumeMounts"]?[0]?["readOnly"] == true)
    }

    @Test(
        arguments: [
            ["persistentVolumeClaim": ["claimName": "$(params.claim)"]], ["emptyDir": ["medium": "Memory"]],
            ["configMap": ["name": "settings"]], ["secret": ["secretName": "key"]],
            ["projected": ["sources": [["secret": ["name": "key"]]]]],
        ] as [JSONValue]) func `passes every kind of volume to tasks and pods`(_ source: JSONValue) async throws
    {
        let rehearsal = TektonRehearsal()
        try await rehearsal.add(pipeline: "p", spec: Self.pipeline)
        var workspace = source
        workspace["name"] = "source"
        workspace["subPath"] = "$(context.pipelineRun.name)"
        let states = try await rehearsal.play(
            "run",
            spec: [
                "pipelineRef": ["name": "p"], "params": [["name": "claim", "value": "mine"]], "workspaces": [workspace],
            ])
        #expect(states.last?.reason == "Succeeded")
        let binding = rehearsal.cluster.life("taskruns", "run-build").last?[path: ["spec", "workspaces"]]?[0]
        #expect(binding?["subPath"] == "run")
        let volume = rehearsal.cluster.life("pods", "run-build-pod").last?[path: ["spec", "volumes"]]?[0]
        for member in source.objectValue ?? [:] {
            let expected: JSONValue = member.key == "persistentVolumeClaim" ? ["claimName": "mine"] : member.value
            #expect(binding?[member.key] == expected)
            #expect(volume?[member.key] == expected)
        }
        #expect(rehearsal.cluster.names("persistentvolumeclaims").isEmpty)
    }

    @Test func `refuses a run without a required workspace`() async throws {
        let (rehearsal, states) = try await play([["name": "cache", "emptyDir": [:]]])
        #expect(states.last?.reason == "InvalidWorkspaceBindings")
        #expect(
            states.last?.message
                == "[User error] PipelineRun payments/run doesn't bind Pipeline payments/p's Workspaces correctly: pipeline requires workspace with name \"source\" be provided by pipelinerun"
        )
        #expect(rehearsal.cluster.names("taskruns").isEmpty)
    }

    @Test func `fails a run whose claim cannot be created`() async throws {
        let invalid = StatusError.invalid(
            group: "", kind: "PersistentVolumeClaim", name: "x",
            causes: ClaimRules.problems(of: [:]))
        let (rehearsal, states) = try await play(
            [["name": "source", "volumeClaimTemplate": ["spec": [:]]]], refusals: [invalid])
        let last = try #require(states.last)
        #expect(last.reason == "CouldntCreateWorkspacePVC")
        let name = TektonWorkspaces.claimName(of: ["name": "source", "volumeClaimTemplate": [:]], runUID: last.uid)
        #expect(
            last.message
                == "Failed to create PVC for PipelineRun payments/run correctly: PVC creation error for \(name): PersistentVolumeClaim \"x\" is invalid: [spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value]"
        )
        #expect(last[path: ["status", "childReferences"]] == nil)
        #expect(rehearsal.cluster.names("taskruns").isEmpty)
    }

    @Test func `waits while a quota refuses the claim`() async throws {
        let refusal = StatusError(
            code: 403, reason: "Forbidden", message: "persistentvolumeclaims \"x\" is forbidden: exceeded quota: team")
        let (_, states) = try await play(
            [["name": "source", "volumeClaimTemplate": Self.template]], refusals: [refusal, refusal])
        let waiting = try #require(states.first { $0.reason == "PipelineRunPending" })
        #expect(
            waiting.message.hasPrefix("Waiting for PVC creation to succeed: PVC creation error, retryable for pvc-"))
        #expect(waiting.message.hasSuffix(": persistentvolumeclaims \"x\" is forbidden: exceeded quota: team"))
        #expect(states.last?.reason == "Succeeded")
    }

    @Test func `refuses to give a task a workspace that the run does not have`() async throws {
        let pipeline: JSONValue = [
            "tasks": [
                [
                    "name": "build",
                    "taskSpec": ["steps": [["name": "s", "image": "i", "script": "ls $(workspaces.not-source.path)"]]],
                ]
            ]
        ]
        let (_, states) = try await play([["name": "source", "emptyDir": [:]]], pipeline: pipeline)
        #expect(states.last?.reason == "CreateRunFailed")
        #expect(
            states.last?.message
                == "expected workspace \"not-source\" to be provided by pipelinerun for pipeline task \"build\"")
    }

    @Test func `propagates workspaces to embedded Tasks that use them`() async throws {
        let pipeline: JSONValue = [
            "tasks": [
                [
                    "name": "build",
                    "taskSpec": ["steps": [["name": "s", "image": "i", "args": ["$(workspaces.source.path)"]]]],
                ]
            ]
        ]
        let (rehearsal, states) = try await play([["name": "source", "emptyDir": [:]]], pipeline: pipeline)
        #expect(states.last?.reason == "Succeeded")
        #expect(
            rehearsal.cluster.life("taskruns", "run-build").last?[path: ["spec", "workspaces"]]
                == [["name": "source", "emptyDir": [:]]])
    }

    @Test(
        arguments: [
            (
                ["workspaces": [["name": "lost"]]], [],
                "[User error] declared workspace \"lost\" is required but has not been bound"
            ),
            (
                [:],
                [
                    ["name": "a", "persistentVolumeClaim": ["claimName": "x"]],
                    ["name": "b", "persistentVolumeClaim": ["claimName": "y"]],
                ],
                "[User error] more than one PersistentVolumeClaim is bound"
            ),
            (
                [:],
                [
                    ["name": "a", "persistentVolumeClaim": ["claimName": "x"]],
                    ["name": "b", "persistentVolumeClaim": ["claimName": "x"]],
                ],
                nil
            ), (["workspaces": [["name": "lost", "optional": true]]], [], nil),
        ] as [(JSONObject, [JSONValue], String?)])
    func `checks the workspaces of a TaskRun`(_ taskSpec: JSONObject, _ bindings: [JSONValue], _ why: String?) {
        #expect(TaskWorkspaces(bindings: bindings, taskSpec: taskSpec, isEmbedded: true).problem == why)
    }

    @Test func `a Task by reference accepts only workspaces that it declares`() {
        let workspaces = TaskWorkspaces(bindings: [["name": "a", "emptyDir": [:]]], taskSpec: [:], isEmbedded: false)
        #expect(workspaces.problem == "[User error] workspace binding \"a\" does not match any declared workspace")
    }

    @Test func `refuses an optional workspace for a Task that requires it`() async throws {
        let pipeline: JSONValue = [
            "workspaces": [["name": "cache", "optional": true]],
            "tasks": [
                [
                    "name": "build", "workspaces": [["name": "store", "workspace": "cache"]],
                    "taskSpec": ["workspaces": [["name": "store"]], "steps": [["name": "s", "image": "i"]]],
                ]
            ],
        ]
        let (_, states) = try await play([], pipeline: pipeline)
        #expect(states.last?.reason == "RequiredWorkspaceMarkedOptional")
        #expect(
            states.last?.message
                == "[User error] Optional workspace not supported by task: pipeline workspace \"cache\" is marked optional but pipeline task \"build\" requires it be provided"
        )
    }

    @Test func `the API server checks claims`() throws {
        let cluster = Cluster(environment: .system)
        let create = { (name: String, spec: JSONValue) in
            try cluster.create(
                TektonWorkspaces.claims, namespace: "default",
                [
                    "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": ["name": .string(name)],
                    "spec": spec,
                ],
                fieldManager: "test")
        }
        let error = #expect(throws: StatusError.self) { try create("bad", ["accessModes": ["Often"]]) }
        #expect(error?.code == 422)
        let modes = "\"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\""
        #expect(
            error?.message
                == "PersistentVolumeClaim \"bad\" is invalid: [spec.accessModes: Unsupported value: \"Often\": supported values: \(modes), spec.resources[storage]: Required value]"
        )
        #expect(try create("good", Self.template["spec"] ?? [:])[path: ["status", "phase"]] == "Pending")
    }
}
