import KubeClient
import TestSupport
import Testing

@testable import Engines

/// Compares every event of every recording with its expected state.
@Suite struct RecordedStatesTests {
    @Test func `reads every recorded PipelineRun state as expected`() throws {
        let engine = TektonEngine()
        var lines: [String] = []
        for recording in try Recording.all(of: "tekton") {
            lines.append(recording.name)
            for text in recording.encodedRun { lines.append("  " + (try read(text, by: engine).state.line)) }
            guard let last = recording.encodedRun.last else { continue }
            let run = try read(last, by: engine)
            guard let listing = engine.childListings(for: run).first else { continue }
            #expect(listing.labelSelector == "tekton.dev/pipelineRun=\(run.key.name)")
            let children = try children(recording.taskRunList, by: engine)
            lines.append("  + " + engine.state(of: run, children: children).line)
        }
        expect(lines, recordedTektonStates)
    }

    @Test func `reads every recorded Workflow state as expected`() throws {
        let engine = ArgoEngine()
        var lines: [String] = []
        for recording in try Recording.all(of: "argo") {
            lines.append(recording.name)
            for text in recording.encodedRun {
                let run = try read(text, by: engine)
                #expect(engine.childListings(for: run).isEmpty)
                lines.append("  " + run.state.line)
            }
        }
        expect(lines, recordedArgoStates)
    }

