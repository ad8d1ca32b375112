/// What each event of the recordings in Recordings/argo says.
let recordedArgoStates = #"""
    continued-on-failure
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/2 Running "0 of 2 tasks done"
      Succeeded executed 1/2 Succeeded "1 of 2 tasks done"
    created-suspended
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Queued unknown - Running "the engine holds the run back"
      Queued unknown - Running "the engine holds the run back"
    dag-failed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/2 Running "0 of 2 tasks done"
      StepFailed executed 1/3 Failed "task b failed: main: Error (exit code 4)" [b/main 4 StepFailed]
    dag-with-skip
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      CompletedWithSkips executed 3/3 Succeeded "3 of 3 tasks done, some of them skipped"
    deadline
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      TimingOut executed 0/2 Running "a time limit was reached and the run is ending"
      DeadlineExceeded executed 1/2 Failed "the workflow did not finish within 4 s of its start" [wait/- 137 DeadlineExceeded]
    failed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Stopping executed 1/3 Running "a task failed or was cancelled, and the run is ending"
      StepFailed executed 2/3 Failed "task restart failed: main: Error (exit code 3)" [restart/main 3 StepFailed]
    image-pull
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing unknown 0/1 Running "task fetch waits: ImagePullBackOff: Back-off pulling image"
    missing-parameter
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      InvalidParameters idle - Failed "invalid spec: spec.arguments.TARGET.value or spec.arguments.TARGET.valueFrom is required"
    missing-template
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      TemplateNotFound idle - Error "workflowtemplates.argoproj.io "nope" not found"
    oom-killed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      OOMKilled executed 0/1 Failed "task load failed: main: OOMKilled (exit code 137)" [load/main 137 OOMKilled]
    retried-then-failed
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      StepFailed executed 0/1 Failed "task flaky failed: main: Error (exit code 1)" [flaky/main 1 StepFailed]
    stopped
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      Cancelling executed 0/1 Running "the run was asked to end and is ending"
      Cancelling executed 0/2 Running "the run was asked to end and is ending"
      Cancelled executed 1/2 Failed "Stopped with strategy 'Stop'"
    succeeded
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Executing executed 1/2 Running "1 of 2 tasks done"
      Executing executed 2/3 Running "2 of 3 tasks done"
      Executing executed 3/4 Running "3 of 4 tasks done"
      Succeeded executed 4/4 Succeeded "4 of 4 tasks done"
    suspended
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Suspended unknown 0/1 Running "task approve waits for somebody to resume it"
    task-timeout
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      TaskTimeout executed 0/1 Failed "task wait failed: Pod was active on the node longer than the specified deadline" [wait/- 137 TaskTimeout]
    terminated
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Executing executed 0/1 Running "0 of 1 task done"
      Cancelling executed 0/1 Running "the run was asked to end and is ending"
      Cancelled executed 0/1 Failed "Stopped with strategy 'Terminate'"
    with-outputs
      AwaitingEngine unknown - - "the engine has not looked at the run yet"
      Executing unknown 0/1 Running "0 of 1 task done"
      Succeeded executed 1/1 Succeeded "1 of 1 task done" revision=42
    """#
