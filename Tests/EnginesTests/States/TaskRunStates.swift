/// States of failed PipelineRuns completed from their TaskRuns: the source, the run, its TaskRuns, the expected state.
let taskRunStates = #"""
    tekton pkg/pod/status.go: getFailureInfo, StepFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-oom-check","labels":{"tekton.dev/pipelineTask":"oom-check"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 3: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":3,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task oom-check failed: "step-run" exited with code 3: Error" [oom-check/run 3 StepFailed]

    tekton pkg/pod/status.go: getFailureInfo, StepOOM
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepOOM","message":"\"step-run\" exited with code 137: OOMKilled"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":137,"reason":"OOMKilled"}}]}}]
    OOMKilled executed 0/1 Failed "task a failed: "step-run" exited with code 137: OOMKilled" [a/run 137 OOMKilled]

    tekton pkg/pod/status.go: getFailureInfo, SidecarOOM
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"SidecarOOM","message":"\"sidecar-db\" exited with code 137: OOMKilled"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"Error"}}],"sidecars":[{"name":"db","terminated":{"exitCode":137,"reason":"OOMKilled"}}]}}]
    OOMKilled executed 0/1 Failed "task a failed: "sidecar-db" exited with code 137: OOMKilled" [a/db 137 OOMKilled]

    tekton pkg/pod/status.go: getFailureInfo, SidecarFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"SidecarFailed","message":"\"sidecar-db\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":0,"reason":"Completed"}}],"sidecars":[{"name":"db","terminated":{"exitCode":2,"reason":"Error"}}]}}]
    SidecarFailed executed 0/1 Failed "task a failed: "sidecar-db" exited with code 2: Error" [a/db 2 SidecarFailed]

    tekton pkg/pod/status.go: getFailureInfo, InitContainerOOM
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InitContainerOOM","message":"init container failed, \"prepare\" exited with code 137: OOMKilled"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    OOMKilled idle 0/1 Failed "task a failed: init container failed, "prepare" exited with code 137: OOMKilled" [a/- - OOMKilled]

    tekton pkg/pod/status.go: getFailureInfo, InitContainerFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InitContainerFailed","message":"init container failed, \"prepare\" exited with code 1: Error"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    InitContainerFailed idle 0/1 Failed "task a failed: init container failed, "prepare" exited with code 1: Error" [a/- - InitContainerFailed]

    tekton pkg/pod/status.go: getFailureInfo, PodEvicted
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PodEvicted","message":"The node was low on resource: memory."}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":137,"reason":"Error"}}]}}]
    PodEvicted executed 0/1 Failed "task a failed: The node was low on resource: memory." [a/run 137 PodEvicted]

    tekton pkg/pod/status.go: before v1.12.0, a step
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"\"step-run\" exited with code 1: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task a failed: "step-run" exited with code 1: Error" [a/run 1 StepFailed]

    tekton pkg/pod/status.go: before v1.12.0, out of memory
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"\"step-run\" exited with code 137: OOMKilled"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":137,"reason":"OOMKilled"}}]}}]
    OOMKilled executed 0/1 Failed "task a failed: "step-run" exited with code 137: OOMKilled" [a/run 137 OOMKilled]

    tekton pkg/pod/status.go: before v1.12.0, evicted
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"The node was low on resource: ephemeral-storage."}],"completionTime":"2026-01-01T10:00:05Z"}}]
    PodEvicted unknown 0/1 Failed "task a failed: The node was low on resource: ephemeral-storage." [a/- - PodEvicted]

    tekton pkg/pod/status.go: unspecified
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"build failed for unspecified reasons."}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskFailed unknown 0/1 Failed "task a failed: build failed for unspecified reasons." [a/- - TaskFailed]

    tekton pkg/pod/status.go: TerminationReasonTimeoutExceeded
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-slow\" exited because the step exceeded the specified timeout limit"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"slow","terminated":{"exitCode":1,"reason":"Error"},"terminationReason":"TimeoutExceeded"},{"name":"after","terminated":{"exitCode":1,"reason":"Error"},"terminationReason":"Skipped"}]}}]
    TaskTimeout executed 0/1 Failed "task a failed: "step-slow" exited because the step exceeded the specified timeout limit" [a/slow 1 TaskTimeout]

    tekton pkg/pod/status.go: onError: continue of a step, then another fails
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-hard\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"soft","terminated":{"exitCode":4,"reason":"Error"},"terminationReason":"Continued"},{"name":"hard","terminated":{"exitCode":2,"reason":"Error"},"terminationReason":"Error"}]}}]
    StepFailed executed 0/1 Failed "task a failed: "step-hard" exited with code 2: Error" [a/hard 2 StepFailed]

    tekton pkg/pod/status.go: FailureIgnored beside a failure
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-soft","labels":{"tekton.dev/pipelineTask":"soft"},"annotations":{"pipeline.tekton.dev/pipeline-task-on-error":"continue"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"FailureIgnored","message":"\"step-run\" exited with code 1: Error"}],"completionTime":"2026-01-01T09:00:00Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"Error"}}]}},{"metadata":{"name":"r-hard","labels":{"tekton.dev/pipelineTask":"hard"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":2,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task hard failed: "step-run" exited with code 2: Error" [hard/run 2 StepFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: HasTimedOut
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunTimeout","message":"TaskRun \"r-a\" failed to finish within \"3s\""}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"TaskRunTimeout"},"terminationReason":"TaskRunTimeout"}]}}]
    TaskTimeout unknown 0/1 Failed "task a failed: TaskRun "r-a" failed to finish within "3s"" [a/run - TaskTimeout]

    tekton pkg/reconciler/taskrun/taskrun.go: HasTimedOut after a quota (tektoncd/pipeline#10075)
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunTimeout","message":"TaskRun \"r-a\" failed to finish within \"3s\"\nPrevious status: [ExceededResourceQuota] TaskRun Pod exceeded available resources"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskTimeout idle 0/1 Failed "task a failed: TaskRun "r-a" failed to finish within "3s"\nPrevious status: [ExceededResourceQuota] TaskRun Pod exceeded available resources" [a/- - TaskTimeout]

    tekton pkg/reconciler/taskrun/taskrun.go: HasTimedOut of a tolerated task
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-soft","labels":{"tekton.dev/pipelineTask":"soft"},"annotations":{"pipeline.tekton.dev/pipeline-task-on-error":"continue"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunTimeout","message":"TaskRun \"r-soft\" failed to finish within \"3s\""}],"completionTime":"2026-01-01T09:00:00Z"}},{"metadata":{"name":"r-hard","labels":{"tekton.dev/pipelineTask":"hard"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":2,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task hard failed: "step-run" exited with code 2: Error" [hard/run 2 StepFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: IsCancelled, a finally task over its time
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-cleanup","labels":{"tekton.dev/pipelineTask":"cleanup","tekton.dev/memberOf":"finally"}},"spec":{"statusMessage":"TaskRun cancelled as the PipelineRun it belongs to has timed out."},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunCancelled","message":"TaskRun \"r-cleanup\" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out.\nPrevious status: [Pending] Pending"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    PipelineTimeout idle 0/1 Failed "task cleanup failed: TaskRun "r-cleanup" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out.\nPrevious status: [Pending] Pending" [cleanup/- - PipelineTimeout]

    tekton pkg/reconciler/taskrun/taskrun.go: IsCancelled with the run
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRunTimeout","message":"PipelineRun \"r\" failed to finish within \"4s\""}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"spec":{"statusMessage":"TaskRun cancelled as the PipelineRun it belongs to has timed out."},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunCancelled","message":"TaskRun \"r-a\" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out."}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"TaskRunCancelled"},"terminationReason":"TaskRunCancelled"}]}}]
    PipelineTimeout unknown - PipelineRunTimeout "PipelineRun "r" failed to finish within "4s"" [a/run - PipelineTimeout]

    tekton pkg/reconciler/taskrun/taskrun.go: checkContainerFailure, ImagePullBackOff
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunImagePullFailed","message":"the step \"second\" in TaskRun \"r-a\" failed to pull the image \"x\". The pod errored with the message: \"Back-off pulling image.\""}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"first","terminated":{"exitCode":1,"reason":"TaskRunImagePullFailed"},"terminationReason":"TaskRunImagePullFailed"},{"name":"second","terminated":{"exitCode":1,"reason":"TaskRunImagePullFailed"},"terminationReason":"TaskRunImagePullFailed"}]}}]
    ImagePullFailed idle 0/1 Failed "task a failed: the step "second" in TaskRun "r-a" failed to pull the image "x". The pod errored with the message: "Back-off pulling image."" [a/second - ImagePullFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: checkContainerFailure, of a sidecar
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunImagePullFailed","message":"the sidecar \"db\" in TaskRun \"r-a\" failed to pull the image \"x\". The pod errored with the message: \"Back-off pulling image.\""}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"TaskRunImagePullFailed"}}],"sidecars":[{"name":"db","waiting":{"reason":"ImagePullBackOff"}}]}}]
    ImagePullFailed idle 0/1 Failed "task a failed: the sidecar "db" in TaskRun "r-a" failed to pull the image "x". The pod errored with the message: "Back-off pulling image."" [a/db - ImagePullFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: checkContainerFailure, CreateContainerConfigError
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CreateContainerConfigError","message":"the step \"run\" in TaskRun \"r-a\" failed to start. The pod errored with the message: \"secret \\\"s\\\" not found.\""}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"CreateContainerConfigError"}}]}}]
    ConfigError idle 0/1 Failed "task a failed: the step "run" in TaskRun "r-a" failed to start. The pod errored with the message: "secret \"s\" not found."" [a/run - ConfigError]

    tekton pkg/reconciler/taskrun/taskrun.go: checkContainerFailure, CreateContainerError
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PodCreationFailed","message":"the step \"run\" in TaskRun \"r-a\" failed to start. The pod errored with the message: \"no command.\""}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"PodCreationFailed"}}]}}]
    PodCreationFailed idle 0/1 Failed "task a failed: the step "run" in TaskRun "r-a" failed to start. The pod errored with the message: "no command."" [a/run - PodCreationFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: handlePodCreationError, no service account
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PodCreationFailed","message":"failed to create task run pod \"r-a\": serviceaccounts \"nobody\" not found. Maybe invalid TaskSpec"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    PodCreationFailed idle 0/1 Failed "task a failed: failed to create task run pod "r-a": serviceaccounts "nobody" not found. Maybe invalid TaskSpec" [a/- - PodCreationFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: handlePodCreationError, isPodAdmissionFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PodAdmissionFailed","message":"pods \"r-a-pod\" is forbidden: violates PodSecurity \"restricted:latest\""}],"completionTime":"2026-01-01T10:00:05Z"}}]
    PodCreationFailed idle 0/1 Failed "task a failed: pods "r-a-pod" is forbidden: violates PodSecurity "restricted:latest"" [a/- - PodCreationFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: prepare, TaskRunResolutionFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunResolutionFailed","message":"error getting \"gitresolver\" \"n/x\": clone failed"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskFailed idle 0/1 Failed "task a failed: error getting "gitresolver" "n/x": clone failed" [a/- - ResolutionFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: prepare, TaskRunValidationFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunValidationFailed","message":"[User error] invalid input params for task t: missing values for these params which have no default values: [x]"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    InvalidWorkflow idle 0/1 Failed "task a failed: [User error] invalid input params for task t: missing values for these params which have no default values: [x]" [a/- - InvalidWorkflow]

    tekton pkg/reconciler/taskrun/taskrun.go: prepare, TaskValidationFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskValidationFailed","message":"[User error] Task n/t dry run failed"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    InvalidWorkflow idle 0/1 Failed "task a failed: [User error] Task n/t dry run failed" [a/- - InvalidWorkflow]

    tekton pkg/reconciler/taskrun/taskrun.go: prepare, InvalidParamValue
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidParamValue","message":"[User error] param `size` value: huge is not in the enum list"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    InvalidParameters idle 0/1 Failed "task a failed: [User error] param `size` value: huge is not in the enum list" [a/- - InvalidParameters]

    tekton pkg/reconciler/taskrun/taskrun.go: prepare, ResourceVerificationFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ResourceVerificationFailed","message":"task t failed signature verification"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskFailed idle 0/1 Failed "task a failed: task t failed signature verification" [a/- - PolicyDenied]

    tekton pkg/reconciler/taskrun/taskrun.go: createPVCs, CouldntCreateWorkspacePVC
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntCreateWorkspacePVC","message":"Failed to create PVC for TaskRun r-a workspaces correctly: no class"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskFailed idle 0/1 Failed "task a failed: Failed to create PVC for TaskRun r-a workspaces correctly: no class" [a/- - EngineError]

    tekton pkg/reconciler/taskrun/taskrun.go: stopSidecars, TaskRunStopSidecarFailed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunStopSidecarFailed","message":"pods \"r-a-pod\" could not be patched"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":0,"reason":"Completed"}}]}}]
    TaskFailed executed 0/1 Failed "task a failed: pods "r-a-pod" could not be patched" [a/- - EngineError]

    tekton pkg/apis/pipeline/v1/taskrun_types.go: TaskRunResultLargerThanAllowedLimit
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunResultLargerThanAllowedLimit","message":"Result x larger than 4096 bytes"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":0,"reason":"Completed"}}]}}]
    ResultsFailed executed 0/1 Failed "task a failed: Result x larger than 4096 bytes" [a/- - ResultsFailed]

    tekton pkg/reconciler/taskrun/taskrun.go: tasks that are not done beside one that failed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-p","labels":{"tekton.dev/pipelineTask":"p"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"TaskRunPending","message":"TaskRun \"r-p\" is pending"}]}},{"metadata":{"name":"r-q","labels":{"tekton.dev/pipelineTask":"q"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ExceededResourceQuota","message":"TaskRun Pod exceeded available resources"}]}},{"metadata":{"name":"r-n","labels":{"tekton.dev/pipelineTask":"n"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ExceededNodeResources","message":"TaskRun Pod exceeded available resources"}]}},{"metadata":{"name":"r-i","labels":{"tekton.dev/pipelineTask":"i"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PullImageFailed","message":"build step \"step-run\" is pending"}],"steps":[{"name":"run","waiting":{"reason":"ErrImagePull"}}]}},{"metadata":{"name":"r-w","labels":{"tekton.dev/pipelineTask":"w"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Pending","message":"Pending"}]}},{"metadata":{"name":"r-s","labels":{"tekton.dev/pipelineTask":"s"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Started","message":""}]}},{"metadata":{"name":"r-u","labels":{"tekton.dev/pipelineTask":"u"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Not all Steps in the Task have finished executing"}]}},{"metadata":{"name":"r-f","labels":{"tekton.dev/pipelineTask":"f"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ToBeRetried","message":"\"step-run\" exited with code 1"}]}},{"metadata":{"name":"r-t","labels":{"tekton.dev/pipelineTask":"t"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ResolvingTaskRef","message":"awaiting"}]}},{"metadata":{"name":"r-v","labels":{"tekton.dev/pipelineTask":"v"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ResolvingStepActionRef","message":"awaiting"}]}},{"metadata":{"name":"r-d","labels":{"tekton.dev/pipelineTask":"d"}},"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"All Steps have completed executing"}],"completionTime":"2026-01-01T09:00:00Z"}},{"metadata":{"name":"r-z","labels":{"tekton.dev/pipelineTask":"z"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 9: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":9,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task z failed: "step-run" exited with code 9: Error" [z/run 9 StepFailed]

    tekton a finally task fails after a task
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-cleanup","labels":{"tekton.dev/pipelineTask":"cleanup","tekton.dev/memberOf":"finally"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 1: Error"}],"completionTime":"2026-01-01T09:00:00Z","steps":[{"name":"run","terminated":{"exitCode":1,"reason":"Error"}}]}},{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:00Z","steps":[{"name":"run","terminated":{"exitCode":2,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task a failed: "step-run" exited with code 2: Error" [a/run 2 StepFailed]

    tekton a task is cancelled because another failed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-b","labels":{"tekton.dev/pipelineTask":"b"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"TaskRunCancelled","message":"TaskRun \"r-b\" was cancelled. "}],"completionTime":"2026-01-01T09:00:00Z"}},{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepOOM","message":"\"step-run\" exited with code 137: OOMKilled"}],"completionTime":"2026-01-01T10:00:00Z","steps":[{"name":"run","terminated":{"exitCode":137,"reason":"OOMKilled"}}]}}]
    OOMKilled executed 0/1 Failed "task a failed: "step-run" exited with code 137: OOMKilled" [a/run 137 OOMKilled]

    tekton docs/matrix.md: one of several TaskRuns of a task
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-m","labels":{"tekton.dev/pipelineTask":"m"}},"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"ok"}],"completionTime":"2026-01-01T09:00:00Z"}},{"metadata":{"name":"r-m","labels":{"tekton.dev/pipelineTask":"m"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 5: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":5,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task m failed: "step-run" exited with code 5: Error" [m/run 5 StepFailed]

    tekton pkg/apis/pipeline/v1beta1/customrun_types.go: a CustomRun failed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"},{"kind":"CustomRun","name":"r-approve","pipelineTaskName":"approve"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"ok"}],"completionTime":"2026-01-01T10:00:05Z"}}]
    TaskFailed executed 0/1 Failed "task approve failed: see CustomRun r-approve" [approve/- - TaskFailed]

    tekton pkg/apis/pipeline/v1beta1/customrun_types.go: one of several
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"CustomRun","name":"r-approve","pipelineTaskName":"approve"},{"kind":"CustomRun","name":"r-wait","pipelineTaskName":"wait"}]}}
    []
    TaskFailed unknown 0/1 Failed "a task failed: see CustomRun r-approve and 1 more"

    tekton TEP-0056: a nested PipelineRun failed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"PipelineRun","name":"r-inner","pipelineTaskName":"inner"}]}}
    []
    TaskFailed unknown 0/1 Failed "task inner failed: see PipelineRun r-inner" [inner/- - TaskFailed]

    tekton tektoncd/pipeline#4066: the TaskRun that failed is gone
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    []
    TaskFailed unknown 0/1 Failed "a task failed"

    tekton the run could not compute its results, a task failed
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipelineResult","message":"Failed to get PipelineResult from TaskRun Results for PipelineRun r: x"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepFailed","message":"\"step-run\" exited with code 2: Error"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":2,"reason":"Error"}}]}}]
    ResultsFailed executed - CouldntGetPipelineResult "Failed to get PipelineResult from TaskRun Results for PipelineRun r: x" [a/run 2 StepFailed]

    tekton a TaskRun with a reason of a later release
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    [{"metadata":{"name":"r-a","labels":{"tekton.dev/pipelineTask":"a"}},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"StepCrashed","message":"crashed"}],"completionTime":"2026-01-01T10:00:05Z","steps":[{"name":"run","terminated":{"exitCode":139,"reason":"Error"}}]}}]
    StepFailed executed 0/1 Failed "task a failed: crashed" [a/run 139 StepFailed]
    """#
