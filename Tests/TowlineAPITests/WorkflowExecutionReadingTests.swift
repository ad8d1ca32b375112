import KubeClient
import Testing
import TowlineAPI

@Suite struct WorkflowExecutionReadingTests {
    private func read(
        _ text: String, keeping detail: ExecutionStatus.Detail = .everything
    ) throws -> WorkflowExecution {
        var cursor = JSONCursor(Array(text.utf8))
        return try WorkflowExecution(reading: &cursor, keeping: detail)
    }

    static let complete = """
        {"apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
         "metadata": {"name": "restart", "namespace": "payments", "uid": "3f9c2a71-d0aa-4bbb-8ccc-0123456789ab",
           "resourceVersion": "41", "generation": 2, "creationTimestamp": "2026-01-01T09:59:58Z",
           "labels": {"team": "payments"}, "managedFields": [{"manager": "kubectl"}]},
         "spec": {
           "workflowRef": {"workflowId": "restart-deployment", "version": "1.4.0", "engine": "tekton",
             "name": "restart", "containerImage": "registry.example/workflows/restart:1.4.0",
             "containerDigest": "sha256:0", "clusterScope": false, "future": {"a": [1]}},
           "parameters": {"NAMESPACE": "payments", "DEPLOYMENT": "payment-api"},
           "remediationRequestRef": {"kind": "RemediationRequest", "name": "rr-7", "namespace": "ops"},
           "confidence": 0.92,
           "executionConfig": {"serviceAccountName": "restarter", "timeoutSeconds": 1800, "startDeadlineSeconds": 600,
             "allowExpressions": true, "runTTLSecondsAfterFinished": 3600, "ttlSecondsAfterFinished": 86400},
           "shutdown": "Stop"},
         "status": {
           "observedGeneration": 2, "phase": "Failed", "outcome": "Failed", "reason": "StepFailed",
           "message": "task drain failed", "engine": "tekton", "engineReason": "Failed",
           "runRef": {"apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": "restart-3f9c2a71d0", "uid": "u"},
           "startedAt": "2026-01-01T10:00:00Z", "finishedAt": "2026-01-01T10:04:10Z", "duration": "4m10s",
           "updatedAt": "2026-01-01T10:04:10.250000Z", "progress": "3/7", "executed": true,
           "failure": {"task": "drain", "step": "run", "exitCode": 137, "reason": "OOMKilled", "message": "m"},
           "outputs": [{"name": "revision", "value": "42"}], "links": [{"name": "Dashboard", "url": "https://x"}],
           "conditions": [{"type": "Succeeded", "status": "False", "observedGeneration": 2, "reason": "StepFailed",
             "message": "task drain failed", "lastTransitionTime": "2026-01-01T10:04:10Z"},
             {"type": "Foreign", "status": "Odd", "lastTransitionTime": null, "reason": "Own", "message": ""}],
           "future": null}}
        """

