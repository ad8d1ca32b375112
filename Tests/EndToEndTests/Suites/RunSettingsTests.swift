import Foundation
import KubeClient
import TestSupport
import Testing

/// Executions of pipelines that need workspaces, lists, resolvers and settings of pods and tasks.
@Suite struct RunSettingsTests {
    private static let pipeline = """
        apiVersion: tekton.dev/v1
        kind: Pipeline
        metadata:
          name: build
          annotations: {sandbox.towline.dev/duration: 100ms}
        spec:
          params:
            - {name: image.tag, type: string}
            - {name: TARGETS, type: array}
            - {name: REPO, type: object, properties: {url: {type: string}, rev: {type: string}}}
          workspaces:
            - {name: source}
            - {name: notes, optional: true}
          tasks:
            - name: compile
              params:
                - {name: tag, value: '$(params["image.tag"])'}
                - {name: targets, value: ["$(params.TARGETS[*])"]}
                - {name: url, value: $(params.REPO.url)}
              workspaces: [{name: code, workspace: source}]
              taskSpec:
                params: [{name: tag}, {name: targets, type: array}, {name: url}]
                workspaces: [{name: code}]
                steps: [{name: run, image: example, command: [make], args: ["$(params.targets[*])"]}]
          finally:
            - {name: report, taskSpec: {steps: [{name: run, image: example, command: [report]}]}}
        """

    private static let parameters = """
        parameters: {image.tag: v1}
        arrayParameters: {TARGETS: [app, tests]}
        objectParameters: {REPO: {url: https://git.example/shop.git, rev: main}}
        """

    /// The run of an execution, once it exists.
    private func run(_ name: String, _ workspace: Workspace) async throws -> JSONValue {
        let execution = try await workspace.execution(name, until: "has a run") { $0.runName != nil }
        return try #require(try await workspace.runs(of: execution).first)
    }

