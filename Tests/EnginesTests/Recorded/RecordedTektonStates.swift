/// What each event of the recordings in Recordings/tekton says; after `+` with the TaskRuns looked at.
let recordedTektonStates = #"""
    cancelled
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "the run was asked to end and is ending"
      Cancelled unknown - Cancelled "PipelineRun "cancelled" was cancelled"
      + Cancelled executed 0/2 Cancelled "PipelineRun "cancelled" was cancelled"
    cancelled-run-finally
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "the run was asked to end and is ending"
      Cancelling unknown 0/2 CancelledRunningFinally "the run was asked to end and is ending"
      Cancelling unknown 0/2 CancelledRunningFinally "the run was asked to end and is ending"
      Cancelled unknown - Cancelled "PipelineRun "cancelled-run-finally" was cancelled"
      + Cancelled executed 1/2 Cancelled "PipelineRun "cancelled-run-finally" was cancelled"
    completed-with-skips
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      CompletedWithSkips executed 2/2 Completed "2 of 2 tasks done, some of them skipped"
    failed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      TaskFailed executed 2/4 Failed "a task failed"
      + StepFailed executed 2/4 Failed "task restart failed: "step-run" exited with code 3: Error" [restart/run 3 StepFailed]
    ignored-failure
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Executing unknown 1/2 Running "1 of 2 tasks done"
      Succeeded executed 1/2 Succeeded "1 of 2 tasks done"
    image-pull
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + ImagePullFailed idle 0/1 Failed "task fetch failed: the step "run" in TaskRun "image-pull-fetch" failed to pull the image "sha256:0000000000000000000000000000000000000000000000000000000000000000". The pod errored with the message: "Back-off pulling image."" [fetch/run - ImagePullFailed]
    missing-parameter
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      InvalidParameters idle - ParameterMissing "[User error] PipelineRun payments/missing-parameter is missing some parameters required by Pipeline payments/needs: pipelineRun missing parameters: [TARGET]"
    missing-pipeline
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      TemplateNotFound idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun payments/missing-pipeline: error when getting Pipeline for PipelineRun missing-pipeline: tekton client cannot get pipeline nope from local cluster: pipelines.tekton.dev "nope" not found"
    missing-service-account
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      TaskFailed unknown 0/4 Failed "a task failed"
      + PodCreationFailed idle 0/4 Failed "task drain failed: failed to create task run pod "missing-service-account-drain": translating TaskSpec to Pod: serviceaccounts "nobody" not found. Maybe invalid TaskSpec" [drain/- - PodCreationFailed]
    oom-killed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + OOMKilled executed 0/1 Failed "task load failed: "step-run" exited with code 137: OOMKilled" [load/run 137 OOMKilled]
    parallel-failure
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/3 Running "0 of 3 tasks done"
      TaskFailed executed 2/3 Failed "a task failed"
      + StepFailed executed 2/3 Failed "task b failed: "step-run" exited with code 2: Error" [b/run 2 StepFailed]
    pending
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Queued unknown - PipelineRunPending "PipelineRun "pending" is pending"
    pipeline-timeout
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      PipelineTimeout unknown - PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s""
      + PipelineTimeout executed 0/2 PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s"" [wait/run - PipelineTimeout]
    resolving
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Resolving unknown - ResolvingPipelineRef "PipelineRun payments/bundle-unreachable awaiting remote resource"
    retried-then-failed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + StepFailed executed 0/1 Failed "task flaky failed: "step-run" exited with code 1: Error" [flaky/run 1 StepFailed]
    stopped-run-finally
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      Cancelling unknown 0/2 Running "the run was asked to end and is ending"
      Cancelling unknown 0/2 StoppedRunningFinally "the run was asked to end and is ending"
      Cancelling executed 1/2 StoppedRunningFinally "the run was asked to end and is ending"
      Cancelled unknown - Cancelled "PipelineRun "stopped-run-finally" was cancelled"
      + Cancelled executed 2/2 Cancelled "PipelineRun "stopped-run-finally" was cancelled"
    succeeded
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 2/4 Running "2 of 4 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      Succeeded executed 4/4 Succeeded "4 of 4 tasks done"
    task-timeout
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      TaskFailed unknown 0/1 Failed "a task failed"
      + TaskTimeout executed 0/1 Failed "task wait failed: TaskRun "task-timeout-wait" failed to finish within "3s"" [wait/run - TaskTimeout]
    with-results
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Succeeded executed 1/1 Succeeded "1 of 1 task done" revision=42
    """#
