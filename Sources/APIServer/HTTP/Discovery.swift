import KubeClient
import KubeRuntime

/// The discovery documents in the older form: lists of groups, versions and resources.
struct Discovery: Sendable {
    let groups: [APIGroup]

    /// The version that `kubectl version` shows; the minor version is the API level whose behavior the sandbox follows.
    static let version: JSONValue = [
        "major": "1", "minor": "33", "gitVersion": "v1.33.0-towline", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "swiftc", "platform": "linux",
    ]

    init(_ registry: RegistryState) {
        groups = registry.groups
    }

    /// The paths that the server answers.
    var index: JSONValue {
        var paths = ["/api", "/api/v1", "/apis"]
        for group in groups where !group.name.isEmpty {
            paths.append("/apis/\(group.name)")
            paths += group.versions.map { "/apis/\(group.name)/\($0.name)" }
        }
        paths += ["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"]
        return ["paths": .array(paths.map { .string($0) })]
    }

    func coreVersions(accept: String?) -> HTTPServerResponse {
        if let version = AggregatedDiscovery.version(accept: accept) {
            return AggregatedDiscovery(groups.filter { $0.name.isEmpty }).response(version)
        }
        let versions: JSONValue = [
            "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [],
        ]
        return .json(versions.encoded)
    }

    func groups(accept: String?) -> HTTPServerResponse {
        let named = groups.filter { !$0.name.isEmpty }
        if let version = AggregatedDiscovery.version(accept: accept) {
            return AggregatedDiscovery(named).response(version)
        }
        let list: JSONValue = [
            "kind": "APIGroupList", "apiVersion": "v1", "groups": .array(named.map(Self.describe)),
        ]
        return .json(list.encoded)
    }

    /// A group; nil if it is not served.
    func group(_ name: String) -> JSONValue? {
        guard !name.isEmpty, let group = groups.first(where: { $0.name == name }) else { return nil }
        var document = Self.describe(group)
        document["kind"] = "APIGroup"
        document["apiVersion"] = "v1"
        return document
    }

    private static func describe(_ group: APIGroup) -> JSONValue {
        let versions: [JSONValue] = group.versions.map { version in
            ["groupVersion": .string("\(group.name)/\(version.name)"), "version": .string(version.name)]
        }
        return [
            "name": .string(group.name), "versions": .array(versions), "preferredVersion": versions.first ?? [:],
        ]
    }

    /// The resources of a version; nil if it is not served.
    func resources(group: String, version: String) -> JSONValue? {
        guard
            let resources = groups.first(where: { $0.name == group })?
                .versions.first(where: { $0.name == version })?.resources
        else { return nil }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
            "resources": .array(resources.flatMap(Self.describe)),
        ]
    }

    private static func describe(_ served: ServedResource) -> [JSONValue] {
        var main: JSONValue = [
            "name": .string(served.names.plural), "singularName": .string(served.names.singular),
            "namespaced": .bool(served.isNamespaced), "kind": .string(served.kind),
            "verbs": texts(served.verbs),
        ]
        if !served.names.shortNames.isEmpty { main["shortNames"] = texts(served.names.shortNames) }
        if !served.names.categories.isEmpty { main["categories"] = texts(served.names.categories) }
        let parts: [JSONValue] = served.subresources.map { subresource in
            [
                "name": .string("\(served.names.plural)/\(subresource)"), "singularName": "",
                "namespaced": .bool(served.isNamespaced), "kind": .string(served.kind),
                "verbs": texts(verbs(of: subresource)),
            ]
        }
        return [main] + parts
    }

    static func verbs(of subresource: String) -> [String] {
        subresource == "log" ? ["get"] : ["get", "patch", "update"]
    }

    static func texts(_ list: [String]) -> JSONValue { .array(list.map { .string($0) }) }
}

/// All groups, versions and resources in one document, as clients since 1.27 request it.
struct AggregatedDiscovery: Sendable {
    private let groups: [APIGroup]

    init(_ groups: [APIGroup]) {
        self.groups = groups
    }

    /// The requested version of the document; nil if the client wants the older form.
    static func version(accept: String?) -> String? {
        for clause in MediaType.list(accept ?? "") where clause.isJSON {
            guard clause.parameters["as"] == "APIGroupDiscoveryList" else { return nil }
            if let version = clause.parameters["v"], ["v2", "v2beta1"].contains(version) { return version }
        }
        return nil
    }

    func response(_ version: String) -> HTTPServerResponse {
        let document: JSONValue = [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
            "metadata": [:], "items": .array(groups.map(describe)),
        ]
        var response = HTTPServerResponse(status: 200, body: .bytes(document.encoded))
        response.headers.append(
            "Content-Type", "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList")
        return response
    }

    private func describe(_ group: APIGroup) -> JSONValue {
        let metadata: JSONValue = group.name.isEmpty ? [:] : ["name": .string(group.name)]
        let versions: [JSONValue] = group.versions.map { version in
            [
                "version": .string(version.name), "resources": .array(version.resources.map(describe)),
                "freshness": "Current",
            ]
        }
        return ["metadata": metadata, "versions": .array(versions)]
    }

    private func describe(_ served: ServedResource) -> JSONValue {
        let kind: JSONValue = [
            "group": .string(served.group), "version": .string(served.version), "kind": .string(served.kind),
        ]
        var resource: JSONValue = [
            "resource": .string(served.names.plural), "responseKind": kind,
            "scope": served.isNamespaced ? "Namespaced" : "Cluster",
            "singularResource": .string(served.names.singular), "verbs": Discovery.texts(served.verbs),
        ]
        if !served.names.shortNames.isEmpty { resource["shortNames"] = Discovery.texts(served.names.shortNames) }
        if !served.names.categories.isEmpty { resource["categories"] = Discovery.texts(served.names.categories) }
        let parts: [JSONValue] = served.subresources.map { subresource in
            [
                "subresource": .string(subresource), "responseKind": kind,
                "verbs": Discovery.texts(Discovery.verbs(of: subresource)),
            ]
        }
        if !parts.isEmpty { resource["subresources"] = .array(parts) }
        return resource
    }
}
