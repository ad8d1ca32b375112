-- The actions for an Environment (towline.dev). An action that would have no effect is disabled.
local status = obj.status or {}
local annotations = obj.metadata.annotations or {}
local hasTeardown = false
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "TornDown" then
    hasTeardown = true
  end
end
local deleted = obj.metadata.deletionTimestamp ~= nil
local inactive = status.phase == "Inactive"
local ending = deleted or inactive or status.phase == "Terminating" or obj.spec.desired == "Inactive"
local failed = status.phase == "Failed" or status.phase == "Degraded"
local teardownFailed = status.phase == "Terminating" and status.reason == "TeardownFailed"
return {
  extend = {
    displayName = "Extend: expire two hours later",
    iconClass = "fa fa-fw fa-clock",
    disabled = ending or status.expiresAt == nil,
  },
  ["retry-phase"] = {
    displayName = "Retry the failed phase",
    iconClass = "fa fa-fw fa-redo",
    disabled = not (failed and not ending) and not teardownFailed,
  },
  deactivate = {
    displayName = "Deactivate: tear down permanently",
    iconClass = "fa fa-fw fa-power-off",
    disabled = ending,
  },
  ["skip-teardown"] = {
    displayName = "Skip teardown: leave what it would clean up",
    iconClass = "fa fa-fw fa-unlink",
    disabled = inactive or status.phase ~= "Terminating" and not deleted or not hasTeardown
      or annotations["towline.dev/skip-teardown"] == "true",
  },
}