    @Test func `every field is read`() throws {
        let execution = try read(Self.complete)
        #expect(execution.key == ObjectKey(namespace: "payments", name: "restart"))
        #expect(execution.runName == "restart-3f9c2a71d0")
        #expect(execution.generation == 2)
        #expect(execution.resourceVersion == ResourceVersion("41"))
        let spec = try #require(execution.spec)
        #expect(spec.workflowRef.templateName == "restart")
        #expect(spec.workflowRef.clusterScope == false)
        #expect(spec.parameters.map(\.name) == ["NAMESPACE", "DEPLOYMENT"])
        #expect(spec.remediationRequestRef?.namespace == "ops")
        #expect(spec.confidence == 0.92)
        #expect(
            spec.executionConfig
                == ExecutionConfig(
                    serviceAccountName: "restarter", timeoutSeconds: 1800, startDeadlineSeconds: 600,
                    allowExpressions: true, runTTLSecondsAfterFinished: 3600, ttlSecondsAfterFinished: 86_400))
        #expect(execution.retention == Retention(runSeconds: 3600, executionSeconds: 86_400))
        #expect(spec.shutdown == .stop)
        let status = execution.status
        #expect(status.phase == .failed && status.outcome == .failed && status.reason == .stepFailed)
        #expect(status.engine == .tekton && status.engineReason == "Failed")
        #expect(status.runRef?.kind == "PipelineRun")
        #expect(status.finishedAt?.rfc3339 == "2026-01-01T10:04:10Z")
        #expect(status.duration == "4m10s")
        #expect(status.failure?.exitCode == 137)
        #expect(status.outputs == [Output(name: "revision", value: "42")])
        #expect(status.links.count == 1)
        #expect(status.condition(.succeeded)?.status == .false)
        #expect(status.conditions.map(\.type) == ["Succeeded", "Foreign"])
    }

    @Test func `a store keeps only part of a finished execution`() throws {
        let full = try read(Self.complete)
        let kept = try read(Self.complete, keeping: .whatReconcilingNeeds)
        #expect(kept.spec == nil)
        #expect(kept.status.failure == nil && kept.status.outputs.isEmpty && kept.status.progress == nil)
        #expect(kept.status.conditions == full.status.conditions)
        #expect(kept.status.message == full.status.message && kept.status.runRef == full.status.runRef)
        #expect(kept.isFinished && kept.retention == full.retention)
    }

    @Test func `a store keeps all of a running execution`() throws {
        let text = """
            {"metadata": {"name": "a", "uid": "u"}, "spec": {"workflowRef": {"workflowId": "w"}},
             "status": {"phase": "Running", "progress": "1/2"}}
            """
        let execution = try read(text, keeping: .whatReconcilingNeeds)
        #expect(execution.spec?.workflowRef.workflowId == "w")
        #expect(execution.status.progress == "1/2")
    }

    @Test func `null counts as absent`() throws {
        let absent = try read(#"{"metadata":{"name":"a","uid":"u"}}"#)
        #expect(absent.status == ExecutionStatus())
        #expect(absent.status.phase == .pending && absent.status.observedGeneration == -1)
        #expect(absent.spec == nil)
        let nulls = try read(
            """
            {"metadata": {"name": "a", "uid": "u"}, "status": {"phase": null, "runRef": null, "conditions": null,
              "startedAt": null, "failure": null}, "spec": {"workflowRef": null, "parameters": null,
              "remediationRequestRef": null, "confidence": null, "shutdown": null}}
            """)
        #expect(nulls.status == ExecutionStatus())
        #expect(nulls.spec == ExecutionSpec(workflowRef: WorkflowReference(workflowId: "")))
    }

    @Test(arguments: [
        (#"{"metadata":{"uid":"u"}}"#, "metadata.name"),
        (#"{"metadata":{"name":"a"}}"#, "metadata.uid"),
        (#"{"metadata":[]}"#, "metadata"),
        (#"{"spec":[]}"#, "spec: expected an object"),
        (#"{"spec":{"workflowRef":"x"}}"#, "spec.workflowRef"),
        (#"{"spec":{"workflowRef":{"engine":1}}}"#, "spec.workflowRef.engine"),
        (#"{"spec":{"parameters":{"A":1}}}"#, "spec.parameters[A]"),
        (#"{"spec":{"executionConfig":{"timeoutSeconds":"5m"}}}"#, "spec.executionConfig.timeoutSeconds"),
        (#"{"spec":{"executionConfig":{"timeoutSeconds":1.5}}}"#, "spec.executionConfig.timeoutSeconds"),
        (
            #"{"spec":{"executionConfig":{"ttlSecondsAfterFinished":"1d"}}}"#,
            "spec.executionConfig.ttlSecondsAfterFinished"
        ),
        (#"{"spec":{"executionConfig":{"allowExpressions":"yes"}}}"#, "spec.executionConfig.allowExpressions"),
        (#"{"spec":{"confidence":"high"}}"#, "spec.confidence"),
        (#"{"status":{"phase":"Paused"}}"#, "status.phase: \"Paused\""),
        (#"{"status":{"outcome":"Maybe"}}"#, "status.outcome"),
        (#"{"status":{"startedAt":"yesterday"}}"#, "status.startedAt"),
        (#"{"status":{"conditions":{}}}"#, "status.conditions: expected a list"),
        (#"{"status":{"outputs":[{"value":7}]}}"#, "status.outputs[].value"),
    ])
    func `an error about a wrong type names the field`(_ text: String, _ field: String) throws {
        let error = #expect(throws: JSONError.self) { try read(text) }
        #expect(error?.message.hasPrefix(field) == true, "\(error?.message ?? "no error")")
    }

    @Test func `unknown values of the spec are reported by validation`() throws {
        let execution = try read(
            #"{"metadata":{"name":"a","uid":"u"},"spec":{"workflowRef":{"workflowId":"w","engine":"make"},"shutdown":"Now"}}"#
        )
        let problems = try #require(execution.spec).validate()
        #expect(problems.map(\.field) == ["spec.workflowRef.engine", "spec.shutdown"])
        #expect(problems.first?.message == #"must be "tekton" or "argo", not "make""#)
    }

    @Test func `truncated JSON is an error`() throws {
        let bytes = Array(Self.complete.utf8)
        for length in 0..<(bytes.count - 1) {
            var cursor = JSONCursor(bytes, range: 0..<length)
            #expect(throws: JSONError.self) { try WorkflowExecution(reading: &cursor) }
        }
    }

    /// 120,000 combining marks in an order that is not canonical. Comparing them took seconds.
    @Test func `a text with many combining marks is read in linear time and makes the spec invalid`() throws {
        let marks = String(repeating: "\u{0301}\u{0323}", count: 60_000)
        let start = ContinuousClock.now
        func read(_ spec: String, _ metadata: String = "") throws -> WorkflowExecution {
            let text = #"{"metadata":{"name":"e","namespace":"n","uid":"u"\#(metadata)},"spec":\#(spec)}"#
            var cursor = JSONCursor(Array(text.utf8))
            return try WorkflowExecution(reading: &cursor)
        }
        let valid = #"{"workflowRef":{"workflowId":"w"},"parameters":{"A":"é"}}"#
        let kept = try read(valid, #","annotations":{"towline.dev/keep":"\#(marks)","\#(marks)":"\#(marks)"}"#)
        #expect(kept.spec?.validate() == [] && kept.retention.isKept)
        for spec in [
            #"{"workflowRef":{"workflowId":"w"},"parameters":{"A":"\#(marks)"}}"#,
            #"{"workflowRef":{"workflowId":"\#(marks)"}}"#,
            #"{"workflowRef":{"workflowId":"w"},"shutdown":"\#(marks)"}"#,
        ] {
            let problems = try read(spec).spec?.validate() ?? []
            #expect(problems.contains { $0.description.contains("more than 30 combining marks in a row") })
        }
        #expect(start.duration(to: .now) < .seconds(10))
    }

}
