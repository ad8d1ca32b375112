import Foundation
import KubeClient
import TestSupport
import Testing

/// Environments that cannot start.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RefusalTests {
    @Test func `reports every parameter fault at once, and runs nothing`() async throws {
        let stage = try await EnvironmentStage.make("faults")
        try await stage.workspace.create(
            CatalogManifest.definition(
                "strict", .tekton, workflow: "works",
                parameters:
                    #"[{name: SIZE, enum: [small, large]}, {name: OWNER, required: true}, {name: CASE, pattern: "^C-[0-9]+$"}]"#
            ))
        try await stage.create(
            "lab", [.workflow("up"), .workflow("check", "strict"), .teardown()], timeslot: "teardownSeconds: 60",
            spec: "parameters: {TARGET: orders, SIZE: huge, CASE: none, COLOR: red}")
        let failed = try await stage.environment("lab", reaches: "Failed/InvalidParameters")
        #expect(failed.condition("ParametersValid") == "False")
        #expect(failed.conditionReason("ParametersValid") == "InvalidParameters")
        for name in ["SIZE", "OWNER", "CASE", "COLOR"] {
            #expect(failed.conditionMessage("ParametersValid")?.contains(name) == true, "\(name)")
            #expect(failed.status("message")?.contains(name) == true, "\(name): \(failed.status("message") ?? "")")
        }
        #expect(failed.conditionMessage("ParametersValid")?.contains("TARGET") == false)
        #expect(failed.status("startedAt") == nil && failed.finalizers.isEmpty)
        #expect(try await stage.executions(of: failed).isEmpty)

        // Definitions are found again for a retry.
        try await stage.access.delete(Types.workflowDefinition, stage.namespace, "strict-1")
        try await stage.workspace.create(
            CatalogManifest.definition(
                "strict", .tekton, workflow: "works",
                parameters: "[{name: SIZE}, {name: OWNER}, {name: CASE}, {name: COLOR}]"))
        try await stage.retry("lab", "now")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.condition("ParametersValid") == "True")
        try await stage.end()
    }

    /// The end of an environment without an execution needs no teardown.
    @Test func `ends without a teardown if it never ran anything`() async throws {
        let stage = try await EnvironmentStage.make("nothing-ran")
        try await stage.create(
            "invalid", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60", spec: "parameters: {X: y}")
        try await stage.create(
            "waiting", [.workflow("up", "works", "triggerOnStatus: go"), .teardown()], timeslot: "teardownSeconds: 60")
        try await stage.create(
            "missing", [.workflow("up", "missing"), .teardown()], timeslot: "teardownSeconds: 60")
        for (name, place) in [
            ("invalid", "Failed/InvalidParameters"), ("waiting", "Provisioning/WaitingForSignal"),
            ("missing", "Pending/DefinitionNotFound"),
        ] {
            _ = try await stage.environment(name, reaches: place)
            try await stage.patch(name, ["desired": "Inactive"])
            let ended = try await stage.environment(name, reaches: "Inactive/Deactivated")
            #expect(ended.condition("TornDown") == "True" && ended.conditionReason("TornDown") == "NothingToTearDown")
            #expect(try await stage.executions(of: ended).isEmpty)
            try await poll("the finalizer is removed") { try await stage.environment(name).finalizers.isEmpty }
        }
        try await stage.end()
    }

    @Test func `an execution that the API server rejects fails its phase`() async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("rejected")
        let proxy = try InterceptingProxy(upstream: stage.workspace.operatorTransport())
        let refusal: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "reason": "Invalid",
            "code": 422,
            "message":
                "WorkflowExecution.towline.dev is invalid: spec: Invalid value: \"object\": ask the platform team",
        ]
        proxy.intervene { write in
            write.method == .post && write.path.hasSuffix("/workflowexecutions")
                ? .refuse(.json(refusal.encoded, status: 422)) : .forward
        }
        try await stage.startOperator(kubeconfig: try proxy.kubeconfig(in: stage.workspace.cluster.directory))
        try await stage.create("lab", [.workflow("up", "works", "retry: {limit: 3}")])
        let failed = try await stage.environment("lab", reaches: "Failed/InvalidSpec")
        #expect(failed.status("message")?.contains("ask the platform team") == true)
        #expect(failed.phase("up")?["state"] == "Failed" && failed.phase("up")?["attempt"] == 1)
        #expect(try await stage.executions(of: failed).isEmpty)
        proxy.intervene { _ in .forward }
        try await stage.retry("lab", "after the talk")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.end()
        await proxy.shutdown()
    }
}
