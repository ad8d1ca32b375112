/// States of PipelineRuns: the source, the run, the expected state.
let pipelineRunStates = #"""
    tekton pkg/apis/pipeline/v1/pipelinerun_types.go: no controller has seen it
    {"status":{}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    tekton docs/pipelineruns.md: spec.managedBy names another controller
    {"spec":{"managedBy":"kueue.x-k8s.io/multikueue"}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    tekton tektoncd/tekton-kueue: held by its webhook, not looked at yet
    {"spec":{"status":"PipelineRunPending"}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: a child before the first condition
    {"status":{"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown - - "the run is in progress"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: IsPending
    {"spec":{"status":"PipelineRunPending"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending","message":"PipelineRun \"r\" is pending"}]}}
    Queued unknown - PipelineRunPending "PipelineRun "r" is pending; to start it, run: kubectl patch pipelinerun r -n n --type merge -p '{"spec":{"status":null}}'"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: createPVCs, quota
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending","message":"Waiting for PVC creation to succeed: persistentvolumeclaims \"data\" is forbidden: exceeded quota: storage"}]}}
    Queued unknown - PipelineRunPending "Waiting for PVC creation to succeed: persistentvolumeclaims "data" is forbidden: exceeded quota: storage"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: InitializeConditions
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Started","message":""}]}}
    Resolving unknown - Started "the engine is fetching the workflow's definition"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ErrRequestInProgress, the pipeline
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ResolvingPipelineRef","message":"PipelineRun n/r awaiting remote resource"}]}}
    Resolving unknown - ResolvingPipelineRef "PipelineRun n/r awaiting remote resource"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ErrRequestInProgress, a task
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ResolvingTaskRef","message":"PipelineRun n/r awaiting remote resource"}]}}
    Resolving unknown - ResolvingTaskRef "PipelineRun n/r awaiting remote resource"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ErrRequestInProgress, a task among others
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"ResolvingTaskRef","message":"PipelineRun n/r awaiting remote resource"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown - ResolvingTaskRef "PipelineRun n/r awaiting remote resource"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: getPipelineTasksCount, three of six
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 2 (Failed: 0, Cancelled 0), Incomplete: 3, Skipped: 1"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing executed 2/6 Running "2 of 6 tasks done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: the first task
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown 0/1 Running "0 of 1 task done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: one failed, finally to come
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 1, Skipped: 2"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown 0/4 Running "0 of 4 tasks done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: IsStopping
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunStopping","message":"Tasks Completed: 2 (Failed: 1, Cancelled 0), Incomplete: 1, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Stopping executed 1/3 PipelineRunStopping "a task failed or was canceled; the run is ending"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: a task was cancelled
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunStopping","message":"Tasks Completed: 1 (Failed: 0, Cancelled 1), Incomplete: 1, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Stopping unknown 0/2 PipelineRunStopping "a task failed or was canceled; the run is ending"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: HaveTasksTimedOut, finally runs
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunTimeoutRunningFinally","message":"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 1, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    TimingOut unknown 0/2 PipelineRunTimeoutRunningFinally "the timeout expired; the run is ending"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: IsGracefullyCancelled
    {"spec":{"status":"CancelledRunFinally"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"CancelledRunningFinally","message":"Tasks Completed: 1 (Failed: 0, Cancelled 1), Incomplete: 1, Skipped: 1"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Cancelling unknown 0/3 CancelledRunningFinally "stop requested; the run is ending"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: IsGracefullyStopped
    {"spec":{"status":"StoppedRunFinally"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"StoppedRunningFinally","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 1"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Cancelling executed 1/3 StoppedRunningFinally "stop requested; the run is ending"

    tekton pkg/reconciler/pipelinerun/cancel.go: cancelPipelineRun, errors
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunCouldntCancel","message":"PipelineRun \"r\" was cancelled but had errors trying to cancel TaskRuns and/or Runs: failed to patch TaskRun `r-a` with cancellation: timeout"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Cancelling unknown - PipelineRunCouldntCancel "PipelineRun "r" was cancelled but had errors trying to cancel TaskRuns and/or Runs: failed to patch TaskRun `r-a` with cancellation: timeout"

    tekton pkg/reconciler/pipelinerun/timeout.go: timeoutPipelineRun, errors
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunCouldntTimeOut","message":"PipelineRun \"r\" was timed out but had errors trying to time out TaskRuns and/or Runs: failed"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    TimingOut unknown - PipelineRunCouldntTimeOut "PipelineRun "r" was timed out but had errors trying to time out TaskRuns and/or Runs: failed"

    tekton docs/pipelineruns.md: cancelled while pending
    {"spec":{"status":"Cancelled"},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending","message":"PipelineRun \"r\" is pending"}]}}
    Cancelling unknown - PipelineRunPending "PipelineRun "r" is pending"

    tekton tektoncd/pipeline#6076: too large, sticks in its last state
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 41 (Failed: 0, Cancelled 0), Incomplete: 9, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing executed 41/50 Running "41 of 50 tasks done"

    tekton a reason of a later release
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"AwaitingApproval","message":"waiting for approve-cancelled"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown - AwaitingApproval "waiting for approve-cancelled"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: nothing skipped
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Succeeded executed 3/3 Succeeded "3 of 3 tasks done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: a failure ignored
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"Tasks Completed: 2 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Succeeded executed 1/2 Succeeded "1 of 2 tasks done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: some skipped
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Completed","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 2"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    CompletedWithSkips executed 3/3 Completed "3 of 3 tasks done, some skipped"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: all skipped
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Completed","message":"Tasks Completed: 0 (Failed: 0, Cancelled 0), Skipped: 3"}]}}
    CompletedWithSkips idle 3/3 Completed "3 of 3 tasks done, some skipped"

    tekton docs/pipelines.md: results of all types
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"results":[{"name":"s","value":"x"},{"name":"list","value":["p","q"]},{"name":"o","value":{"k":"v"}}]}}
    Succeeded executed 1/1 Succeeded "1 of 1 task done" s=x list=["p","q"] o={"k":"v"}

    tekton a reason of a later release, True
    {"status":{"conditions":[{"type":"Succeeded","status":"True","reason":"SucceededLate","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Succeeded executed 1/1 SucceededLate "1 of 1 task done"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: HasTimedOut
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRunTimeout","message":"PipelineRun \"r\" failed to finish within \"1h0m0s\""}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    PipelineTimeout unknown - PipelineRunTimeout "PipelineRun "r" failed to finish within "1h0m0s""

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: HasTimedOut before any task
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRunTimeout","message":"PipelineRun \"r\" failed to finish within \"1m0s\""}]}}
    PipelineTimeout idle - PipelineRunTimeout "PipelineRun "r" failed to finish within "1m0s""

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: HaveTasksTimedOut, since v1.2.0 (tektoncd/pipeline#7573)
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRunTimeout","message":"PipelineRun \"r\" failed due to tasks failed to finish within \"50m0s\""}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    PipelineTimeout unknown - PipelineRunTimeout "PipelineRun "r" failed due to tasks failed to finish within "50m0s""

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: SkippedDueToTimeout, a finally task
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 1"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"skippedTasks":[{"name":"cleanup","reason":"PipelineRun Finally timeout has been reached"}]}}
    PipelineTimeout executed 2/3 Failed "the timeout expired before all tasks had started"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: SkippedDueToTimeout, tasks, before v1.2.0
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 2"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"skippedTasks":[{"name":"b","reason":"PipelineRun Tasks timeout has been reached"}]}}
    PipelineTimeout executed 1/3 Failed "the timeout expired before all tasks had started"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: skipped for its time, after a failure
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 1"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"skippedTasks":[{"name":"cleanup","reason":"PipelineRun timeout has been reached"}]}}
    TaskFailed executed 1/3 Failed "a task failed"

    tekton pkg/reconciler/pipelinerun/cancel.go: cancelPipelineRun
    {"spec":{"status":"Cancelled"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Cancelled","message":"PipelineRun \"r\" was cancelled"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Cancelled unknown - Cancelled "PipelineRun "r" was cancelled"

    tekton pkg/reconciler/pipelinerun/cancel.go: cancelled while pending
    {"spec":{"status":"Cancelled"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Cancelled","message":"PipelineRun \"r\" was cancelled"}]}}
    Cancelled idle - Cancelled "PipelineRun "r" was cancelled"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: a TaskRun was cancelled by hand
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Cancelled","message":"Tasks Completed: 2 (Failed: 0, Cancelled 1), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Cancelled executed 1/2 Cancelled "the run was canceled"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: cancelled gracefully, a task failed first
    {"spec":{"status":"CancelledRunFinally"},"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"Tasks Completed: 2 (Failed: 1, Cancelled 1), Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    TaskFailed unknown 0/2 Failed "a task failed"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ApplyTaskResultsToPipelineResults
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipelineResult","message":"Failed to get PipelineResult from TaskRun Results for PipelineRun r: invalid pipelineresults [x], the referenced results don't exist"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    ResultsFailed unknown - CouldntGetPipelineResult "Failed to get PipelineResult from TaskRun Results for PipelineRun r: invalid pipelineresults [x], the referenced results don't exist"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: GetPipelineData, local
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Error retrieving pipeline for pipelinerun n/r: error when getting Pipeline for PipelineRun r: tekton client cannot get pipeline oom from local cluster: pipelines.tekton.dev \"oom\" not found"}]}}
    TemplateNotFound idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun n/r: error when getting Pipeline for PipelineRun r: tekton client cannot get pipeline oom from local cluster: pipelines.tekton.dev "oom" not found. Create the template first; this execution has ended, so create a new one."

    tekton pkg/resolution/resolver/bundle/bundle.go: GetEntry
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Error retrieving pipeline for pipelinerun n/r: resolver failed to get Pipeline : error requesting remote resource: error getting \"bundleresolver\" \"n/b\": could not find object in image with kind: pipeline and name: x"}]}}
    TemplateNotFound idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun n/r: resolver failed to get Pipeline : error requesting remote resource: error getting "bundleresolver" "n/b": could not find object in image with kind: pipeline and name: x. Create the template first; this execution has ended, so create a new one."

    tekton tektoncd/pipeline#10424: a registry out of reach
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Error retrieving pipeline for pipelinerun n/r: resolver failed to get Pipeline : error requesting remote resource: cannot retrieve the oci image: Get \"https://registry.example/v2/\": dial tcp: i/o timeout"}]}}
    ResolutionFailed idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun n/r: resolver failed to get Pipeline : error requesting remote resource: cannot retrieve the oci image: Get "https://registry.example/v2/": dial tcp: i/o timeout"

    tekton tektoncd/pipeline#8571: a pipeline called not-found out of reach
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Error retrieving pipeline for pipelinerun n/not-found: tekton client cannot get pipeline not-found from local cluster: etcdserver: request timed out"}]}}
    ResolutionFailed idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun n/not-found: tekton client cannot get pipeline not-found from local cluster: etcdserver: request timed out"

    tekton pkg/resolution/common/statuses.go: ResolutionTimedOut
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Error retrieving pipeline for pipelinerun n/r: resolution took longer than global timeout of 1m0s"}]}}
    ResolutionFailed idle - CouldntGetPipeline "Error retrieving pipeline for pipelinerun n/r: resolution took longer than global timeout of 1m0s"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: a nested pipeline does not exist
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"Pipeline n/p can't be Run; it contains child Pipelines that don't exist: x"}]}}
    ResolutionFailed idle - CouldntGetPipeline "Pipeline n/p can't be Run; it contains child Pipelines that don't exist: x"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: TaskNotFoundError
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetTask","message":"Pipeline n/p can't be Run; it contains Tasks that don't exist: Couldn't retrieve Task \"missing\""}]}}
    ResolutionFailed idle - CouldntGetTask "Pipeline n/p can't be Run; it contains Tasks that don't exist: Couldn't retrieve Task "missing""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: conditionFromVerificationResult
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ResourceVerificationFailed","message":"PipelineRun n/r referred resource p failed signature verification"}]}}
    PolicyDenied idle - ResourceVerificationFailed "PipelineRun n/r referred resource p failed signature verification"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: dag.Build
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineInvalidGraph","message":"[User error] PipelineRun n/r's Pipeline DAG is invalid: cycle detected; task \"a\" depends on \"b\""}]}}
    InvalidWorkflow idle - PipelineInvalidGraph "[User error] PipelineRun n/r's Pipeline DAG is invalid: cycle detected; task "a" depends on "b""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: pipelineSpec.Validate
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineValidationFailed","message":"[User error] Pipeline n/p can't be Run; it has an invalid spec: expected at least one, got none: spec.tasks"}]}}
    InvalidWorkflow idle - PipelineValidationFailed "[User error] Pipeline n/p can't be Run; it has an invalid spec: expected at least one, got none: spec.tasks"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: dry run
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineValidationFailed","message":"Failed dryRunValidation for PipelineRun r: [User error] admission webhook \"validation.webhook.pipeline.tekton.dev\" denied the request"}]}}
    InvalidWorkflow idle - PipelineValidationFailed "Failed dryRunValidation for PipelineRun r: [User error] admission webhook "validation.webhook.pipeline.tekton.dev" denied the request"

    tekton pkg/reconciler/pipelinerun/resources/pipelinerunstate.go: ValidationFailed, in the middle
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineValidationFailed","message":"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0, Failed Validation: 1 (invalid task result reference: \"a\" has no result oom)"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    InvalidWorkflow executed 1/2 PipelineValidationFailed "Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0, Failed Validation: 1 (invalid task result reference: "a" has no result oom)"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateRequiredParametersProvided
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ParameterMissing","message":"[User error] PipelineRun n/r is missing some parameters required by Pipeline n/cancelled: pipelineRun missing parameters: [Timeout]"}]}}
    InvalidParameters idle - ParameterMissing "[User error] PipelineRun n/r is missing some parameters required by Pipeline n/cancelled: pipelineRun missing parameters: [Timeout]"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateParamTypesMatching
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ParameterTypeMismatch","message":"[User error] PipelineRun n/r parameters have mismatching types with Pipeline n/p's parameters: [LIST]"}]}}
    InvalidParameters idle - ParameterTypeMismatch "[User error] PipelineRun n/r parameters have mismatching types with Pipeline n/p's parameters: [LIST]"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateEnumParam
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidParamValue","message":"[User error] PipelineRun n/r parameters have invalid value: param `size` value: huge is not in the enum list"}]}}
    InvalidParameters idle - InvalidParamValue "[User error] PipelineRun n/r parameters have invalid value: param `size` value: huge is not in the enum list"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: an enum in the middle
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidParamValue","message":"Invalid param value from PipelineTask \"b\": [User error] param `size` value: huge is not in the enum list"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    InvalidParameters unknown - InvalidParamValue "Invalid param value from PipelineTask "b": [User error] param `size` value: huge is not in the enum list"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateObjectParamRequiredKeys
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ObjectParameterMissKeys","message":"[User error] PipelineRun n/r parameters is missing object keys required by Pipeline n/p's parameters: o: [k]"}]}}
    InvalidParameters idle - ObjectParameterMissKeys "[User error] PipelineRun n/r parameters is missing object keys required by Pipeline n/p's parameters: o: [k]"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateParamArrayIndex
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ParamArrayIndexingInvalid","message":"[User error] PipelineRun n/r failed validation: non-existent param references:[$(params.LIST[7])]"}]}}
    InvalidParameters idle - ParamArrayIndexingInvalid "[User error] PipelineRun n/r failed validation: non-existent param references:[$(params.LIST[7])]"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateWorkspaceBindings
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidWorkspaceBindings","message":"[User error] PipelineRun n/r doesn't bind Pipeline n/p's Workspaces correctly: pipeline requires workspace with name \"data\" be provided by pipelinerun"}]}}
    InvalidWorkflow idle - InvalidWorkspaceBindings "[User error] PipelineRun n/r doesn't bind Pipeline n/p's Workspaces correctly: pipeline requires workspace with name "data" be provided by pipelinerun"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateTaskRunSpecs
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidTaskRunSpecs","message":"[User error] PipelineRun n/r doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs defined wrong taskName: \"x\""}]}}
    InvalidWorkflow idle - InvalidTaskRunSpecs "[User error] PipelineRun n/r doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs defined wrong taskName: "x""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidatePipelineTaskResults
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidTaskResultReference","message":"[User error] Failed to resolve task result reference for \"r\" with error invalid result reference in pipeline task \"b\": \"x\" is not a named result returned by pipeline task \"a\""}]}}
    InvalidWorkflow idle - InvalidTaskResultReference "[User error] Failed to resolve task result reference for "r" with error invalid result reference in pipeline task "b": "x" is not a named result returned by pipeline task "a""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidatePipelineResults
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidPipelineResultReference","message":"[User error] Failed to resolve pipeline result reference for \"r\" with error invalid pipeline result \"x\""}]}}
    InvalidWorkflow idle - InvalidPipelineResultReference "[User error] Failed to resolve pipeline result reference for "r" with error invalid pipeline result "x""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateOptionalWorkspaces
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"RequiredWorkspaceMarkedOptional","message":"[User error] Optional workspace not supported by task: pipeline workspace \"w\" is marked optional but pipeline task \"a\" requires it be provided"}]}}
    InvalidWorkflow idle - RequiredWorkspaceMarkedOptional "[User error] Optional workspace not supported by task: pipeline workspace "w" is marked optional but pipeline task "a" requires it be provided"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: GetResourcesFromBindings, releases before v1.0
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidPipelineResourceBindings","message":"PipelineRun n/r doesn't bind Pipeline n/p's PipelineResources correctly: none"}]}}
    InvalidWorkflow idle - InvalidPipelineResourceBindings "PipelineRun n/r doesn't bind Pipeline n/p's PipelineResources correctly: none"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: ValidateParameterTypesInMatrix
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"InvalidMatrixParameterTypes","message":"[User error] Failed to validate matrix \"b\" with error parameters of type array only are allowed, but param \"x\" has type \"string\""}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    InvalidParameters unknown - InvalidMatrixParameterTypes "[User error] Failed to validate matrix "b" with error parameters of type array only are allowed, but param "x" has type "string""

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: EvaluateCEL
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CELEvaluationFailed","message":"Error evaluating CEL b: ERROR: <input>:1:1: undeclared reference"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    InvalidWorkflow unknown - CELEvaluationFailed "Error evaluating CEL b: ERROR: <input>:1:1: undeclared reference"

    tekton pkg/reconciler/pipelinerun/pipelinerun.go: handleRunCreationError
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CreateRunFailed","message":"admission webhook \"validation.webhook.pipeline.tekton.dev\" denied the request: validation failed: invalid value: spec.timeout"}]}}
    InvalidWorkflow idle - CreateRunFailed "admission webhook "validation.webhook.pipeline.tekton.dev" denied the request: validation failed: invalid value: spec.timeout"

    tekton pkg/reconciler/volumeclaim/pvchandler.go
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntCreateWorkspacePVC","message":"Failed to create PVC for PipelineRun n/r correctly: storageclass \"fast\" not found"}]}}
    EngineError idle - CouldntCreateWorkspacePVC "Failed to create PVC for PipelineRun n/r correctly: storageclass "fast" not found"

    tekton pkg/reconciler/pipelinerun/affinity_assistant.go
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet","message":"Failed to create StatefulSet for PipelineRun n/r correctly: quota"}]}}
    EngineError idle - ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet "Failed to create StatefulSet for PipelineRun n/r correctly: quota"

    tekton a reason of a later release, nothing ran
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineRefused","message":"refused: the pipeline is called PipelineRunTimeout"}]}}
    InvalidWorkflow idle - PipelineRefused "refused: the pipeline is called PipelineRunTimeout"

    tekton a reason of a later release, something ran
    {"status":{"conditions":[{"type":"Succeeded","status":"False","reason":"PipelineAborted","message":"Cancelled"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    TaskFailed unknown - PipelineAborted "Cancelled"

    tekton docs/bundle-resolver.md: the digest that was resolved
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 0"}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}],"provenance":{"refSource":{"uri":"registry.example/w","digest":{"sha256":"00ff"},"entryPoint":"p"}}}}
    Executing unknown 0/1 Running "0 of 1 task done"

    tekton an incomplete condition
    {"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"","message":""}],"childReferences":[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]}}
    Executing unknown - - "the run is in progress"

    tekton conditions of other types
    {"status":{"conditions":[{"type":"Ready","status":"False","reason":"Failed","message":"m"}]}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"
    """#
