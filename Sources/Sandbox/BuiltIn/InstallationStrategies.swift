import KubeClient

extension ResourceStrategy {
    /// Changes of the desired state are counted, and nothing else is special.
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

    /// Roles and their bindings.
    static let rights: ResourceStrategy = {
        var strategy = ResourceStrategy()
        strategy.nameRule = .pathSegment
        strategy.validate = { new, old in
            guard let old, old["roleRef"] != new["roleRef"] else { return [] }
            return [.invalid("roleRef", new["roleRef"] ?? .null, "cannot change roleRef")]
        }
        return strategy
    }()
}
