import TestSupport
import Testing

/// A scenario for an execution, and the status that it must lead to on every engine.
struct ParityScenario: Sendable, CustomTestStringConvertible {
    /// The name of the workflow and the prefix of the executions' names.
    let name: String
    /// Nil for a workflow that does not exist.
    var workflow: ParityWorkflow? = ParityWorkflow()
    /// Additional YAML for the execution's spec.
    var spec = ""
    var admission = ParityStage.Admission.untouched
    /// What a user does in the meantime.
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

/// One workflow for both engines: `drain`, then `restart`, then an optional cleanup.
///
/// Both templates have the same annotations, so that the simulated engines behave the same.
struct ParityWorkflow: Sendable {
    /// The sandbox's annotations without their prefix.
    var annotations: [String: String] = [:]
    /// Additional YAML for the Tekton task `restart`.
    var tektonTask = ""
    /// Additional YAML for the Argo step `restart` and the template that it calls.
    var argoStep = ""
    var argoTemplate = ""
    /// Whether the workflow requires the parameter `TARGET`.
    var needsParameter = false
    /// Whether the workflow has the output `revision`, a result of `restart`.
    var hasResult = false
    /// Whether the workflow has a `finally` task or exit handler named `clean-up`.
    var cleansUp = false

    private var metadata: String {
        let all = annotations.merging(["duration": "100ms"]) { own, _ in own }
        return all.sorted { $0.key < $1.key }.map { "sandbox.towline.dev/\($0.key): \"\($0.value)\"" }
            .joined(separator: ", ")
    }

    /// The Pipeline and the WorkflowTemplate with this name.
    func manifests(_ name: String) -> String { "\(pipeline(name))\n---\n\(workflowTemplate(name))" }

    private func pipeline(_ name: String) -> String {
        let results = hasResult ? "results: [{name: revision, type: string}], " : ""
        let step = "steps: [{name: run, image: example, command: [run]}]"
        var lines = [
            "apiVersion: tekton.dev/v1", "kind: Pipeline", "metadata:", "  name: \(name)",
            "  annotations: {\(metadata)}", "spec:", "  tasks:",
            "    - {name: drain, taskSpec: {\(step)}}",
            "    - {name: restart, runAfter: [drain], taskSpec: {\(results)\(step)}\(member(tektonTask))}",
        ]
        if cleansUp { lines += ["  finally: [{name: clean-up, taskSpec: {\(step)}}]"] }
        if needsParameter { lines += ["  params: [{name: TARGET, type: string}]"] }
        if hasResult {
            lines += ["  results: [{name: revision, type: string, value: $(tasks.restart.results.revision)}]"]
        }
        return lines.joined(separator: "\n")
    }

    private func workflowTemplate(_ name: String) -> String {
        let container = "container: {image: example, command: [run]}"
        let outputs =
            hasResult
            ? ", outputs: {parameters: [{name: revision, globalName: revision, valueFrom: {path: /revision}}]}" : ""
        var lines = [
            "apiVersion: argoproj.io/v1alpha1", "kind: WorkflowTemplate", "metadata:", "  name: \(name)",
            "  annotations: {\(metadata)}", "spec:", "  entrypoint: main", "  templates:",
            "    - {name: main, steps: [[{name: drain, template: task}],"
                + " [{name: restart, template: special\(member(argoStep))}]]}",
            "    - {name: task, \(container)}",
            "    - {name: special, \(container)\(outputs)\(member(argoTemplate))}",
            "    - {name: clean-up, \(container)}",
        ]
        if cleansUp { lines += ["  onExit: clean-up"] }
        if needsParameter { lines += ["  arguments: {parameters: [{name: TARGET}]}"] }
        return lines.joined(separator: "\n")
    }

    private func member(_ text: String) -> String { text.isEmpty ? "" : ", \(text)" }
}
