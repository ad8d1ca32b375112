/// What each event of the recordings in Recordings/tekton says; after `+` with the TaskRuns looked at.
let recordedTektonStates = #"""
    cancelled
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Cancelling executed 0/2 Running "the run was asked to end and is ending"
      Cancelled executed - Cancelled "PipelineRun "cancelled" was cancelled"
    cancelled-run-finally
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Cancelling executed 0/2 Running "the run was asked to end and is ending"
      Cancelling executed 0/2 CancelledRunningFinally "the run was asked to end and is ending"
      Cancelling executed 1/2 CancelledRunningFinally "the run was asked to end and is ending"
      Cancelled executed - Cancelled "PipelineRun "cancelled-run-finally" was cancelled"
    completed-with-skips
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      CompletedWithSkips executed 2/2 Completed "2 of 2 tasks done, some of them skipped"
    failed
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      TaskFailed executed 4/4 Failed "a task failed"
      + StepFailed executed 4/4 Failed "task restart failed: "step-run" exited with code 3: Error" [restart/run 3 StepFailed]
    ignored-failure
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Succeeded executed 2/2 Succeeded "2 of 2 tasks done"
    image-pull
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskFailed executed 1/1 Failed "a task failed"
      + ImagePullFailed executed 1/1 Failed "task fetch failed: the step "run" in TaskRun "image-pull-fetch" failed to pull the image "sha256:0000000000000000000000000000000000000000000000000000000000000000". The pod errored with the message: "Back-off pulling image."" [fetch/run - ImagePullFailed]
    missing-parameter
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      InvalidParameters idle - ParameterMissing "[User error] PipelineRun payments/missing-parameter is missing some parameters required by Pipeline payments/needs: pipelineRun missing parameters: [TARGET]"
    missing-pipeline
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      TemplateNotFound idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun payments/missing-pipeline: error when getting Pipeline for PipelineRun missing-pipeline: tekton client cannot get pipeline nope from local cluster: pipelines.tekton.dev "nope" not found"
    missing-service-account
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/4 Running "0 of 4 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      TaskFailed executed 4/4 Failed "a task failed"
      + PodCreationFailed executed 4/4 Failed "task drain failed: failed to create task run pod "missing-service-account-drain": translating TaskSpec to Pod: serviceaccounts "nobody" not found. Maybe invalid TaskSpec" [drain/- - PodCreationFailed]
    oom-killed
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskFailed executed 1/1 Failed "a task failed"
      + OOMKilled executed 1/1 Failed "task load failed: "step-run" exited with code 137: OOMKilled" [load/run 137 OOMKilled]
    parallel-failure
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/3 Running "0 of 3 tasks done"
      TaskFailed executed 3/3 Failed "a task failed"
      + StepFailed executed 3/3 Failed "task b failed: "step-run" exited with code 2: Error" [b/run 2 StepFailed]
    pending
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Queued idle - PipelineRunPending "PipelineRun "pending" is pending"
    pipeline-timeout
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      PipelineTimeout executed - PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s""
      + PipelineTimeout executed - PipelineRunTimeout "PipelineRun "pipeline-timeout" failed to finish within "4s"" [wait/run - PipelineTimeout]
    resolving
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Resolving idle - ResolvingPipelineRef "PipelineRun payments/bundle-unreachable awaiting remote resource"
    retried-then-failed
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskFailed executed 1/1 Failed "a task failed"
      + StepFailed executed 1/1 Failed "task flaky failed: "step-run" exited with code 1: Error" [flaky/run 1 StepFailed]
    stopped-run-finally
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Cancelling executed 0/2 Running "the run was asked to end and is ending"
      Cancelling executed 0/2 StoppedRunningFinally "the run was asked to end and is ending"
      Cancelling executed 1/2 StoppedRunningFinally "the run was asked to end and is ending"
      Cancelled executed - Cancelled "PipelineRun "stopped-run-finally" was cancelled"
    succeeded
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/4 Running "0 of 4 tasks done"
      Executing executed 1/4 Running "1 of 4 tasks done"
      Executing executed 2/4 Running "2 of 4 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      Succeeded executed 4/4 Succeeded "4 of 4 tasks done"
    task-timeout
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskFailed executed 1/1 Failed "a task failed"
      + TaskTimeout executed 1/1 Failed "task wait failed: TaskRun "task-timeout-wait" failed to finish within "3s"" [wait/run - TaskTimeout]
    with-results
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      AwaitingEngine idle - - "the engine has not looked at the run yet"
      Executing executed 0/1 Running "0 of 1 task done"
      Succeeded executed 1/1 Succeeded "1 of 1 task done" revision=42
    """#
