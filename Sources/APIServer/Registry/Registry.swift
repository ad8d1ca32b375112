import KubeClient

/// The resources that are currently served.
final class Registry: Sendable {
    private let guarded: Locked<RegistryState>

    init(builtIn: [ServedResource]) {
        guarded = Locked(RegistryState(builtIn: builtIn))
    }

    /// A snapshot of the state.
    var current: RegistryState { guarded.withLock { $0 } }

    func resource(_ resource: GroupVersionResource) -> ServedResource? {
        guarded.withLock { $0.resource(resource) }
    }

    /// Replaces the resources of a definition.
    func define(_ definition: String, _ resources: [ServedResource]) {
        guarded.withLock { $0.define(definition, resources) }
    }
}

/// The served resources, by name and kind, and their order in discovery.
struct RegistryState: Sendable {
    private let builtIn: [ServedResource]
    private var custom: [(definition: String, resources: [ServedResource])] = []
    private var index: [GroupVersionResource: ServedResource] = [:]
    /// Incremented by each change, so that derived documents can be cached.
    private(set) var generation = 0

    init(builtIn: [ServedResource]) {
        self.builtIn = builtIn
        rebuildIndex()
    }

    func resource(_ resource: GroupVersionResource) -> ServedResource? { index[resource] }

    func resource(apiVersion: String, kind: String) -> ServedResource? {
        all.first { $0.apiVersion == apiVersion && $0.kind == kind }
    }

    /// A version of a resource, preferably the stored one; nil if none is served.
    func anyVersion(of resource: GroupResource) -> ServedResource? {
        all.first { $0.stored.resource == resource && $0.isStoredForm }
            ?? all.first { $0.stored.resource == resource }
    }

    var all: [ServedResource] { builtIn + custom.flatMap(\.resources) }

    mutating func define(_ definition: String, _ resources: [ServedResource]) {
        custom.removeAll { $0.definition == definition }
        if !resources.isEmpty { custom.append((definition, resources)) }
        rebuildIndex()
        generation += 1
    }

    private mutating func rebuildIndex() {
        index = [:]
        // A definition never replaces a built-in resource.
        for served in all where index[served.resource] == nil { index[served.resource] = served }
    }

    /// The groups in discovery order: core group first, then by name, with versions by priority.
    var groups: [APIGroup] {
        var versions: [String: [String]] = [:]
        var resources: [String: [ServedResource]] = [:]
        for served in all {
            if versions[served.group]?.contains(served.version) != true {
                versions[served.group, default: []].append(served.version)
            }
            resources[served.apiVersion, default: []].append(served)
        }
        return versions.keys.sorted().map { group in
            let ordered = (versions[group] ?? []).sorted { VersionPriority($0) > VersionPriority($1) }
            return APIGroup(
                name: group,
                versions: ordered.map { version in
                    let apiVersion = group.isEmpty ? version : "\(group)/\(version)"
                    return APIGroup.Version(name: version, resources: resources[apiVersion] ?? [])
                })
        }
    }
}

/// An API group.
struct APIGroup: Sendable {
    struct Version: Sendable {
        let name: String
        let resources: [ServedResource]
    }

    /// Empty for the core group.
    let name: String
    /// The preferred version comes first; never empty.
    let versions: [Version]
}

/// Orders API versions by priority: `v2`, `v1`, `v1beta1`, `v1alpha1`, then all others.
struct VersionPriority: Comparable, Sendable {
    /// 3 for stable, 2 for beta, 1 for alpha, 0 for other forms.
    private let stability: Int
    private let major: Int
    private let minor: Int
    private let text: String

    init(_ version: String) {
        text = version
        var rest = Substring(version)
        guard rest.first == "v", let major = Self.number(&rest, skipping: "v") else {
            (stability, major, minor) = (0, 0, 0)
            return
        }
        self.major = major
        if rest.isEmpty {
            (stability, minor) = (3, 0)
        } else if let minor = Self.number(&rest, skipping: "beta"), rest.isEmpty {
            (stability, self.minor) = (2, minor)
        } else if let minor = Self.number(&rest, skipping: "alpha"), rest.isEmpty {
            (stability, self.minor) = (1, minor)
        } else {
            (stability, minor) = (0, 0)
        }
    }

    private static func number(_ rest: inout Substring, skipping prefix: String) -> Int? {
        guard rest.hasPrefix(prefix) else { return nil }
        let tail = rest.dropFirst(prefix.count)
        let digits = tail.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        rest = tail.dropFirst(digits.count)
        return number
    }

    static func < (left: VersionPriority, right: VersionPriority) -> Bool {
        if left.stability == 0, right.stability == 0 { return left.text > right.text }
        return (left.stability, left.major, left.minor) < (right.stability, right.major, right.minor)
    }
}
