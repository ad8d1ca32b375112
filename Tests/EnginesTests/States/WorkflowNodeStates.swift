/// States of Workflows with nodes: the source, the run, the expected state.
let workflowNodeStates = #"""
    argo workflow/controller/operator.go: getPendingReason, an image
    {"status":{"phase":"Running","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Pending","displayName":"a","message":"ImagePullBackOff: Back-off pulling image \"x\"","boundaryID":"w"}}}}
    Executing unknown 0/1 Running "task a is waiting: ImagePullBackOff: Back-off pulling image "x""

    argo workflow/controller/operator.go: getPendingReason, no node
    {"status":{"phase":"Running","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Pending","displayName":"a","message":"Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.","boundaryID":"w"}}}}
    Executing unknown 0/1 Running "task a is waiting: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu."

    argo workflow/controller/operator.go: requeueIfTransientErr, quota
    {"status":{"phase":"Running","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Pending","displayName":"a","message":"pods \"w-a\" is forbidden: exceeded quota: pods","boundaryID":"w"}}}}
    Executing unknown 0/1 Running "task a is waiting: pods "w-a" is forbidden: exceeded quota: pods"

    argo workflow/sync/semaphore.go: a step waits for a lock
    {"status":{"phase":"Running","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Pending","displayName":"a","message":"Waiting for n/Mutex/m lock. Lock status: 0/1","boundaryID":"w"}}}}
    Executing unknown 0/1 Running "task a is waiting: Waiting for n/Mutex/m lock. Lock status: 0/1"

    argo workflow/controller/operator.go: a pod runs
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Running","displayName":"a","boundaryID":"w"}}}}
    Executing executed 0/1 Running "0 of 1 task done"

    argo docs/http-template.md: an HTTP step runs
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"HTTP","phase":"Running","displayName":"a","boundaryID":"w"}}}}
    Executing executed 0/1 Running "0 of 1 task done"

    argo docs/executor_plugins.md: a plug-in runs
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Plugin","phase":"Running","displayName":"a","boundaryID":"w"}}}}
    Executing executed 0/1 Running "0 of 1 task done"

    argo docs/walk-through/suspending.md: a Suspend step
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Suspend","phase":"Running","displayName":"approve","boundaryID":"w"}}}}
    Suspended unknown 0/1 Running "task approve is suspended; to resume it, run: argo resume r -n n"

    argo docs/walk-through/suspending.md: a Suspend step beside work
    {"status":{"phase":"Running","progress":"1/2","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Suspend","phase":"Running","displayName":"approve","boundaryID":"w"},"b":{"type":"Pod","phase":"Running","displayName":"b","boundaryID":"w"}}}}
    Executing executed 0/2 Running "task approve is suspended; to resume it, run: argo resume r -n n"

    argo docs/walk-through/suspending.md: suspended while running
    {"spec":{"suspend":true},"status":{"phase":"Running","progress":"1/2","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Suspended executed 1/1 Running "the workflow is suspended (spec.suspend); to resume it, run: argo resume r -n n"

    argo workflow/controller/operator.go: Backoff
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"r":{"type":"Retry","phase":"Running","displayName":"flaky","message":"Backoff for 10 seconds","boundaryID":"w","children":["t"]},"t":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Executing executed 0/1 Running "task flaky is waiting: Backoff for 10 seconds"

    argo workflow/controller/operator.go: shouldAutoRestartPod
    {"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Pending","displayName":"a","message":"Pod auto-restarting due to Evicted: The node was low on resource: memory.","boundaryID":"w"}}}}
    Executing unknown 0/1 Running "task a is waiting: Pod auto-restarting due to Evicted: The node was low on resource: memory."

    argo workflow/controller/operator.go: exit handlers run
    {"status":{"phase":"Running","progress":"0/2","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"h":{"type":"Pod","phase":"Running","displayName":"w.onExit","nodeFlag":{"hooked":true}}}}}
    Stopping executed 0/2 Running "a task failed or was canceled; the run is ending"

    argo workflow/controller/operator.go: over its time, exit handlers run
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Running","startedAt":"2026-01-01T10:00:00Z","progress":"0/2","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"Pod was active on the node longer than the specified deadline","finishedAt":"2026-01-01T10:00:59Z","boundaryID":"w"},"h":{"type":"Pod","phase":"Running","displayName":"w.onExit","nodeFlag":{"hooked":true}}}}}
    TimingOut executed 0/2 Running "the timeout expired; the run is ending"

    argo workflow/controller/operator.go: a step was over its own time
    {"spec":{"activeDeadlineSeconds":3600},"status":{"phase":"Running","startedAt":"2026-01-01T10:00:00Z","progress":"0/2","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"Step exceeded its deadline","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"b":{"type":"Pod","phase":"Running","displayName":"b","boundaryID":"w"}}}}
    Executing executed 0/2 Running "0 of 2 tasks done"

    argo workflow/controller/operator.go: terminated, pods are ending
    {"spec":{"shutdown":"Terminate"},"status":{"phase":"Running","progress":"0/1","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Running","displayName":"a","boundaryID":"w"}}}}
    Cancelling executed 0/1 Running "stop requested; the run is ending"

    argo workflow/controller/dag.go: a task omitted
    {"status":{"phase":"Succeeded","progress":"1/1","nodes":{"w":{"type":"DAG","phase":"Succeeded","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"b":{"type":"Skipped","phase":"Omitted","displayName":"b","message":"omitted: depends condition not met","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    CompletedWithSkips executed 2/2 Succeeded "2 of 2 tasks done, some skipped"

    argo workflow/controller/steps.go: a step skipped
    {"status":{"phase":"Succeeded","progress":"1/1","nodes":{"w":{"type":"Steps","phase":"Succeeded","displayName":"w"},"a":{"type":"Skipped","phase":"Skipped","displayName":"a","message":"when 'false' evaluated false","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"b":{"type":"Pod","phase":"Succeeded","displayName":"b","finishedAt":"2026-01-01T10:00:06Z","boundaryID":"w"}}}}
    CompletedWithSkips executed 2/2 Succeeded "2 of 2 tasks done, some skipped"

    argo docs/memoization.md: from the cache
    {"status":{"phase":"Succeeded","progress":"1/1","nodes":{"w":{"type":"Steps","phase":"Succeeded","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","memoizationStatus":{"hit":true}}}}}
    Succeeded idle 1/1 Succeeded "1 of 1 task done"

    argo docs/fields.md: continueOn
    {"status":{"phase":"Succeeded","progress":"1/2","nodes":{"w":{"type":"Steps","phase":"Succeeded","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"soft","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","children":["b"]},"b":{"type":"Pod","phase":"Succeeded","displayName":"b","finishedAt":"2026-01-01T10:00:06Z","boundaryID":"w"}}}}
    Succeeded executed 1/2 Succeeded "1 of 2 tasks done"

    argo a Workflow that was stopped and had succeeded
    {"spec":{"shutdown":"Stop"},"status":{"phase":"Succeeded","progress":"1/1","nodes":{"w":{"type":"Steps","phase":"Succeeded","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Succeeded executed 1/1 Succeeded "1 of 1 task done"

    argo workflow/controller/operator.go: inferFailedReason, v3.7 and later
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"main: Error (exit code 3)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task oom-check failed: main: Error (exit code 3)" [oom-check/main 3 StepFailed]

    argo workflow/controller/operator.go: inferFailedReason, before v3.7
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"Error (exit code 3)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task oom-check failed: Error (exit code 3)" [oom-check/- 3 StepFailed]

    argo workflow/controller/operator.go: inferFailedReason, what the container said
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"main: Error (exit code 64): OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task oom-check failed: main: Error (exit code 64): OOMKilled (exit code 137)" [oom-check/main 64 StepFailed]

    argo workflow/controller/operator.go: inferFailedReason, out of memory
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"main: OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    OOMKilled executed 0/1 Failed "task oom-check failed: main: OOMKilled (exit code 137)" [oom-check/main 137 OOMKilled]

    argo workflow/controller/operator.go: inferFailedReason, a sidecar
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"db: Error (exit code 2)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task oom-check failed: db: Error (exit code 2)" [oom-check/db 2 StepFailed]

    argo workflow/controller/operator.go: inferFailedReason, init
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"init: Error (exit code 64): failed to load artifact","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    InitContainerFailed idle 0/1 Failed "task oom-check failed: init: Error (exit code 64): failed to load artifact" [oom-check/init 64 InitContainerFailed]

    argo workflow/controller/operator.go: inferFailedReason, wait
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"wait: Error (exit code 64): failed to save outputs","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    SidecarFailed unknown 0/1 Failed "task oom-check failed: wait: Error (exit code 64): failed to save outputs" [oom-check/wait 64 SidecarFailed]

    argo workflow/controller/operator.go: inferFailedReason, supervisor
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"supervisor: Error (exit code 65): failed to load artifact","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    SidecarFailed unknown 0/1 Failed "task oom-check failed: supervisor: Error (exit code 65): failed to load artifact" [oom-check/supervisor 65 SidecarFailed]

    argo workflow/controller/operator.go: inferFailedReason, StartError
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"main: StartError (exit code 128): exec: \"x\": executable file not found in $PATH","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    ConfigError idle 0/1 Failed "task oom-check failed: main: StartError (exit code 128): exec: "x": executable file not found in $PATH" [oom-check/main 128 ConfigError]

    argo workflow/controller/operator.go: inferFailedReason, ContainerCannotRun
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"main: ContainerCannotRun (exit code 127)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    ConfigError idle 0/1 Failed "task oom-check failed: main: ContainerCannotRun (exit code 127)" [oom-check/main 127 ConfigError]

    argo workflow/controller/operator.go: inferFailedReason, image
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"Pod failed before main container starts due to ImagePullBackOff: Back-off pulling image","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    ImagePullFailed idle 0/1 Failed "task oom-check failed: Pod failed before main container starts due to ImagePullBackOff: Back-off pulling image" [oom-check/main - ImagePullFailed]

    argo workflow/controller/operator.go: inferFailedReason, image of a container set
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"Pod failed before prepare container starts due to ErrImagePull: not found","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    ImagePullFailed unknown 0/1 Failed "task oom-check failed: Pod failed before prepare container starts due to ErrImagePull: not found" [oom-check/prepare - ImagePullFailed]

    argo workflow/controller/operator.go: inferFailedReason, configuration
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"Pod failed before main container starts due to CreateContainerConfigError: secret \"s\" not found","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    ConfigError idle 0/1 Failed "task oom-check failed: Pod failed before main container starts due to CreateContainerConfigError: secret "s" not found" [oom-check/main - ConfigError]

    argo workflow/controller/operator.go: inferFailedReason, evicted
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    PodEvicted unknown 0/1 Failed "task oom-check failed: The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi" [oom-check/- - PodEvicted]

    argo workflow/controller/operator.go: inferFailedReason, a preempted pod
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"Preempted in order to admit critical pod","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    PodEvicted unknown 0/1 Failed "task oom-check failed: Preempted in order to admit critical pod" [oom-check/- - PodEvicted]

    argo workflow/controller/operator.go: inferFailedReason, no containers
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"can't find failed message for pod w-a namespace n","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskFailed unknown 0/1 Failed "task oom-check failed: can't find failed message for pod w-a namespace n" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: inferFailedReason, no main
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"pod failed: main container did not complete successfully","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskFailed unknown 0/1 Failed "task oom-check failed: pod failed: main container did not complete successfully" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: inferFailedReason, no wait
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"pod failed: wait container did not complete successfully","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskFailed executed 0/1 Failed "task oom-check failed: pod failed: wait container did not complete successfully" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: inferFailedReason, neither
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"pod failed: neither main nor wait container completed successfully","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskFailed unknown 0/1 Failed "task oom-check failed: pod failed: neither main nor wait container completed successfully" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: pod deleted
    {"status":{"phase":"Error","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"pod deleted","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    PodEvicted executed 0/1 Error "task oom-check failed: pod deleted" [oom-check/- - PodEvicted]

    argo workflow/controller/operator.go: assessNodeStatus
    {"status":{"phase":"Error","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"oom-check","message":"Unexpected pod phase for w-a: Unknown","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    EngineError unknown 0/1 Error "task oom-check failed: Unexpected pod phase for w-a: Unknown" [oom-check/- - TaskFailed]

    argo workflow/controller/agent.go
    {"status":{"phase":"Error","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"HTTP","phase":"Error","displayName":"oom-check","message":"agent pod failed with reason:\"OOMKilled\"","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    EngineError unknown 0/1 Error "task oom-check failed: agent pod failed with reason:"OOMKilled"" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: initializeNodeOrMarkError
    {"status":{"phase":"Error","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"Skipped","phase":"Error","displayName":"oom-check","message":"failed to resolve {{inputs.parameters.timeout}}","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    EngineError idle 0/1 Error "task oom-check failed: failed to resolve {{inputs.parameters.timeout}}" [oom-check/- - TaskFailed]

    argo workflow/controller/operator.go: checkTemplateTimeouts
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"timeout","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskTimeout unknown 0/1 Failed "task oom-check failed: timeout" [oom-check/- - TaskTimeout]

    argo workflow/controller/operator.go: its own time limit
    {"status":{"phase":"Failed","message":"child 'a' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"oom-check","message":"Pod was active on the node longer than the specified deadline","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskTimeout unknown 0/1 Failed "task oom-check failed: Pod was active on the node longer than the specified deadline" [oom-check/- - TaskTimeout]

    argo workflow/controller/operator.go: failNodesWithoutCreatedPods, a Suspend step
    {"spec":{"activeDeadlineSeconds":5},"status":{"phase":"Failed","message":"child 'a' failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:00:06Z","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Suspend","phase":"Failed","displayName":"oom-check","message":"Step exceeded its deadline","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    DeadlineExceeded idle 0/1 Failed "the workflow exceeded its deadline of 5s" [oom-check/- - DeadlineExceeded]

    argo workflow/controller/operator.go: the deadline, Steps
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","message":"child 'a' failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"Pod was active on the node longer than the specified deadline","finishedAt":"2026-01-01T10:00:59Z","boundaryID":"w"}}}}
    DeadlineExceeded unknown 0/1 Failed "the workflow exceeded its deadline of 1m0s" [a/- - DeadlineExceeded]

    argo workflow/controller/operator.go: the deadline, DAG
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 143)","finishedAt":"2026-01-01T10:01:01Z","boundaryID":"w"}}}}
    DeadlineExceeded executed 0/1 Failed "the workflow exceeded its deadline of 1m0s" [a/main 143 StepFailed]

    argo workflow/controller/operator.go: the deadline, one pod
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","message":"Step exceeded its deadline","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","nodes":{"w":{"type":"Pod","phase":"Failed","displayName":"w","message":"Step exceeded its deadline","finishedAt":"2026-01-01T10:01:00Z"}}}}
    DeadlineExceeded unknown 0/1 Failed "the workflow exceeded its deadline of 1m0s" [w/- - DeadlineExceeded]

    argo workflow/controller/operator.go: the deadline of the template
    {"status":{"phase":"Failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","storedWorkflowTemplateSpec":{"activeDeadlineSeconds":60},"nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"}}}}
    DeadlineExceeded idle - Failed "the workflow exceeded its deadline of 1m0s"

    argo workflow/controller/operator.go: a failure before the deadline
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","message":"child 'a' failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 3)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task a failed: main: Error (exit code 3)" [a/main 3 StepFailed]

    argo workflow/controller/operator.go: retry exceeded workflow deadline
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","message":"child 'r' failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:03Z","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"r":{"type":"Retry","phase":"Failed","displayName":"flaky","message":"retry exceeded workflow deadline 2026-01-01 10:01:00 +0000 UTC","finishedAt":"2026-01-01T10:01:01Z","boundaryID":"w","children":["t"]},"t":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:50Z","boundaryID":"w"}}}}
    DeadlineExceeded executed 0/1 Failed "the workflow exceeded its deadline of 1m0s" [flaky/main 1 StepFailed]

    argo workflow/controller/operator.go: No more retries left
    {"status":{"phase":"Failed","message":"child 'r' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"r":{"type":"Retry","phase":"Failed","displayName":"flaky","message":"No more retries left","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w","children":["t0","t1"]},"t0":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","nodeFlag":{"retried":true}},"t1":{"type":"Pod","phase":"Failed","displayName":"flaky(1)","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:08Z","boundaryID":"w","nodeFlag":{"retried":true}}}}}
    StepFailed executed 0/1 Failed "task flaky failed: main: Error (exit code 1)" [flaky/main 1 StepFailed]

    argo workflow/controller/operator.go: a retry that succeeded next to a failure
    {"status":{"phase":"Failed","nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"},"r":{"type":"Retry","phase":"Succeeded","displayName":"flaky","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w","children":["t0","t1"]},"t0":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","nodeFlag":{"retried":true}},"t1":{"type":"Pod","phase":"Succeeded","displayName":"flaky(1)","finishedAt":"2026-01-01T10:00:08Z","boundaryID":"w"},"b":{"type":"Pod","phase":"Failed","displayName":"hard","message":"main: Error (exit code 4)","finishedAt":"2026-01-01T10:00:20Z","boundaryID":"w"}}}}
    StepFailed executed 1/2 Failed "task hard failed: main: Error (exit code 4)" [hard/main 4 StepFailed]

    argo workflow/controller/operator.go: Max duration limit exceeded
    {"status":{"phase":"Failed","message":"child 'r' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"r":{"type":"Retry","phase":"Failed","displayName":"flaky","message":"Max duration limit exceeded","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w","children":["t"]},"t":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:08Z","boundaryID":"w"}}}}
    StepFailed executed 0/1 Failed "task flaky failed: main: Error (exit code 1)" [flaky/main 1 StepFailed]

    argo docs/enhanced-depends-logic.md: a.Failed
    {"status":{"phase":"Failed","nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"soft","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","children":["b"]},"b":{"type":"Pod","phase":"Failed","displayName":"hard","message":"main: OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w"}}}}
    OOMKilled executed 0/2 Failed "task hard failed: main: OOMKilled (exit code 137)" [hard/main 137 OOMKilled]

    argo two in parallel, the first in time
    {"status":{"phase":"Failed","nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"late","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w"},"b":{"type":"Pod","phase":"Failed","displayName":"early","message":"main: OOMKilled (exit code 137)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    OOMKilled executed 0/2 Failed "task early failed: main: OOMKilled (exit code 137)" [early/main 137 OOMKilled]

    argo workflow/controller/operator.go: only the exit handler failed
    {"status":{"phase":"Failed","message":"main: Error (exit code 1)","nodes":{"w":{"type":"Steps","phase":"Succeeded","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"h":{"type":"Pod","phase":"Failed","displayName":"w.onExit","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:09Z","nodeFlag":{"hooked":true}}}}}
    StepFailed executed 1/2 Failed "task w.onExit failed: main: Error (exit code 1)" [w.onExit/main 1 StepFailed]

    argo docs/container-set-template.md: one that others wait for
    {"status":{"phase":"Failed","message":"child 'p' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"p":{"type":"Pod","phase":"Failed","displayName":"build","message":"b: Error (exit code 64)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"x":{"type":"Container","phase":"Error","displayName":"b","message":"b: Error (exit code 64): ","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"p"},"y":{"type":"Container","phase":"Failed","displayName":"a","message":"a: Error (exit code 2): ","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"p","children":["x"]}}}}
    StepFailed executed 0/1 Failed "task build failed: a: Error (exit code 2): " [build/a 2 StepFailed]

    argo workflow/controller/operator.go: Pod Failed whilst container running
    {"status":{"phase":"Failed","message":"child 'p' failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"p":{"type":"Pod","phase":"Failed","displayName":"build","message":"The node was low on resource: memory.","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"y":{"type":"Container","phase":"Failed","displayName":"a","message":"Pod Failed whilst container running","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"p"}}}}
    PodEvicted unknown 0/1 Failed "task build failed: The node was low on resource: memory." [build/a - PodEvicted]

    argo workflow/controller/operator.go: template has failed or errored children
    {"status":{"phase":"Failed","nodes":{"w":{"type":"DAG","phase":"Failed","displayName":"w"},"d":{"type":"DAG","phase":"Failed","displayName":"inner","message":"template has failed or errored children and failFast enabled","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w","children":["a"]},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 1)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"d"}}}}
    StepFailed executed 0/1 Failed "task a failed: main: Error (exit code 1)" [a/main 1 StepFailed]

    argo workflow/controller/steps.go: a group without steps
    {"status":{"phase":"Failed","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"g":{"type":"StepGroup","phase":"Error","displayName":"[0]","message":"step group deemed errored due to child b error: bad item","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    TaskFailed idle - Failed "task [0] failed: step group deemed errored due to child b error: bad item" [[0]/- - TaskFailed]

    argo workflow/controller/dag.go: withParam is no list
    {"status":{"phase":"Error","message":"withParam value could not be parsed as a JSON list: x","nodes":{"w":{"type":"DAG","phase":"Error","displayName":"w"},"g":{"type":"TaskGroup","phase":"Error","displayName":"fan","message":"withParam value could not be parsed as a JSON list: x","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    EngineError idle - Error "task fan failed: withParam value could not be parsed as a JSON list: x" [fan/- - TaskFailed]

    argo workflow/controller/operator.go: stopped
    {"spec":{"shutdown":"Stop"},"status":{"phase":"Failed","message":"Stopped with strategy 'Stop'","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 143)","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Cancelled executed 0/1 Failed "Stopped with strategy 'Stop'"

    argo workflow/controller/operator.go: shut down before its pod
    {"spec":{"shutdown":"Terminate"},"status":{"phase":"Failed","message":"Stopped with strategy 'Terminate'","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"workflow shutdown with strategy:  Terminate","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Cancelled unknown 0/1 Failed "Stopped with strategy 'Terminate'"

    argo workflow/controller/operator.go: shut down, a pod was lost
    {"spec":{"shutdown":"Terminate"},"status":{"phase":"Error","message":"Stopped with strategy 'Terminate'","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"Pod","phase":"Error","displayName":"a","message":"pod deleted","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"}}}}
    Cancelled executed 0/1 Error "Stopped with strategy 'Terminate'"

    argo workflow/controller/operator.go: Workflow operation error
    {"status":{"phase":"Error","message":"Deadline exceeded","nodes":{"w":{"type":"Steps","phase":"Error","displayName":"w"},"a":{"type":"Pod","phase":"Running","displayName":"a","boundaryID":"w"}}}}
    EngineError executed 0/1 Error "Deadline exceeded"

    argo argo retry: running again after its end
    {"status":{"phase":"Running","progress":"1/2","nodes":{"w":{"type":"Steps","phase":"Running","displayName":"w"},"a":{"type":"Pod","phase":"Succeeded","displayName":"a","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"b":{"type":"Pod","phase":"Pending","displayName":"b","boundaryID":"w"}}}}
    Executing executed 1/2 Running "1 of 2 tasks done"

    argo nodes of every type next to a failure
    {"status":{"phase":"Failed","progress":"3/4","nodes":{"w":{"type":"Steps","phase":"Failed","displayName":"w"},"g":{"type":"StepGroup","phase":"Failed","displayName":"[0]","finishedAt":"2026-01-01T10:00:09Z","boundaryID":"w","children":["a"]},"t":{"type":"TaskGroup","phase":"Succeeded","displayName":"t","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"k":{"type":"Suspend","phase":"Succeeded","displayName":"k","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"h":{"type":"HTTP","phase":"Succeeded","displayName":"h","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"q":{"type":"Plugin","phase":"Succeeded","displayName":"q","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"c":{"type":"Container","phase":"Succeeded","displayName":"c","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"s":{"type":"Skipped","phase":"Skipped","displayName":"s","finishedAt":"2026-01-01T10:00:05Z","boundaryID":"w"},"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 7)","finishedAt":"2026-01-01T10:00:08Z","boundaryID":"w"}}}}
    StepFailed executed 4/5 Failed "task a failed: main: Error (exit code 7)" [a/main 7 StepFailed]
    """#
