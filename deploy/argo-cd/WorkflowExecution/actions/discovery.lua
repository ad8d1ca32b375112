-- The actions for a WorkflowExecution (towline.dev) that has not ended. A shutdown can be raised from Stop to Terminate, but
-- not taken back.
local finished = obj.status ~= nil and obj.status.outcome ~= nil
local shutdown = obj.spec.shutdown
return {
  stop = {
    displayName = "Stop: run finally tasks and exit handlers",
    iconClass = "fa fa-fw fa-stop",
    disabled = finished or shutdown ~= nil,
  },
  terminate = {
    displayName = "Terminate: run nothing more",
    iconClass = "fa fa-fw fa-ban",
    disabled = finished or shutdown == "Terminate",
  },
}
