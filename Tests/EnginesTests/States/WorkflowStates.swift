/// States of Workflows without readable nodes: the source, the run, the expected state.
let workflowStates = #"""
    argo argoproj/argo-workflows#16863: another instance id, no status
    {"status":{}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    argo argoproj/argo-workflows#4667: the controller is down
    {"status":{"phase":""}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    argo argo-helm#3662: its status is refused
    {"spec":{"suspend":true}}
    AwaitingEngine unknown - - "waiting for the engine to pick up the run"

    argo workflow/controller/controller.go: postponed
    {"status":{"phase":"Pending","message":"Workflow processing has been postponed because too many workflows are already running","startedAt":null,"finishedAt":null}}
    Queued unknown - Pending "Workflow processing has been postponed because too many workflows are already running"

    argo workflow/controller/controller.go: postponed, then terminated
    {"spec":{"shutdown":"Terminate"},"status":{"phase":"Pending","message":"Workflow processing has been postponed because too many workflows are already running"}}
    Cancelling unknown - Pending "Workflow processing has been postponed because too many workflows are already running"

    argo workflow/controller/controller.go: postponed, then stopped
    {"spec":{"shutdown":"Stop"},"status":{"phase":"Pending","message":"Workflow processing has been postponed because too many workflows are already running"}}
    Queued unknown - Pending "Workflow processing has been postponed because too many workflows are already running"

    argo workflow/sync/semaphore.go: a lock
    {"status":{"phase":"Pending","message":"Waiting for n/Mutex/oom-killed lock. Lock status: 0/1"}}
    Queued unknown - Pending "Waiting for n/Mutex/oom-killed lock. Lock status: 0/1"

    argo workflow/sync/database_semaphore.go: a lock in a database
    {"status":{"phase":"Pending","message":"Waiting for db/sem lock (n/sem). Lock status: 3/3"}}
    Queued unknown - Pending "Waiting for db/sem lock (n/sem). Lock status: 3/3"

    argo workflow/controller/operator.go: a transient failure of the lock
    {"status":{"phase":"Pending","message":"Waiting to acquire the synchronization lock. connection refused"}}
    Queued unknown - Pending "Waiting to acquire the synchronization lock. connection refused"

    argo workflow/controller/operator.go: createPVCs
    {"status":{"phase":"Pending","message":"Waiting for a PVC to be created. persistentvolumeclaims \"w-data\" is forbidden: exceeded quota: storage"}}
    Queued unknown - Pending "Waiting for a PVC to be created. persistentvolumeclaims "w-data" is forbidden: exceeded quota: storage"

    argo workflow/controller/operator.go: markWorkflowRunning
    {"status":{"phase":"Running","message":""}}
    Executing unknown - Running "Argo has started the workflow but has not created a task yet; if this persists, check the workflow's events"

    argo docs/walk-through/suspending.md: created suspended
    {"spec":{"suspend":true},"status":{"phase":"Running","message":"","progress":"0/0"}}
    Queued unknown - Running "the workflow is suspended (spec.suspend); to start it, run: argo resume r -n n"

    argo workflow/controller/operator.go: shutdown before the first node
    {"spec":{"shutdown":"Stop"},"status":{"phase":"Running","message":""}}
    Cancelling unknown - Running "stop requested; the run is ending"

    argo workflow/controller/operator.go: Succeeded
    {"status":{"phase":"Succeeded","progress":"4/4"}}
    Succeeded executed - Succeeded "the run succeeded"

    argo nodes that a user removed
    {"status":{"phase":"Succeeded"}}
    Succeeded unknown - Succeeded "the run succeeded"

    argo docs/walk-through/output-parameters.md: globalName
    {"status":{"phase":"Succeeded","progress":"1/1","outputs":{"parameters":[{"name":"revision","value":"42","globalName":"revision"}]}}}
    Succeeded executed - Succeeded "the run succeeded" revision=42

    argo workflow/validate/validate.go: an argument without value
    {"status":{"phase":"Failed","message":"invalid spec: spec.arguments.timeout.value or spec.arguments.timeout.valueFrom is required"}}
    InvalidParameters idle - Failed "invalid spec: spec.arguments.timeout.value or spec.arguments.timeout.valueFrom is required"

    argo workflow/validate/validate.go: an argument without value, of an enum
    {"status":{"phase":"Failed","message":"invalid spec: spec.arguments.size.value is required"}}
    InvalidParameters idle - Failed "invalid spec: spec.arguments.size.value is required"

    argo workflow/validate/validate.go: not in the enum
    {"status":{"phase":"Failed","message":"invalid spec: spec.arguments.size.value should be present in spec.arguments.size.enum list"}}
    InvalidParameters idle - Failed "invalid spec: spec.arguments.size.value should be present in spec.arguments.size.enum list"

    argo workflow/validate/validate.go: unknown entrypoint
    {"status":{"phase":"Failed","message":"invalid spec: template forbidden not found in workflow template deadline"}}
    InvalidWorkflow idle - Failed "invalid spec: template forbidden not found in workflow template deadline"

    argo workflow/validate/validate.go: no entrypoint
    {"status":{"phase":"Failed","message":"invalid spec: spec.entrypoint is required"}}
    InvalidWorkflow idle - Failed "invalid spec: spec.entrypoint is required"

    argo workflow/validate/validate.go: name too long
    {"status":{"phase":"Failed","message":"invalid spec: workflow name \"w\" must not be more than 63 characters long (currently 64)"}}
    InvalidWorkflow idle - Failed "invalid spec: workflow name "w" must not be more than 63 characters long (currently 64)"

    argo workflow/validate/validate.go: templates beside a reference
    {"status":{"phase":"Failed","message":"invalid spec: Templates is invalid field in spec if workflow referred WorkflowTemplate reference"}}
    InvalidWorkflow idle - Failed "invalid spec: Templates is invalid field in spec if workflow referred WorkflowTemplate reference"

    argo workflow/controller/operator.go: setGlobalParameters, a ConfigMap
    {"status":{"phase":"Failed","message":"failed to set global parameters: failed to set global parameter x from configmap with name c and key k: configmap c not found"}}
    InvalidParameters idle - Failed "failed to set global parameters: failed to set global parameter x from configmap with name c and key k: configmap c not found"

    argo workflow/controller/operator.go: setGlobalParameters, no value
    {"status":{"phase":"Failed","message":"failed to set global parameters: either value or valueFrom must be specified in order to set global parameter x"}}
    InvalidParameters idle - Failed "failed to set global parameters: either value or valueFrom must be specified in order to set global parameter x"

    argo workflow/controller/controller.go: cannot unmarshall
    {"status":{"phase":"Failed","message":"cannot unmarshall spec: json: cannot unmarshal number into Go struct field Parameter.value of type string"}}
    InvalidWorkflow idle - Failed "cannot unmarshall spec: json: cannot unmarshal number into Go struct field Parameter.value of type string"

    argo workflow/controller/operator.go: TryAcquire
    {"status":{"phase":"Failed","message":"Failed to acquire the synchronization lock. invalid semaphore key"}}
    EngineError idle - Failed "Failed to acquire the synchronization lock. invalid semaphore key"

    argo workflow/controller/controller.go: re-established locks
    {"status":{"phase":"Failed","message":"Failed to re-establish synchronization lock at controller startup: limit is 0"}}
    EngineError idle - Failed "Failed to re-establish synchronization lock at controller startup: limit is 0"

    argo workflow/controller/operator.go: releaseLocksForPendingShuttingdownWfs
    {"spec":{"shutdown":"Terminate"},"status":{"phase":"Failed","message":"Stopped with strategy 'Terminate'"}}
    Cancelled idle - Failed "Stopped with strategy 'Terminate'"

    argo a message of a later release
    {"status":{"phase":"Failed","message":"refused: workflowtemplates.argoproj.io \"x\" not found, it said"}}
    InvalidWorkflow idle - Failed "refused: workflowtemplates.argoproj.io "x" not found, it said"

    argo workflow/controller/operator.go: fetchWorkflowSpec
    {"status":{"phase":"Error","message":"workflowtemplates.argoproj.io \"exit-code-1\" not found"}}
    TemplateNotFound idle - Error "workflowtemplates.argoproj.io "exit-code-1" not found. Create the template first; this execution has ended, so create a new one."

    argo argoproj/argo-workflows#14615: a template applied a moment before
    {"status":{"phase":"Error","message":"clusterworkflowtemplates.argoproj.io \"x\" not found"}}
    TemplateNotFound idle - Error "clusterworkflowtemplates.argoproj.io "x" not found. Create the template first; this execution has ended, so create a new one."

    argo workflow/controller/operator.go: fetchWorkflowSpec, no rights
    {"status":{"phase":"Error","message":"cannot get resource clusterWorkflowTemplate at cluster scope"}}
    ResolutionFailed idle - Error "cannot get resource clusterWorkflowTemplate at cluster scope"

    argo workflow/util/merge.go: ValidateUserOverrides
    {"status":{"phase":"Error","message":"fields [ServiceAccountName] are not permitted when using workflowTemplateRef with templateReferencing restriction"}}
    PolicyDenied idle - Error "fields [ServiceAccountName] are not permitted when using workflowTemplateRef with templateReferencing restriction"

    argo workflow/controller/operator.go: MustUseReference
    {"status":{"phase":"Error","message":"workflows must use workflowTemplateRef to be executed when the controller is in reference mode"}}
    EngineError idle - Error "workflows must use workflowTemplateRef to be executed when the controller is in reference mode"

    argo workflow/controller/operator.go: a panic
    {"status":{"phase":"Error","message":"runtime error: invalid memory address or nil pointer dereference"}}
    EngineError idle - Error "runtime error: invalid memory address or nil pointer dereference"

    argo workflow/controller/operator.go: artifact repository
    {"status":{"phase":"Error","message":"failed to resolve artifact repository: config map missing"}}
    EngineError idle - Error "failed to resolve artifact repository: config map missing"

    argo workflow/controller/operator.go: createPVCs, permanently
    {"status":{"phase":"Error","message":"pvc create error: storageclass \"fast\" not found"}}
    EngineError idle - Error "pvc create error: storageclass "fast" not found"

    argo workflow/controller/operator.go: markWorkflowPhase, a phase of a later release
    {"status":{"phase":"Waiting","message":""}}
    Executing unknown - Waiting "the run is in progress"

    argo workflow/packer/packer.go: compressed, running
    {"status":{"phase":"Running","message":"","progress":"120/900","compressedNodes":"H4sIAAAA"}}
    Executing executed - Running "Argo reports progress 120/900"

    argo workflow/packer/packer.go: compressed, failed
    {"status":{"phase":"Failed","message":"child 'w-1' failed","progress":"120/900","compressedNodes":"H4sIAAAA"}}
    TaskFailed executed - Failed "child 'w-1' failed; the failed task is unknown because Argo stores its nodes compressed"

    argo persist/sqldb/offload_node_status_repo.go: offloaded, failed
    {"status":{"phase":"Failed","message":"","progress":"7/9","offloadNodeStatusVersion":"fnv:1"}}
    TaskFailed executed - Failed "the workflow failed; the failed task is unknown because Argo stores its nodes in a database"

    argo persist/sqldb/offload_node_status_repo.go: offloaded, suspended
    {"spec":{"suspend":true},"status":{"phase":"Running","message":"","progress":"7/9","offloadNodeStatusVersion":"fnv:1"}}
    Suspended executed - Running "the workflow is suspended (spec.suspend); to resume it, run: argo resume r -n n"

    argo persist/sqldb/offload_node_status_repo.go: offloaded, an error
    {"status":{"phase":"Error","message":"offload node status is not supported","offloadNodeStatusVersion":"fnv:1"}}
    EngineError unknown - Error "offload node status is not supported; the failed task is unknown because Argo stores its nodes in a database"

    argo persist/sqldb/offload_node_status_repo.go: offloaded, over its time
    {"spec":{"activeDeadlineSeconds":60},"status":{"phase":"Failed","message":"","offloadNodeStatusVersion":"fnv:1","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:01:02Z"}}
    DeadlineExceeded unknown - Failed "the workflow exceeded its deadline of 1m0s"
    """#
