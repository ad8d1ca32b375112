import TestSupport
import Testing

/// Something that can happen to an execution, and what its status has to say of it on every engine.
struct ParityScenario: Sendable, CustomTestStringConvertible {
    /// The name of its workflow, and how its executions' names begin.
    let name: String
    /// Nil for a workflow that does not exist.
    var workflow: ParityWorkflow? = ParityWorkflow()
    /// Further lines of the execution's spec.
    var spec = ""
    var admission = ParityStage.Admission.untouched
    /// What somebody does meanwhile.
    var meanwhile: @Sendable (ParityActor) async throws -> Void = { _ in }
    let expected: ParityResult

    var testDescription: String { name }
}

extension ParityScenario {
    private static let long = ParityWorkflow(annotations: ["duration": "10m"])
    private static let cancelled = ParityResult("Failed", "Cancelled", "Cancelled", executed: true)

    static let all = successes + failures + timeouts + shutdowns + withoutExecution

    private static let successes = [
        ParityScenario(name: "success", expected: ParityResult("Completed", "Success", "Succeeded", executed: true)),
        ParityScenario(
            name: "with-results",
            workflow: ParityWorkflow(annotations: ["result.restart.revision": "42"], hasResult: true),
            expected: ParityResult(
                "Completed", "Success", "Succeeded", executed: true, outputs: ["revision=42"])),
        ParityScenario(
            name: "with-skips",
            workflow: ParityWorkflow(
                tektonTask: "when: [{input: a, operator: in, values: [b]}]", argoStep: "when: \"1 == 2\""),
            expected: ParityResult("Completed", "Success", "CompletedWithSkips", executed: true)),
        ParityScenario(
            name: "tolerated-failure",
            workflow: ParityWorkflow(
                annotations: ["fail.restart": "exit=3"], tektonTask: "onError: continue",
                argoStep: "continueOn: {failed: true}"),
            expected: ParityResult("Completed", "Success", "Succeeded", executed: true)),
        ParityScenario(
            name: "queued-then-let-go", admission: .held,
            meanwhile: { actor in
                try await actor.until("Queued")
                try await actor.patchRun(actor.engine.release)
            }, expected: ParityResult("Completed", "Success", "Succeeded", executed: true)),
    ]

    private static let failures = [
        failure("step-failure", "exit=3", "StepFailed", code: 3),
        failure("oom", "oom", "OOMKilled", code: 137),
        failure("image-pull", "image-pull-final", "ImagePullFailed"),
        failure("eviction", "evicted", "PodEvicted", code: 137),
        failure("failure-after-retries", "exit=3", "StepFailed", code: 3) { workflow in
            workflow.tektonTask = "retries: 1"
            workflow.argoTemplate = "retryStrategy: {limit: \"1\"}"
        },
        failure("failure-with-clean-up", "exit=3", "StepFailed", code: 3) { $0.cleansUp = true },
    ]

    private static func failure(
        _ name: String, _ annotation: String, _ reason: String, code: Int? = nil,
        _ edit: (inout ParityWorkflow) -> Void = { _ in }
    ) -> ParityScenario {
        var workflow = ParityWorkflow(annotations: ["fail.restart": annotation])
        edit(&workflow)
        return ParityScenario(
            name: name, workflow: workflow,
            expected: ParityResult(
                "Failed", "Failed", reason, executed: true,
                failure: "restart: \(reason)" + (code.map { " \($0)" } ?? "")))
    }

    private static let timeouts = [
        // PipelineTimeout and DeadlineExceeded; long enough for a step to start on a busy machine.
        ParityScenario(
            name: "timeout", workflow: long, spec: "executionConfig: {timeoutSeconds: 4}",
            expected: ParityResult("Failed", "Timeout", nil, executed: true)),
        ParityScenario(
            name: "task-timeout",
            workflow: ParityWorkflow(
                annotations: ["duration.restart": "10m"], tektonTask: "timeout: 1s",
                argoTemplate: "activeDeadlineSeconds: 1"),
            expected: ParityResult("Failed", "Timeout", "TaskTimeout", executed: true, failure: "restart: TaskTimeout")),
    ]

    private static let shutdowns = [
        ParityScenario(
            name: "stop", workflow: long,
            meanwhile: { actor in
                try await actor.untilAStepRuns()
                try await actor.shutDown("Stop")
            }, expected: cancelled),
        ParityScenario(
            name: "terminate", workflow: long,
            meanwhile: { actor in
                try await actor.untilAStepRuns()
                try await actor.shutDown("Terminate")
            }, expected: cancelled),
        ParityScenario(
            name: "stop-raised-to-terminate",
            workflow: ParityWorkflow(annotations: ["duration": "10m"], cleansUp: true),
            meanwhile: { actor in
                try await actor.untilAStepRuns()
                try await actor.shutDown("Stop")
                try await actor.untilTaskRuns("clean-up")
                try await actor.until("Cancelling")
                try await actor.shutDown("Terminate")
            }, expected: cancelled),
        ParityScenario(
            name: "cancelled-by-hand", workflow: long,
            meanwhile: { actor in
                try await actor.untilAStepRuns()
                try await actor.patchRun(actor.engine.cancellation)
            }, expected: cancelled),
        ParityScenario(
            name: "deleted", workflow: long,
            meanwhile: { actor in
                try await actor.untilAStepRuns()
                try await actor.deleteRun()
            },
            expected: ParityResult(
                "Failed", "Error", "RunDeleted", executed: true, conditions: ["RunPresent=False"])),
    ]

    private static let withoutExecution = [
        ParityScenario(
            name: "missing-parameter", workflow: ParityWorkflow(needsParameter: true),
            expected: ParityResult("Failed", "Failed", "InvalidParameters", executed: false)),
        ParityScenario(
            name: "missing-workflow", workflow: nil,
            expected: ParityResult("Failed", "Error", "TemplateNotFound", executed: false)),
        ParityScenario(
            name: "shutdown-before-the-run", workflow: long, spec: "shutdown: Stop",
            expected: ParityResult("Failed", "Cancelled", "Cancelled", executed: false)),
        ParityScenario(
            name: "queued", admission: .held, expected: ParityResult("Running", nil, "Queued", executed: nil)),
        stoppedWhileQueued("Stop"), stoppedWhileQueued("Terminate"),
        ParityScenario(
            name: "engine-absent", admission: .neglected,
            expected: ParityResult("Running", nil, "AwaitingEngine", executed: nil)),
    ]

    private static func stoppedWhileQueued(_ shutdown: String) -> ParityScenario {
        ParityScenario(
            name: "\(shutdown.lowercased())-while-queued", admission: .held,
            meanwhile: { actor in
                try await actor.until("Queued")
                try await actor.shutDown(shutdown)
            }, expected: ParityResult("Failed", "Cancelled", "Cancelled", executed: false))
    }
}
