import KubeClient

/// How a strategic merge patch joins a list of a built-in kind with the one the object has.
enum ListMerge: Hashable {
    case replace
    /// A set of scalars.
    case union
    /// Objects told apart by one member.
    case byKey(String)

    /// The rule for a list `field` inside `parent` (the nearest field name above it, empty at the top).
    static func of(_ field: String, parent: String, kind: String) -> ListMerge {
        switch field {
        case "ports":
            if containerLists.contains(parent) { return .byKey("containerPort") }
            return kind == "Service" && parent == "spec" ? .byKey("port") : .replace
        case "finalizers": return parent == "metadata" || parent == "spec" ? .union : .replace
        default: return keys[field].map(ListMerge.byKey) ?? .replace
        }
    }

    private static let containerLists: Set<String> = ["containers", "initContainers", "ephemeralContainers"]

    private static let keys = [
        "containers": "name", "initContainers": "name", "ephemeralContainers": "name",
        "env": "name", "volumes": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
        "imagePullSecrets": "name", "secrets": "name", "resourceClaims": "name", "hostAliases": "ip",
        "topologySpreadConstraints": "topologyKey", "ownerReferences": "uid", "conditions": "type",
        "podIPs": "ip", "hostIPs": "ip", "addresses": "type", "taints": "key",
    ]

    /// The list with its elements that `order` names in that order; the others keep their places.
    func sorted(_ list: [JSONValue], like order: [JSONValue]) -> [JSONValue] {
        func identity(_ value: JSONValue) -> JSONValue? {
            if case .byKey(let key) = self { value[key] } else { value }
        }
        var ranks: [JSONValue: Int] = [:]
        for (rank, element) in order.enumerated() {
            if let identity = identity(element), ranks[identity] == nil { ranks[identity] = rank }
        }
        func rank(_ value: JSONValue) -> Int? { identity(value).flatMap { ranks[$0] } }
        let places = list.indices.filter { rank(list[$0]) != nil }
        let ordered = places.map { list[$0] }.enumerated().sorted { left, right in
            (rank(left.element) ?? 0, left.offset) < (rank(right.element) ?? 0, right.offset)
        }
        var result = list
        for (place, element) in zip(places, ordered) { result[place] = element.element }
        return result
    }
}
