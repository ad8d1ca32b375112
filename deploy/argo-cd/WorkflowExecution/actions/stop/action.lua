if obj.spec.shutdown == nil then
  obj.spec.shutdown = "Stop"
end
return obj
