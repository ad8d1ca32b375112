obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["towline.dev/retry-requested-at"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
