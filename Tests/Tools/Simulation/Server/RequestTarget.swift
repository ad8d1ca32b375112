import KubeClient

/// The parts of a request's path and query.
struct RequestTarget {
    let kind: ResourceKind
    var namespace: String?
    var name: String?
    var subresource: String?
    private var query: [String: String] = [:]

    /// Nil for paths that the simulated server does not serve.
    init?(_ target: String) {
        // By bytes: a simulation reads thousands of targets, and finding characters takes its time.
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1)
        var segments = (parts.first ?? "".utf8[...]).split(separator: UInt8(ascii: "/")).map { Self.decode($0) }[...]
        guard segments.popFirst() == "apis", let group = segments.popFirst(), segments.popFirst() != nil else {
            return nil
        }
        if segments.first == "namespaces", segments.count > 2 {
            segments.removeFirst()
            namespace = segments.popFirst()
        }
        guard let plural = segments.popFirst(), let kind = ResourceKind.of(group: group, plural: plural) else {
            return nil
        }
        self.kind = kind
        name = segments.popFirst()
        subresource = segments.popFirst()
        for member in parts.dropFirst().first?.split(separator: UInt8(ascii: "&")) ?? [] {
            let pair = member.split(separator: UInt8(ascii: "="), maxSplits: 1).map { Self.decode($0) }
            query[pair.first ?? ""] = pair.count > 1 ? pair[1] : ""
        }
    }

    private static func decode(_ bytes: Substring.UTF8View) -> String {
        let text = String(Substring(bytes))
        guard bytes.contains(UInt8(ascii: "%")) || bytes.contains(UInt8(ascii: "+")) else { return text }
        return text.percentDecoded(plusIsSpace: true) ?? ""
    }

    subscript(_ parameter: String) -> String? { query[parameter] }

    var selection: Selection {
        Selection(
            namespace: namespace, labels: LabelRequirement(self["labelSelector"]),
            name: self["fieldSelector"].flatMap { $0.hasPrefix("metadata.name=") ? String($0.dropFirst(14)) : nil })
    }
}

/// The objects of a collection that a list or watch selects.
struct Selection {
    let namespace: String?
    let labels: LabelRequirement
    let name: String?

    func includes(_ change: Change) -> Bool { includes(change.key, change.object) }

    func includes(_ key: ObjectKey, _ object: JSONValue) -> Bool {
        (namespace == nil || namespace == key.namespace) && (name == nil || name == key.name) && labels.holds(object)
    }
}

/// The three forms of a label selector that operators use.
enum LabelRequirement {
    case none
    case exists(String)
    case oneOf(String, Set<String>)

    init(_ selector: String?) {
        guard let selector, !selector.isEmpty else {
            self = .none
            return
        }
        if let range = selector.firstRange(of: " in (") {
            let values = selector[range.upperBound...].dropLast().split(separator: ",").map(String.init)
            self = .oneOf(String(selector[..<range.lowerBound]), Set(values))
        } else if let equals = selector.firstIndex(of: "=") {
            let value = selector[selector.index(after: equals)...].drop { $0 == "=" }
            self = .oneOf(String(selector[..<equals]), [String(value)])
        } else {
            self = .exists(selector)
        }
    }

    func holds(_ object: JSONValue) -> Bool {
        switch self {
        case .none: true
        case .exists(let key): object["metadata"]?["labels"]?[key] != nil
        case .oneOf(let key, let values):
            object["metadata"]?["labels"]?[key]?.stringValue.map(values.contains) ?? false
        }
    }
}