    @Test func `a pipeline gets workspaces, lists, and settings of tasks`() async throws {
        let workspace = try await Workspace.make("settings")
        let process = try workspace.startOperator()
        try await workspace.create(Self.pipeline)
        try await workspace.create(
            Templates.execution(
                "full", engine: "tekton", workflow: "build",
                more: """
                    \(Self.parameters)
                    workspaces:
                      - {name: source, subPath: shop, claimTemplate: {storage: 1Gi}}
                      - {name: notes, emptyDir: {medium: Memory, sizeLimit: 64Mi}}
                    scheduling: {queueName: team-a, priorityClass: batch}
                    executionConfig:
                      timeoutSeconds: 600
                      tasksTimeoutSeconds: 400
                      finallyTimeoutSeconds: 100
                      pod: {nodeSelector: {disk: ssd}, securityContext: {runAsUser: 1000, runAsNonRoot: true}}
                      tasks:
                        - name: compile
                          timeoutSeconds: 60
                          pod: {tolerations: [{key: build, operator: Exists}]}
                          computeResources: {requests: {cpu: 1, memory: 64Mi}}
                    """))
        let execution = try await workspace.finished("full")
        #expect(execution.verdict == "Completed/Success/Succeeded", "\(execution.status("message") ?? "")")
        #expect(execution.status("progress") == "2/2")
        let run = try #require(try await workspace.runs(of: execution).first)
        let spec = try #require(run["spec"])
        #expect(
            spec["params"] == [
                ["name": "REPO", "value": ["rev": "main", "url": "https://git.example/shop.git"]],
                ["name": "TARGETS", "value": ["app", "tests"]], ["name": "image.tag", "value": "v1"],
            ])
        #expect(
            spec["workspaces"]?[0] == [
                "name": "source", "subPath": "shop",
                "volumeClaimTemplate": [
                    "spec": ["accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "1Gi"]]]
                ],
            ])
        #expect(spec["workspaces"]?[1] == ["name": "notes", "emptyDir": ["medium": "Memory", "sizeLimit": "64Mi"]])
        #expect(spec["timeouts"] == ["pipeline": "10m0s", "tasks": "6m40s", "finally": "1m40s"])
        #expect(
            spec[path: ["taskRunTemplate", "podTemplate"]] == [
                "nodeSelector": ["disk": "ssd"], "securityContext": ["runAsUser": 1000, "runAsNonRoot": true],
            ])
        #expect(
            spec["taskRunSpecs"] == [
                [
                    "pipelineTaskName": "compile",
                    "podTemplate": ["tolerations": [["key": "build", "operator": "Exists"]]],
                    "computeResources": ["requests": ["cpu": "1", "memory": "64Mi"]], "timeout": "1m0s",
                ]
            ])
        let labels = run[path: ["metadata", "labels"]]
        #expect(labels?["kueue.x-k8s.io/queue-name"] == "team-a")
        #expect(labels?["kueue.x-k8s.io/priority-class"] == "batch")
        #expect(try await process.stop() == 0)
    }

    @Test func `each kind of volume reaches the run`() async throws {
        let workspace = try await Workspace.make("volumes")
        let process = try workspace.startOperator()
        try await workspace.create(
            Templates.execution(
                "all", engine: "tekton", workflow: "nowhere",
                more: """
                    workspaces:
                      - {name: a, claimName: sources}
                      - {name: b, claimTemplate: {storageClassName: fast, accessModes: [ReadWriteMany], storage: 5Gi}}
                      - {name: c, emptyDir: {}}
                      - {name: d, configMap: {name: settings, items: [{key: k, path: p/q}]}}
                      - {name: e, secret: {name: key}}
                      - {name: f, projected: {sources: [{configMap: {name: settings}}, {secret: {name: key}}]}}
                    """))
        let run = try await run("all", workspace)
        #expect(
            run[path: ["spec", "workspaces"]] == [
                ["name": "a", "persistentVolumeClaim": ["claimName": "sources"]],
                [
                    "name": "b",
                    "volumeClaimTemplate": [
                        "spec": [
                            "accessModes": ["ReadWriteMany"], "resources": ["requests": ["storage": "5Gi"]],
                            "storageClassName": "fast",
                        ]
                    ],
                ],
                ["name": "c", "emptyDir": [:]],
                ["name": "d", "configMap": ["name": "settings", "items": [["key": "k", "path": "p/q"]]]],
                ["name": "e", "secret": ["secretName": "key"]],
                [
                    "name": "f",
                    "projected": ["sources": [["configMap": ["name": "settings"]], ["secret": ["name": "key"]]]],
                ],
            ])
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: [
        ("", "InvalidWorkflow"),
        ("workspaces: [{name: source, emptyDir: {}}]\nparameters: {TARGETS: a}", "InvalidParameters"),
    ])
    func `the engine says what a pipeline still needs`(_ more: String, _ reason: String) async throws {
        let workspace = try await Workspace.make("needs")
        let process = try workspace.startOperator()
        try await workspace.create(Self.pipeline)
        let parameters =
            more.isEmpty ? Self.parameters : "objectParameters: {REPO: {url: u, rev: r}}"
        let text = more.replacing("{TARGETS: a}", with: "{TARGETS: a, image.tag: v1}")
        try await workspace.create(
            Templates.execution("needs", engine: "tekton", workflow: "build", more: "\(parameters)\n\(text)"))
        let execution = try await workspace.finished("needs")
        #expect(execution.verdict == "Failed/Failed/\(reason)", "\(execution.status("message") ?? "")")
        #expect(execution[path: ["status", "executed"]] == false)
        #expect(try await process.stop() == 0)
    }

    @Test func `a workflow of Argo gets an entrypoint, a priority, JSON, and settings of pods`() async throws {
        let workspace = try await Workspace.make("argo")
        let process = try workspace.startOperator(arguments: [
            "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--run-label", "example.com/env=test",
            "--run-label-prefix", "example.com/",
        ])
        try await workspace.create(
            """
            apiVersion: argoproj.io/v1alpha1
            kind: WorkflowTemplate
            metadata: {name: two, annotations: {sandbox.towline.dev/duration: 100ms}}
            spec:
              entrypoint: first
              arguments: {parameters: [{name: TARGETS, value: '[]'}]}
              templates:
                - {name: first, container: {image: example, command: ["false"]}}
                - {name: second, container: {image: example, command: [echo, "{{workflow.parameters.TARGETS}}"]}}
            """)
        try await workspace.create(
            Templates.execution(
                "second", engine: "argo", workflow: "two",
                more: """
                    arrayParameters: {TARGETS: [app, "a \\"b\\""]}
                    runLabels: {example.com/team: shop, example.com/env: mine}
                    executionConfig:
                      entrypoint: second
                      priority: 7
                      pod: {priorityClassName: high, imagePullSecrets: [{name: regcred}], tolerations: [{operator: Exists}]}
                    """))
        let execution = try await workspace.finished("second")
        #expect(execution.verdict == "Completed/Success/Succeeded", "\(execution.status("message") ?? "")")
        let run = try #require(try await workspace.runs(of: execution).first)
        let spec = try #require(run["spec"])
        #expect(
            spec[path: ["arguments", "parameters"]] == [["name": "TARGETS", "value": #"["app","a \"b\""]"#]])
        #expect(spec["entrypoint"] == "second" && spec["priority"] == 7)
        #expect(spec["podPriorityClassName"] == "high")
        #expect(spec["imagePullSecrets"] == [["name": "regcred"]] && spec["tolerations"] == [["operator": "Exists"]])
        let labels = run[path: ["metadata", "labels"]]
        #expect(labels?["example.com/team"] == "shop" && labels?["example.com/env"] == "test")
        let nodes = run[path: ["status", "nodes"]]?.objectValue ?? [:]
        #expect(
            nodes.contains { $0.value["templateName"] == "second" }
                && !nodes.contains { $0.value["templateName"] == "first" })
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: TestEngine.allCases)
    func `a label without an allowed prefix ends an execution without a run`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let name = "labels-\(engine)"
        try await stage.create(name, engine, more: "runLabels: {example.com/team: shop}")
        let execution = try await stage.workspace.finished(name)
        #expect(execution.verdict == "Failed/Error/InvalidSpec")
        #expect(execution.status("message")?.contains("--run-label-prefix") == true)
        #expect(execution[path: ["status", "executed"]] == false)
        #expect(try await stage.workspace.runs(of: execution).isEmpty)
    }

    @Test func `a source that the operator does not allow ends an execution without a run`() async throws {
        let workspace = try await Workspace.make("sources", on: TestCluster.withoutEngines)
        let process = try workspace.startOperator(arguments: [
            "--metrics-bind-address", "0", "--health-probe-bind-address", "0",
            "--allowed-registries", "registry.example/workflows", "--allowed-resolvers", "git",
        ])
        func create(_ name: String, _ reference: String) async throws {
            try await workspace.create(
                """
                apiVersion: towline.dev/v1alpha1
                kind: WorkflowExecution
                metadata: {name: \(name)}
                spec: {workflowRef: {workflowId: w, \(reference)}}
                """)
        }
        let refused = [
            ("sibling", "containerImage: registry.example/workflows-evil/a:1", "--allowed-registries"),
            ("suffix", "containerImage: registry.example.evil/workflows/a:1", "--allowed-registries"),
            ("parent", "containerImage: registry.example/workflows/../a:1", "--allowed-registries"),
            (
                "bundle", "resolver: {name: bundles, params: {bundle: evil.example/a, name: w, kind: pipeline}}",
                "--allowed-registries"
            ),
            ("http", "resolver: {name: http, params: {url: 'https://evil.example/a'}}", "--allowed-resolvers"),
        ]
        for (name, reference, flag) in refused {
            try await create(name, reference)
            let execution = try await workspace.finished(name)
            #expect(execution.verdict == "Failed/Error/InvalidSpec", "\(name)")
            #expect(execution.status("message")?.contains("(\(flag))") == true, "\(name)")
            #expect(execution[path: ["status", "executed"]] == false, "\(name)")
            #expect(try await workspace.runs(of: execution).isEmpty, "\(name)")
        }
        let allowed = [
            ("image", "containerImage: registry.example/workflows/a:1"), ("git", "resolver: {name: git}"),
            ("pipeline", "name: other"),
        ]
        for (name, reference) in allowed {
            try await create(name, reference)
            _ = try await run(name, workspace)
        }
        #expect(try await process.stop() == 0)
    }

    @Test func `a controller of Argo with an instance ID sees the workflows`() async throws {
        let workspace = try await Workspace.make("instance", on: TestCluster.withoutEngines)
        let process = try workspace.startOperator(arguments: [
            "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--argo-instance-id", "blue",
        ])
        for engine in ["argo", "tekton"] {
            try await workspace.create(Templates.execution("inst-\(engine)", engine: engine))
            let labels = try await run("inst-\(engine)", workspace)[path: ["metadata", "labels"]]
            let id = labels?["workflows.argoproj.io/controller-instanceid"]
            #expect(id == (engine == "argo" ? "blue" : nil))
        }
        #expect(try await process.stop() == 0)
    }

    @Test func `the resolver of bundles gets the credentials of a private registry`() async throws {
        let stage = try await CaseStage.shared
        try await stage.workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowExecution
            metadata: {name: private-bundle}
            spec:
              workflowRef: {workflowId: restart, containerImage: "registry.example/workflows/restart:1", imagePullSecret: regcred}
              executionConfig: {serviceAccountName: puller}
            """)
        let run = try await run("private-bundle", stage.workspace)
        #expect(
            run[path: ["spec", "pipelineRef", "params"]] == [
                ["name": "bundle", "value": "registry.example/workflows/restart:1"],
                ["name": "kind", "value": "pipeline"], ["name": "name", "value": "restart"],
                ["name": "secret", "value": "regcred"], ["name": "serviceAccount", "value": "puller"],
            ])
    }

    @Test func `any resolver gets its parameters`() async throws {
        let stage = try await CaseStage.shared
        try await stage.workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowExecution
            metadata: {name: resolved}
            spec:
              workflowRef:
                workflowId: clone
                resolver: {name: git, params: {url: https://git.example/a.git, revision: main, pathInRepo: p.yaml}}
            """)
        let run = try await run("resolved", stage.workspace)
        #expect(
            run[path: ["spec", "pipelineRef"]] == [
                "resolver": "git",
                "params": [
                    ["name": "pathInRepo", "value": "p.yaml"], ["name": "revision", "value": "main"],
                    ["name": "url", "value": "https://git.example/a.git"],
                ],
            ])
    }

    @Test(arguments: TestEngine.allCases)
    func `an expired run stays until it is archived`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let name = "archive-\(engine)"
        try await stage.create(
            name, engine, more: "executionConfig: {runTTLSecondsAfterFinished: 0, keepRunUntilArchived: true}")
        let run = try await stage.run(of: name, engine)
        try await run.write("succeeded")
        let kept = try await stage.workspace.execution(name, until: "says why the run stays") {
            $0.condition("Retained") == "True"
        }
        let reason = kept[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"] == "Retained" }?["reason"]
        #expect(reason == "NotArchived")
        #expect(try await run.object() != nil)
        let mark: JSONValue =
            engine == .tekton
            ? ["annotations": ["results.tekton.dev/stored": "true"]]
            : ["labels": ["workflows.argoproj.io/workflow-archiving-status": "Archived"]]
        let type = engine == .tekton ? Types.pipelineRun : Types.workflow
        try await stage.workspace.access.merge(type, stage.workspace.namespace, run.name, ["metadata": mark])
        _ = try await stage.workspace.execution(name, until: "has no run") { $0.condition("RunPresent") == "False" }
        #expect(try await run.object() == nil)
    }
}

