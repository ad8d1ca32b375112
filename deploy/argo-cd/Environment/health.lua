-- The health of an Environment (towline.dev) in Argo CD. Its status follows kstatus: observedGeneration says which spec it is
-- based on. Inactive is final, so an inactive environment ignores observedGeneration.
local health = { status = "Progressing", message = "No operator has read the environment yet" }
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
local stalled = false
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Stalled" and condition.status == "True" then
    stalled = true
  end
end
if obj.metadata.deletionTimestamp ~= nil then
  -- It is torn down first.
  health.status = "Progressing"
elseif status.phase == "Inactive" then
  -- Nothing is running. Stalled says that something may be left.
  health.status = stalled and "Degraded" or "Suspended"
elseif observed ~= tonumber(obj.metadata.generation) then
  health.message = "The operator has not read the newest spec yet"
elseif status.phase == "Failed" or status.phase == "Degraded" then
  health.status = "Degraded"
elseif status.phase == "Active" then
  health.status = status.reason == "WaitingForSignal" and "Suspended" or "Healthy"
end
return health
