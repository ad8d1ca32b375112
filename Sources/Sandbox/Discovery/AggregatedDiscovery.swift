import KubeClient
import KubeRuntime

/// All groups, versions and resources in one document, the form that clients since 1.27 ask for.
struct AggregatedDiscovery: Sendable {
    private let groups: [APIGroup]

    init(_ groups: [APIGroup]) {
        self.groups = groups
    }

    /// The version of the document a client wants; nil when it wants the older form.
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
