import KubeClient
import KubeRuntime

/// Handles a request for objects: selects the verb, reads the parameters, and encodes the result in the requested form.
struct ResourceHandler: Sendable {
    let cluster: Cluster
    let request: HTTPServerRequest
    let query: QueryParameters

    init(_ cluster: Cluster, _ request: HTTPServerRequest) {
        self.cluster = cluster
        self.request = request
        query = QueryParameters(request.query.map { ($0.name, $0.value) })
    }

    func answer(
        _ resource: GroupVersionResource, namespace: String?, name: String?, subresource: String?
    ) async throws(StatusError) -> HTTPServerResponse {
        guard let served = cluster.registry.resource(resource) else { return .pageNotFound }
        let isScoped = namespace != nil
        guard isScoped ? served.isNamespaced : (!served.isNamespaced || name == nil) else { return .pageNotFound }
        var response: HTTPServerResponse
        if let name {
            let target = ObjectTarget(served: served, namespace: namespace ?? "", name: name)
            response = try await answer(about: target, subresource)
        } else {
            response = try answer(aboutAll: served, namespace: namespace)
        }
        if let warning = served.deprecationWarning { response = response.warning([warning]) }
        return response
    }

    private func answer(
        about target: ObjectTarget, _ subresource: String?
    ) async throws(StatusError) -> HTTPServerResponse {
        if subresource == "log", target.served.strategy.servesLogs, request.method == "GET" {
            return try LogHandler(cluster, query).answer(target)
        }
        guard subresource == nil || subresource == "status" && target.served.hasStatusSubresource else {
            return .pageNotFound
        }
        switch request.method {
        case "GET", "HEAD":
            if subresource == nil, try query.flag("watch") {
                return try watch(target.served, target.namespace, name: target.name)
            }
            return try get(target)
        case "PUT": return try put(target, subresource)
        case "PATCH": return try patch(target, subresource)
        case "DELETE" where subresource == nil: return try delete(target)
        default: throw Self.methodNotAllowed
        }
    }

    private func answer(aboutAll served: ServedResource, namespace: String?) throws(StatusError) -> HTTPServerResponse {
        switch request.method {
        case "GET", "HEAD":
            if try query.flag("watch") { return try watch(served, namespace, name: nil) }
            let parameters = try ListParameters(query, served)
            let page = try cluster.page(served, namespace: namespace, parameters)
            return .json(try representation().present(page, of: served, now: now))
        case "POST" where namespace != nil || !served.isNamespaced:
            let parameters = try writeParameters(nil)
            let body = try RequestBody(request).object()
            let result = try cluster.create(served, namespace: namespace ?? "", body, parameters)
            return try respond(result, served)
        case "DELETE" where (namespace != nil || !served.isNamespaced) && served.strategy.allowsDeleteCollection:
            return try deleteAll(served, namespace)
        default: throw Self.methodNotAllowed
        }
    }

    private static let methodNotAllowed = StatusError(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource")

    var now: Timestamp { cluster.environment.clock.now() }

    func representation() throws(StatusError) -> Representation {
        try Representation(accept: request.headers["Accept"], includeObject: query["includeObject"])
    }

    // MARK: Reading

    private func get(_ target: ObjectTarget) throws(StatusError) -> HTTPServerResponse {
        let form = try representation()
        let record = try cluster.record(target)
        return .json(try form.present([record.text], as: target.served, now: now))
    }

    private func watch(
        _ served: ServedResource, _ namespace: String?, name: String?
    ) throws(StatusError) -> HTTPServerResponse {
        let parameters = try ListParameters(query, served, name: name)
        let session = WatchSession(cluster, served, namespace: namespace, parameters, try representation())
        return HTTPServerResponse(
            status: 200, headers: ["Content-Type": "application/json"],
            body: .stream { writer in
                try await session.run { bytes in try await writer.write(bytes) }
            })
    }

    // MARK: Writing

    private func put(_ target: ObjectTarget, _ subresource: String?) throws(StatusError) -> HTTPServerResponse {
        let parameters = try writeParameters(subresource)
        let body = try RequestBody(request).object()
        return try respond(try cluster.replace(target, body, parameters), target.served)
    }

    private func patch(_ target: ObjectTarget, _ subresource: String?) throws(StatusError) -> HTTPServerResponse {
        let accepted = ObjectPatch.contentTypes(for: target.served)
        let type = MediaType(request.headers["Content-Type"] ?? "").type
        guard accepted.contains(type) else { throw .unsupportedMediaType(accepted) }
        let parameters = try writeParameters(subresource)
        let body = try RequestBody(request).patch(isYAML: type.hasSuffix("+yaml"))
        guard let patch = ObjectPatch(contentType: type, body.object) else { throw .unsupportedMediaType(accepted) }
        if case .apply = patch, (query["fieldManager"] ?? "").isEmpty {
            throw .invalid(
                group: "meta.k8s.io", kind: "PatchOptions", name: "",
                causes: [.required("fieldManager", "is required for apply patch")])
        }
        let result = try cluster.patch(target, patch, duplicates: body.duplicates, parameters)
        return try respond(result, target.served)
    }

    private func respond(_ result: WriteResult, _ served: ServedResource) throws(StatusError) -> HTTPServerResponse {
        let form = try representation()
        let bytes =
            form == .object
            ? result.object.encoded
            : try form.present([served.storedForm(of: result.object).encoded], as: served, now: now)
        return HTTPServerResponse.json(bytes, status: result.isCreated ? 201 : 200).warning(result.warnings)
    }

    // MARK: Deleting

    private func delete(_ target: ObjectTarget) throws(StatusError) -> HTTPServerResponse {
        let parameters = try DeleteParameters(query, try RequestBody(request).deleteOptions())
        switch try cluster.delete(target, parameters) {
        case .marked(let object): return .json(object.encoded)
        case .removed(let object):
            let resource = target.served.resource
            var details: JSONValue = ["name": .string(target.name)]
            if !resource.group.isEmpty { details["group"] = .string(resource.group) }
            details["kind"] = .string(resource.resource)
            details["uid"] = object["metadata"]?["uid"]
            let status: JSONValue = [
                "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
            ]
            return .json(status.encoded)
        }
    }

    private func deleteAll(_ served: ServedResource, _ namespace: String?) throws(StatusError) -> HTTPServerResponse {
        let selection = try ListParameters(query, served)
        let parameters = try DeleteParameters(query, try RequestBody(request).deleteOptions())
        let objects = try cluster.deleteCollection(
            served, namespace: namespace, labels: selection.labels, fields: selection.fields, parameters)
        let list: JSONValue = [
            "kind": .string(served.names.listKind), "apiVersion": .string(served.apiVersion),
            "metadata": ["resourceVersion": .string(String(cluster.storage.revision))], "items": .array(objects),
        ]
        return .json(list.encoded)
    }
}
