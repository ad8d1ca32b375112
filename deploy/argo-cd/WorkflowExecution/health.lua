-- The health of a WorkflowExecution (towline.dev) in Argo CD. Its status follows kstatus: observedGeneration says which spec
-- it is based on. The outcome never changes once it is set, so a finished execution ignores observedGeneration: a deletion
-- raises the generation, and must not make a finished hook wait forever.
local health = { status = "Progressing", message = "No operator has read the execution yet" }
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
  health.message = "The operator has not read the newest spec yet"
elseif (status.reason == "Suspended" or status.reason == "RestoredFromBackup") and obj.spec.shutdown == nil then
  -- The run, or the restored execution, waits for a person.
  health.status = "Suspended"
end
return health
