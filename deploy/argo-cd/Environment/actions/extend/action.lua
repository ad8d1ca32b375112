-- Sets the annotation, not spec.timeslot.end, so that it is no difference to what is in Git. A time after spec.timeslot.maxEnd
-- is refused by the operator, in the condition ExtensionRefused.
local expiresAt = obj.status ~= nil and obj.status.expiresAt or nil
if expiresAt == nil then
  return obj
end
-- Argo CD has no function that reads a time. Times in this format sort like their texts, so this finds the seconds since 1970
-- bit by bit, up to the year 6325.
local format = "!%Y-%m-%dT%H:%M:%SZ"
local seconds = 0
local bit = 68719476736
while bit >= 1 do
  if os.date(format, seconds + bit) <= expiresAt then
    seconds = seconds + bit
  end
  bit = bit / 2
end
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["towline.dev/extended-until"] = os.date(format, seconds + 7200)
return obj
