import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// The exact JSON of new runs and of the patches that stop them.
@Suite struct RunBuildingTests {
    private func execution(
        _ reference: WorkflowReference, parameters: [Parameter] = [], config: ExecutionConfig = ExecutionConfig(),
        shutdown: Shutdown? = nil
    ) -> WorkflowExecution {
        WorkflowExecution(
            key: ObjectKey(namespace: "payments", name: "restart"), uid: "3f9c2a71-d000-4000-8000-000000000001",
            spec: ExecutionSpec(
                workflowRef: reference, parameters: parameters, executionConfig: config, shutdown: shutdown))
    }

    private func metadata(_ name: String) -> String {
        #""metadata":{"name":"\#(name)","namespace":"payments","labels":{"towline.dev/execution-uid":"3f9c2a71-d000-4000-8000-000000000001"},"annotations":{"towline.dev/execution":"payments/restart","argocd.argoproj.io/ignore-resource-updates":"true"},"ownerReferences":[{"apiVersion":"towline.dev/v1alpha1","kind":"WorkflowExecution","name":"restart","uid":"3f9c2a71-d000-4000-8000-000000000001","controller":true,"blockOwnerDeletion":true}]}"#
    }

    private func text(_ engine: any Engine, _ execution: WorkflowExecution) -> String? {
        engine.makeRun(for: execution, named: "run-1", labels: RunLabels().labels(for: execution)).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    @Test func `sends no field that the user did not set`() {
        let execution = execution(WorkflowReference(workflowId: "deploy"))
        #expect(
            text(TektonEngine(), execution)
                == #"{"apiVersion":"tekton.dev/v1","kind":"PipelineRun",\#(metadata("run-1")),"spec":{"pipelineRef":{"name":"deploy"}}}"#
        )
        #expect(
            text(ArgoEngine(), execution)
                == #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",\#(metadata("run-1")),"spec":{"workflowTemplateRef":{"name":"deploy"}}}"#
        )
    }

    private let full = (
        parameters: [
            Parameter(name: "TARGET", value: "a \"quoted\"\n$(params.x)"), Parameter(name: "EMPTY", value: ""),
            Parameter(name: "N", value: "007"),
        ],
        config: ExecutionConfig(serviceAccountName: "runner", timeoutSeconds: 5430, startDeadlineSeconds: 60)
    )
    private let written =
        #"[{"name":"EMPTY","value":""},{"name":"N","value":"007"},{"name":"TARGET","value":"a \"quoted\"\n$(params.x)"}]"#

    @Test func `sends every field that the user set to Tekton`() {
        let reference = WorkflowReference(
            workflowId: "deploy", version: "1", engine: .tekton, name: "pipe",
            containerImage: "registry.example:5000/wf/deploy:1.4.0", containerDigest: "sha256:ab")
        let text = text(TektonEngine(), execution(reference, parameters: full.parameters, config: full.config))
        #expect(
            text
                == #"{"apiVersion":"tekton.dev/v1","kind":"PipelineRun",\#(metadata("run-1")),"spec":{"pipelineRef":{"resolver":"bundles","params":[{"name":"bundle","value":"registry.example:5000/wf/deploy@sha256:ab"},{"name":"kind","value":"pipeline"},{"name":"name","value":"pipe"},{"name":"serviceAccount","value":"runner"}]},"params":\#(written),"taskRunTemplate":{"serviceAccountName":"runner"},"timeouts":{"pipeline":"1h30m30s"}}}"#
        )
    }

    @Test func `sends every field that the user set to Argo`() {
        let reference = WorkflowReference(workflowId: "deploy", engine: .argo, name: "tpl", clusterScope: true)
        let text = text(ArgoEngine(), execution(reference, parameters: full.parameters, config: full.config))
        #expect(
            text
                == #"{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",\#(metadata("run-1")),"spec":{"workflowTemplateRef":{"name":"tpl","clusterScope":true},"arguments":{"parameters":\#(written)},"serviceAccountName":"runner","activeDeadlineSeconds":5430}}"#
        )
    }

    private let lists = [
        Parameter(name: "TARGETS", value: .array(["a", "\"b\""])), Parameter(name: "NONE", value: .array([])),
        Parameter(
            name: "REPO", value: .object([MapEntry(key: "url", value: "u"), MapEntry(key: "rev", value: "r")])),
    ]

    @Test func `sends arrays and objects to Tekton as such, and to Argo as JSON text`() throws {
        let reference = WorkflowReference(workflowId: "deploy")
        let tekton = try #require(text(TektonEngine(), execution(reference, parameters: lists)))
        #expect(
            tekton.hasSuffix(
                #""params":[{"name":"NONE","value":[]},{"name":"REPO","value":{"rev":"r","url":"u"}},{"name":"TARGETS","value":["a","\"b\""]}]}}"#
            ))
        let argo = try #require(text(ArgoEngine(), execution(reference, parameters: lists)))
        #expect(
            argo.hasSuffix(
                #""arguments":{"parameters":[{"name":"NONE","value":"[]"},{"name":"REPO","value":"{\"rev\":\"r\",\"url\":\"u\"}"},{"name":"TARGETS","value":"[\"a\",\"\\\"b\\\"\"]"}]}}}"#
            ))
    }

    @Test func `lets Tekton pull a private bundle with a Secret and the service account`() throws {
        let reference = WorkflowReference(
            workflowId: "deploy", containerImage: "r.example/a:1", imagePullSecret: "regcred")
        let config = ExecutionConfig(serviceAccountName: "puller")
        let built = try #require(text(TektonEngine(), execution(reference, config: config)))
        #expect(
            built.contains(
                #""params":[{"name":"bundle","value":"r.example/a:1"},{"name":"kind","value":"pipeline"},{"name":"name","value":"deploy"},{"name":"secret","value":"regcred"},{"name":"serviceAccount","value":"puller"}]"#
            ))
    }

    @Test func `sends labels, and none of the execution`() throws {
        let execution = execution(WorkflowReference(workflowId: "deploy", engine: .argo))
        let labels = RunLabels(fixed: [MapEntry(key: "a.example/team", value: "ops")], argoInstanceID: "blue")
        let run = try #require(
            ArgoEngine().makeRun(for: execution, named: "run-1", labels: labels.labels(for: execution)))
        #expect(
            String(decoding: run, as: UTF8.self).contains(
                #""labels":{"a.example/team":"ops","towline.dev/execution-uid":"3f9c2a71-d000-4000-8000-000000000001","workflows.argoproj.io/controller-instanceid":"blue"}"#
            ))
    }

    @Test(arguments: EngineName.allCases)
    func `builds no run for a finished or stopped execution`(_ name: EngineName) {
        let engine = EngineRegistry.engine(name)
        #expect(engine.name == name)
        let reference = WorkflowReference(workflowId: "deploy")
        #expect(engine.makeRun(for: execution(reference, shutdown: .stop), named: "r", labels: []) == nil)
        var status = ExecutionStatus()
        status.phase = .failed
        let key = ObjectKey(namespace: "n", name: "e")
        let finished = WorkflowExecution(
            key: key, uid: "u", spec: ExecutionSpec(workflowRef: reference), status: status)
        #expect(engine.makeRun(for: finished, named: "r", labels: []) == nil)
        #expect(engine.makeRun(for: WorkflowExecution(key: key, uid: "u", spec: nil), named: "r", labels: []) == nil)
    }

    /// A new run reads back as one that no engine has picked up, owned by its execution.
    @Test(arguments: EngineName.allCases)
    func `reads back the runs it builds`(_ name: EngineName) throws {
        let engine = EngineRegistry.engine(name)
        let execution = execution(WorkflowReference(workflowId: "deploy"), config: full.config)
        let run = try read(
            try #require(engine.makeRun(for: execution, named: "run-1", labels: RunLabels().labels(for: execution))),
            by: engine)
        #expect(run.key == ObjectKey(namespace: "payments", name: "run-1"))
        #expect(run.executionUID == execution.uid)
        #expect(run.ownerUID == execution.uid)
        #expect(run.isOwned(byExecutionWithUID: execution.uid))
        #expect(!run.isOwned(byExecutionWithUID: ""))
        #expect(run.timeoutSeconds == 5430)
        #expect(run.state == RunState(.awaitingEngine))
    }

    @Test(
        arguments: [
            ("r.example/a/b:1.4", "sha256:1", "r.example/a/b@sha256:1"),
            ("r.example:5000/a/b", "sha256:1", "r.example:5000/a/b@sha256:1"),
            ("r.example:5000/a/b:1", "sha256:1", "r.example:5000/a/b@sha256:1"),
            ("b:1", "sha256:1", "b@sha256:1"), ("b", "sha256:1", "b@sha256:1"),
            ("a/b:1@sha256:2", "sha256:1", "a/b@sha256:1"), ("a/b:1@sha256:2", nil, "a/b:1@sha256:2"),
            ("a/b:1", nil, "a/b:1"), ("", "sha256:1", "@sha256:1"),
        ] as [(String, String?, String)])
    func `replaces the tag of an image with the digest`(_ image: String, _ digest: String?, _ expected: String) {
        #expect(BundleReference.text(image: image, digest: digest) == expected)
    }

    // MARK: Shutdown

    private func patch(_ run: EngineRun, _ shutdown: Shutdown, _ engine: any Engine) -> String {
        engine.shutdownPatch(shutdown, for: run).map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    @Test func `stops PipelineRuns through spec.status`() throws {
        let live =
            #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running"}],"childReferences":[{}]}"#
        let stop = #"{"metadata":{"resourceVersion":"7"},"spec":{"status":"CancelledRunFinally"}}"#
        let terminate = #"{"metadata":{"resourceVersion":"7"},"spec":{"status":"Cancelled"}}"#
        for (spec, expectedStop, expectedTerminate) in [
            ("{}", stop, terminate), (#"{"status":"CancelledRunFinally"}"#, "-", terminate),
            (#"{"status":"StoppedRunFinally"}"#, "-", terminate), (#"{"status":"Cancelled"}"#, "-", "-"),
        ] {
            let run = try pipelineRun(status: live, spec: spec)
            #expect(patch(run, .stop, TektonEngine()) == expectedStop)
            #expect(patch(run, .terminate, TektonEngine()) == expectedTerminate)
        }
        let done = try pipelineRun(status: #"{"conditions":[{"type":"Succeeded","status":"True"}]}"#)
        #expect(patch(done, .terminate, TektonEngine()) == "-")
        let pending = try pipelineRun(
            status: #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending"}]}"#,
            spec: #"{"status":"PipelineRunPending"}"#)
        #expect(patch(pending, .stop, TektonEngine()) == terminate)
    }

    @Test func `stops Workflows through spec.shutdown`() throws {
        let stop = #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Stop"}}"#
        let terminate = #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Terminate"}}"#
        for (spec, expectedStop, expectedTerminate) in [
            ("{}", stop, terminate), (#"{"shutdown":"Stop"}"#, "-", terminate),
            (#"{"shutdown":"Terminate"}"#, "-", "-"),
        ] {
            let run = try workflow(status: #"{"phase":"Running"}"#, spec: spec)
            #expect(patch(run, .stop, ArgoEngine()) == expectedStop)
            #expect(patch(run, .terminate, ArgoEngine()) == expectedTerminate)
        }
        #expect(patch(try workflow(status: #"{"phase":"Failed"}"#), .stop, ArgoEngine()) == "-")
        // A workflow queued by parallelism reacts only to Terminate, even if a stop was requested before.
        #expect(patch(try workflow(status: #"{"phase":"Pending"}"#), .stop, ArgoEngine()) == terminate)
        #expect(
            patch(try workflow(status: #"{"phase":"Pending"}"#, spec: #"{"shutdown":"Stop"}"#), .stop, ArgoEngine())
                == terminate)
    }
}