/// What the API server refuses, with a message that says why and what to do.
@Suite struct RefusedSettingsTests {
    static let refused: [(spec: String, message: String)] = [
        ("workspaces: [{name: a, claimName: b}]\nENGINE argo", "Argo takes volumes from the template"),
        ("scheduling: {queueName: q}\nENGINE argo", "Kueue does not queue Workflows"),
        ("executionConfig: {tasksTimeoutSeconds: 5}\nENGINE argo", "can only be set for engine tekton"),
        ("executionConfig: {finallyTimeoutSeconds: 5}\nENGINE argo", "can only be set for engine tekton"),
        ("executionConfig: {tasks: [{name: a}]}\nENGINE argo", "the settings of a step are part of its template"),
        ("executionConfig: {pod: {runtimeClassName: a}}\nENGINE argo", "podSpecPatch"),
        ("parameters: {a.b: c}\nENGINE argo", "Argo rejects them"),
        ("executionConfig: {entrypoint: a}", "can only be set for engine argo"),
        ("executionConfig: {priority: 1}", "Tekton does not order its runs"),
        ("workspaces: [{name: a, claimName: b, emptyDir: {}}]", "needs exactly one of"),
        ("workspaces: [{name: a}]", "needs exactly one of"),
        ("workspaces: [{name: a, persistentVolumeClaim: {claimName: b}}]", "is called claimName here"),
        ("workspaces: [{name: a, volumeClaimTemplate: {spec: {}}}]", "is called claimTemplate here"),
        ("workspaces: [{name: a, csi: {driver: b}}]", "a driver decides what such a volume contains"),
        ("workspaces: [{name: a, claimName: b, subPath: ../c}]", "must be a relative path without .."),
        ("workspaces: [{name: a, claimName: b}, {name: a, claimName: c}]", "Duplicate value"),
        (
            "workspaces: [{name: a, projected: {sources: [{serviceAccountToken: {path: b}}]}}]",
            "could use the token outside of the cluster"
        ),
        ("executionConfig: {pod: {hostNetwork: true}}", "must not use the namespaces of the node"),
        ("executionConfig: {tasks: [{name: a, pod: {hostPID: true}}]}", "must not use the namespaces of the node"),
        ("executionConfig: {pod: {volumes: [{name: a}]}}", "Use spec.workspaces"),
        ("executionConfig: {pod: {securityContext: {seccompProfile: {type: Unconfined}}}}", "only fsGroup, runAsUser"),
        ("executionConfig: {pod: {nodeSelector: {a: $(params.b)}}}", "would expand the text in nodeSelector"),
        ("executionConfig: {tasks: [{name: a, pod: {nodeSelector: {a: $(params.b)}}}]}", "would expand the text in"),
        ("executionConfig: {pod: {nodeSelector: {a: not a label}}}", "should match"),
        ("executionConfig: {pod: {tolerations: [{key: $(params.b)}]}}", "should match"),
        ("workspaces: [{name: a, secret: {name: b, items: [{key: c, path: ../d}]}}]", "should match"),
        ("executionConfig: {timeoutSeconds: 5, tasksTimeoutSeconds: 4, finallyTimeoutSeconds: 2}", "must be at least"),
        ("runLabels: {argocd.argoproj.io/instance: a}", "would treat the run as its own"),
        ("runLabels: {team: a}", "must be labels with a domain"),
        ("parameters: {a: b}\narrayParameters: {a: [b]}", "a parameter has one value"),
        ("arrayParameters: {a: [b, $(params.c)]}", "spec.arrayParameters.a: Tekton would expand"),
        ("objectParameters: {a: {b: '{{c}}'}}\nENGINE argo", "spec.objectParameters.a: Argo would expand"),
        (
            "parameters: {"
                + (0..<17).map { "P\($0): '" + String(repeating: "x", count: 8000) + "'" }
                .joined(separator: ", ") + "}", "at most 131,072 bytes together"
        ),
        ("arrayParameters: {a: b}", "must be of type array"),
        ("parameters: {a: 5}", "must be of type string"),
        ("REF resolver: {name: git}, name: a", "must not be set together with name"),
        ("REF resolver: {name: git}, engine: argo", "can only be set for engine tekton"),
        ("REF resolver: {name: git, params: {url: $(params.a)}}", "Tekton would expand a variable in params"),
        ("REF imagePullSecret: a", "can only be set together with containerImage"),
    ]

    @Test func `says why, and what to do instead`() async throws {
        let workspace = try await Workspace.make("refused")
        for (spec, message) in Self.refused {
            var lines = spec.split(separator: "\n").map(String.init)
            var reference = "workflowId: a"
            if lines.last == "ENGINE argo" {
                lines.removeLast()
                reference += ", engine: argo"
            }
            if let first = lines.first, first.hasPrefix("REF ") {
                lines.removeFirst()
                reference += ", " + first.dropFirst(4)
            }
            let text = """
                apiVersion: towline.dev/v1alpha1
                kind: WorkflowExecution
                metadata: {name: refused}
                spec:
                  workflowRef: {\(reference)}

                """ + lines.map { "  \($0)\n" }.joined()
            let object = try #require(try YAML.documents(Array(text.utf8), source: spec).first)
            do {
                _ = try await workspace.access.client.create(
                    Types.execution, namespace: workspace.namespace, body: object.encoded,
                    WriteOptions(fieldValidation: .strict), decoding: ClusterAccess.tree)
                Issue.record("accepted: \(spec)")
            } catch {
                #expect("\(error)".contains(message), "\(spec): \(error)")
            }
        }
    }
}
