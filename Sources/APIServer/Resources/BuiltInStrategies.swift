import KubeClient

extension ResourceStrategy {
    static let namespace: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.nameRule = .label
        strategy.allowsDeleteCollection = false
        strategy.prepareForCreation = { object in
            object[path: ["spec", "finalizers"]] = ["kubernetes"]
            object["status"] = ["phase": "Active"]
            object[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = object["metadata"]?["name"]
        }
        strategy.prepareForUpdate = { new, old in
            new["spec"] = old["spec"]
            new[path: ["metadata", "labels", "kubernetes.io/metadata.name"]] = old["metadata"]?["name"]
        }
        return strategy
    }()

    static let configMap: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.validate = { new, old in
            immutabilityErrors(new, old, fields: ["data", "binaryData"])
        }
        return strategy
    }()

    static let secret: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.prepareForCreation = { encodeStringData(&$0) }
        strategy.prepareForUpdate = { new, _ in encodeStringData(&new) }
        strategy.validate = { new, old in
            var causes = immutabilityErrors(new, old, fields: ["data"])
            if let old, old["type"] != new["type"] {
                causes.append(.invalid("type", new["type"] ?? .null, "field is immutable"))
            }
            return causes
        }
        return strategy
    }()

    static let persistentVolumeClaim: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.prepareForCreation = { claim in
            claim["status"] = ["phase": "Pending"]
            if claim["spec"]?["volumeMode"] == nil { claim[path: ["spec", "volumeMode"]] = "Filesystem" }
        }
        strategy.validate = { new, _ in ClaimRules.problems(of: new["spec"] ?? [:]) }
        return strategy
    }()

    static let pod: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.servesLogs = true
        strategy.prepareForCreation = { object in
            object["status"] = ["phase": "Pending"]
            if object["spec"]?["serviceAccountName"] == nil {
                object[path: ["spec", "serviceAccountName"]] = "default"
            }
        }
        strategy.validate = { new, _ in
            let containers = new["spec"]?["containers"]?.arrayValue ?? []
            return containers.isEmpty ? [.required("spec.containers")] : []
        }
        return strategy
    }()

    static let lease: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.allowsUnconditionalUpdate = false
        return strategy
    }()

    private static func immutabilityErrors(
        _ new: JSONValue, _ old: JSONValue?, fields: [String]
    ) -> [StatusError.Cause] {
        guard let old, old["immutable"] == true else { return [] }
        var causes: [StatusError.Cause] = []
        if new["immutable"] != true {
            causes.append(.forbidden("immutable", "field is immutable when `immutable` is set"))
        }
        for field in fields where new[field] != old[field] {
            causes.append(.forbidden(field, "field is immutable when `immutable` is set"))
        }
        return causes
    }

    /// Moves `stringData` of a Secret to `data`, and sets the default type.
    private static func encodeStringData(_ secret: inout JSONValue) {
        if let texts = secret["stringData"]?.objectValue {
            for text in texts {
                let bytes = Array((text.value.stringValue ?? "").utf8)
                secret[path: ["data", text.key]] = .string(Base64.encode(bytes))
            }
            secret["stringData"] = nil
        }
        if secret["type"] == nil { secret["type"] = "Opaque" }
    }
}

/// The rules for claims of storage.
enum ClaimRules {
    /// The access modes and their abbreviations.
    static let modes = [
        "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOnce": "RWO", "ReadWriteOncePod": "RWOP",
    ]

    static func problems(of spec: JSONValue) -> [StatusError.Cause] {
        let given = (spec["accessModes"]?.arrayValue ?? []).map { $0.stringValue ?? "" }
        var causes: [StatusError.Cause] = []
        if given.isEmpty { causes.append(.required("spec.accessModes", "at least 1 access mode is required")) }
        for mode in given where modes[mode] == nil {
            causes.append(.notSupported("spec.accessModes", mode, modes.keys.sorted()))
        }
        if spec[path: ["resources", "requests", "storage"]] == nil {
            causes.append(.required("spec.resources[storage]"))
        }
        return causes
    }
}

extension ResourceStrategy {
    /// The default rules, with generations.
    static let counted: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.hasGeneration = true
        return strategy
    }()

    static let deployment: ResourceStrategy = {
        var strategy = counted
        strategy.validate = { new, old in
            let selector = new[path: ["spec", "selector"]]
            let wanted = selector?["matchLabels"]?.objectValue ?? JSONObject()
            let labels = new[path: ["spec", "template", "metadata", "labels"]]
            var causes: [StatusError.Cause] = []
            if selector == nil { causes.append(.required("spec.selector")) }
            if wanted.contains(where: { labels?[$0.key] != $0.value }) {
                causes.append(
                    .invalid(
                        "spec.template.metadata.labels", labels ?? .null, "`selector` does not match template `labels`")
                )
            }
            if new[path: ["spec", "template", "spec", "containers"]]?.arrayValue?.isEmpty != false {
                causes.append(.required("spec.template.spec.containers"))
            }
            if let old, old[path: ["spec", "selector"]] != selector {
                causes.append(.invalid("spec.selector", selector ?? .null, "field is immutable"))
            }
            return causes
        }
        return strategy
    }()

    /// Roles and role bindings.
    static let rbac: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.nameRule = .pathSegment
        strategy.validate = { new, old in
            guard let old, old["roleRef"] != new["roleRef"] else { return [] }
            return [.invalid("roleRef", new["roleRef"] ?? .null, "cannot change roleRef")]
        }
        return strategy
    }()
}
