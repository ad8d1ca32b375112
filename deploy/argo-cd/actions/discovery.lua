-- What people may ask of a WorkflowExecution (towline.dev): an end, while it has none. Both are requests that may be
-- raised from Stop to Terminate and never taken back.
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