    private func expect(_ lines: [String], _ table: String) {
        let expected = table.split(separator: "\n").map(String.init)
        #expect(lines.count == expected.count)
        for (line, wanted) in zip(lines, expected) { #expect(line == wanted) }
        if lines != expected { print(lines.joined(separator: "\n")) }
    }

    @Test func `reads the metadata of recorded runs`() throws {
        for recording in try Recording.all(of: "tekton") {
            let run = try read(try #require(recording.encodedRun.last), by: TektonEngine())
            #expect(run.key.namespace == "payments")
            #expect(run.uid.count == 36)
            #expect(!run.resourceVersion.isEmpty)
            #expect(run.executionUID == nil)
        }
    }
}

/// The expected state of each event in Recordings/argo.
let recordedArgoStates = #"""
    continued-on-failure
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Succeeded executed 1/2 Succeeded "1 of 2 tasks done"
    created-suspended
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Queued unknown - Running "the workflow is suspended (spec.suspend); to start it, run: argo resume created-suspended -n payments"
      Queued unknown - Running "the workflow is suspended (spec.suspend); to start it, run: argo resume created-suspended -n payments"
    dag-failed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      StepFailed executed 1/3 Failed "task b failed: main: Error (exit code 4)" [b/main 4 StepFailed]
    dag-with-skip
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      CompletedWithSkips executed 3/3 Succeeded "3 of 3 tasks done, some skipped"
    deadline
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      TimingOut executed 0/2 Running "the timeout expired; the run is ending"
      DeadlineExceeded executed 1/2 Failed "the workflow exceeded its deadline of 4s" [wait/- 137 DeadlineExceeded]
    failed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Stopping executed 1/3 Running "a task failed or was canceled; the run is ending"
      StepFailed executed 2/3 Failed "task restart failed: main: Error (exit code 3)" [restart/main 3 StepFailed]
    image-pull
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing unknown 0/1 Running "task fetch is waiting: ImagePullBackOff: Back-off pulling image"
    missing-parameter
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      InvalidParameters idle - Failed "invalid spec: spec.arguments.TARGET.value or spec.arguments.TARGET.valueFrom is required"
    missing-template
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      TemplateNotFound idle - Error "workflowtemplates.argoproj.io "nope" not found. Create the template first; this execution has ended, so create a new one."
    oom-killed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      OOMKilled executed 0/1 Failed "task load failed: main: OOMKilled (exit code 137)" [load/main 137 OOMKilled]
    retried-then-failed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      StepFailed executed 0/1 Failed "task flaky failed: main: Error (exit code 1)" [flaky/main 1 StepFailed]
    stopped
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      Cancelling executed 0/1 Running "stop requested; the run is ending"
      Cancelling executed 0/2 Running "stop requested; the run is ending"
      Cancelled executed 1/2 Failed "Stopped with strategy 'Stop'"
    succeeded
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      Succeeded executed 4/4 Succeeded "4 of 4 tasks done"
    suspended
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Suspended unknown 0/1 Running "task approve is suspended; to resume it, run: argo resume suspended -n payments"
    task-timeout
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskTimeout executed 0/1 Failed "task wait failed: Pod was active on the node longer than the specified deadline" [wait/- 137 TaskTimeout]
    terminated
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      Cancelling executed 0/1 Running "stop requested; the run is ending"
      Cancelled executed 0/1 Failed "Stopped with strategy 'Terminate'"
    with-outputs
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Succeeded executed 1/1 Succeeded "1 of 1 task done" revision=42
    """#

/// The expected state of each event in Recordings/tekton; after `+`, completed from the TaskRuns.
let recordedTektonStates = #"""
    cancelled
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "stop requested; the run is ending"
      Cancelled unknown - Cancelled "PipelineRun "cancelled" was cancelled"
      + Cancelled executed 0/2 Cancelled "PipelineRun "cancelled" was cancelled"
    cancelled-run-finally
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "stop requested; the run is ending"
      Cancelling unknown 0/2 CancelledRunningFinally "stop requested; the run is ending"
      Cancelling unknown 0/2 CancelledRunningFinally "stop requested; the run is ending"
      Cancelled unknown - Cancelled "PipelineRun "cancelled-run-finally" was cancelled"
      + Cancelled executed 1/2 Cancelled "PipelineRun "cancelled-run-finally" was cancelled"
    completed-with-skips
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      CompletedWithSkips executed 2/2 Completed "2 of 2 tasks done, some skipped"
    failed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      TaskFailed executed 2/4 Failed "a task failed"
      + StepFailed executed 2/4 Failed "task restart failed: "step-run" exited with code 3: Error" [restart/run 3 StepFailed]
    ignored-failure
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Executing unknown 1/2 Running "1 of 2 tasks done"
      Succeeded executed 1/2 Succeeded "1 of 2 tasks done"
    image-pull
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + ImagePullFailed idle 0/1 Failed "task fetch failed: the step "run" in TaskRun "image-pull-fetch" failed to pull the image "sha256:0000000000000000000000000000000000000000000000000000000000000000". The pod errored with the message: "Back-off pulling image."" [fetch/run - ImagePullFailed]
    missing-parameter
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      InvalidParameters idle - ParameterMissing "[User error] PipelineRun payments/missing-parameter is missing some parameters required by Pipeline payments/needs: pipelineRun missing parameters: [TARGET]"
    missing-pipeline
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      TemplateNotFound idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun payments/missing-pipeline: error when getting Pipeline for PipelineRun missing-pipeline: tekton client cannot get pipeline nope from local cluster: pipelines.tekton.dev "nope" not found. Create the template first; this execution has ended, so create a new one."
    missing-service-account
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      TaskFailed unknown 0/4 Failed "a task failed"
      + PodCreationFailed idle 0/4 Failed "task drain failed: failed to create task run pod "missing-service-account-drain": translating TaskSpec to Pod: serviceaccounts "nobody" not found. Maybe invalid TaskSpec" [drain/- - PodCreationFailed]
    oom-killed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + OOMKilled executed 0/1 Failed "task load failed: "step-run" exited with code 137: OOMKilled" [load/run 137 OOMKilled]
    parallel-failure
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/3 Running "0 of 3 tasks done"
      TaskFailed executed 2/3 Failed "a task failed"
      + StepFailed executed 2/3 Failed "task b failed: "step-run" exited with code 2: Error" [b/run 2 StepFailed]
    pending
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Queued unknown - PipelineRunPending "PipelineRun "pending" is pending; to start it, run: kubectl patch pipelinerun pending -n payments --type merge -p '{"spec":{"status":null}}'"
    pipeline-timeout
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      PipelineTimeout unknown - PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s""
      + PipelineTimeout executed 0/2 PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s"" [wait/run - PipelineTimeout]
    resolving
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Resolving unknown - ResolvingPipelineRef "PipelineRun payments/bundle-unreachable awaiting remote resource"
    retried-then-failed
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + StepFailed executed 0/1 Failed "task flaky failed: "step-run" exited with code 1: Error" [flaky/run 1 StepFailed]
    stopped-run-finally
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "stop requested; the run is ending"
      Cancelling unknown 0/2 StoppedRunningFinally "stop requested; the run is ending"
      Cancelling executed 1/2 StoppedRunningFinally "stop requested; the run is ending"
      Cancelled unknown - Cancelled "PipelineRun "stopped-run-finally" was cancelled"
      + Cancelled executed 2/2 Cancelled "PipelineRun "stopped-run-finally" was cancelled"
    succeeded
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 2/4 Running "2 of 4 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      Succeeded executed 4/4 Succeeded "4 of 4 tasks done"
    task-timeout
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + TaskTimeout executed 0/1 Failed "task wait failed: TaskRun "task-timeout-wait" failed to finish within "3s"" [wait/run - TaskTimeout]
    with-results
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      AwaitingEngine unknown - - "waiting for the engine to pick up the run"
      Executing unknown 0/1 Running "0 of 1 task done"
      Succeeded executed 1/1 Succeeded "1 of 1 task done" revision=42
    """#
