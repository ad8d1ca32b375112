obj.spec.desired = "Inactive"
return obj
