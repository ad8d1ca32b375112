-- The health of a WorkflowExecution (towline.dev) in Argo CD. Its status follows kstatus: observedGeneration says
-- which spec it is about. The outcome is there once the execution has ended, and never changes again, whatever becomes
-- of the spec: a deletion, which counts as a change of it, must not make a hook that has ended wait for ever.
local health = { status = "Progressing", message = "No operator has looked at the execution yet" }
local status = obj.status
local observed = status ~= nil and tonumber(status.observedGeneration) or -1
if observed < 1 then
  return health
end
if status.reason ~= nil then
  health.message = status.reason
  if status.message ~= nil then
    health.message = status.reason .. ": " .. status.message
  end
end
if status.outcome == "Success" then
  health.status = "Healthy"
elseif status.outcome ~= nil then
  health.status = "Degraded"
elseif observed ~= tonumber(obj.metadata.generation) then
  health.message = "The operator has not looked at the newest spec yet"
elseif (status.reason == "Suspended" or status.reason == "RestoredFromBackup") and obj.spec.shutdown == nil then
  -- The run, or the restored execution, waits for a person.
  health.status = "Suspended"
end
return health
