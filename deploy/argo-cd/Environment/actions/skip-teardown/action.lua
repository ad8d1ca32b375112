obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["towline.dev/skip-teardown"] = "true"
return obj
