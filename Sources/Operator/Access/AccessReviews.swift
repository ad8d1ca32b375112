import KubeClient

/// The API server's answers to a client that asks what it may do; every user may ask that.
struct AccessReviews: Sendable {
    let client: KubeClient

    private static let group = "authorization.k8s.io"

    /// Asks for one verb; without a namespace, whether it is allowed in all of them, and without a name, of all objects.
    func allows(
        _ verb: Right.Verb, of right: Right, in namespace: String?, named name: String? = nil
    ) async throws(KubeError) -> Bool {
        let resource = right.resource.split(separator: "/", maxSplits: 1).map(String.init)
        var attributes: JSONObject = [
            "verb": .string(verb.rawValue), "group": .string(right.group), "resource": .string(resource.first ?? ""),
        ]
        if resource.count > 1 { attributes["subresource"] = .string(resource[1]) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        if let name { attributes["name"] = .string(name) }
        let answer = try await ask("SelfSubjectAccessReview", ["resourceAttributes": .object(attributes)])
        return answer["status"]?["allowed"] == true
    }

    /// Asks for all that is allowed in a namespace.
    func rules(in namespace: String) async throws(KubeError) -> AccessRules {
        AccessRules(try await ask("SelfSubjectRulesReview", ["namespace": .string(namespace)]))
    }

    private func ask(_ kind: String, _ spec: JSONValue) async throws(KubeError) -> JSONValue {
        let type = ResourceType(group: Self.group, version: "v1", plural: "\(kind.lowercased())s", kind: kind)
        let review: JSONValue = ["apiVersion": .string(type.apiVersion), "kind": .string(kind), "spec": spec]
        return try await client.create(type, namespace: nil, body: review.encoded) { (cursor) throws(JSONError) in
            try cursor.readValue()
        }
    }
}
