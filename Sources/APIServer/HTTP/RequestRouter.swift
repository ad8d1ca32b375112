import KubeClient
package import KubeRuntime

/// Routes requests: answers discovery and OpenAPI requests, and passes requests for objects to ``ResourceHandler``.
package struct RequestRouter: Sendable {
    private let cluster: Cluster
    private let openAPI: OpenAPIDocuments

    /// Creates a router for the cluster.
    package init(_ cluster: Cluster) {
        self.cluster = cluster
        openAPI = OpenAPIDocuments(cluster.registry)
    }

    /// Responds to a request; errors become `Status` objects.
    package func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        guard Self.isLocal(request.headers["Host"]) else {
            let why = "the sandbox accepts only requests to localhost"
            return .status(StatusError(code: 403, reason: "Forbidden", message: why))
        }
        do throws(StatusError) {
            return try await answer(request)
        } catch {
            return .status(error)
        }
    }

    /// Rejects foreign host names that resolve to this machine, so that web pages cannot reach the API (DNS rebinding).
    private static func isLocal(_ host: String?) -> Bool {
        guard let host else { return true }
        let name = host.hasPrefix("[") ? host.prefix { $0 != "]" }.dropFirst() : host.prefix { $0 != ":" }
        return ["127.0.0.1", "localhost", "::1", ""].contains(name)
    }

    private func answer(_ request: HTTPServerRequest) async throws(StatusError) -> HTTPServerResponse {
        let accept = request.headers["Accept"]
        let route = RequestRoute(request.segments)
        if case .object(let resource, let namespace, let name, let subresource) = route {
            if let review = AccessReview(resource), request.method == "POST" { return review.answer(to: request) }
            let handler = ResourceHandler(cluster, request)
            return try await handler.answer(resource, namespace: namespace, name: name, subresource: subresource)
        }
        guard request.method == "GET" || request.method == "HEAD" else {
            throw StatusError(
                code: 405, reason: "MethodNotAllowed",
                message: "the server does not allow this method on the requested resource")
        }
        let discovery = Discovery(cluster.registry.current)
        switch route {
        case .index: return .json(discovery.index.encoded)
        case .health: return .text("ok")
        case .version: return .json(Discovery.version.encoded)
        case .coreVersions: return discovery.coreVersions(accept: accept)
        case .groups: return discovery.groups(accept: accept)
        case .group(let group): return discovery.group(group).map { .json($0.encoded) } ?? .pageNotFound
        case .resources(let group, let version):
            return discovery.resources(group: group, version: version).map { .json($0.encoded) } ?? .pageNotFound
        case .openAPISummary:
            let isAccepted = MediaType.list(accept ?? "").contains { $0.type == OpenAPISummary.acceptedType }
            guard isAccepted else { throw .notAcceptable([OpenAPISummary.acceptedType]) }
            return HTTPServerResponse(
                status: 200, headers: ["Content-Type": OpenAPISummary.mediaType],
                body: .bytes(OpenAPISummary(cluster.registry.current.all).document))
        case .openAPIIndex: return .json(openAPI.index())
        case .openAPI(let group, let version):
            return openAPI.document(group: group, version: version).map { .json($0) } ?? .pageNotFound
        case .object, .unknown: return .pageNotFound
        }
    }
}

/// An access review; the sandbox allows everything.
private enum AccessReview: String {
    case ownAccess = "SelfSubjectAccessReview"
    case ownRules = "SelfSubjectRulesReview"
    case access = "SubjectAccessReview"
    case localAccess = "LocalSubjectAccessReview"

    init?(_ resource: GroupVersionResource) {
        guard resource.group == "authorization.k8s.io", resource.version == "v1" else { return nil }
        switch resource.resource {
        case "selfsubjectaccessreviews": self = .ownAccess
        case "selfsubjectrulesreviews": self = .ownRules
        case "subjectaccessreviews": self = .access
        case "localsubjectaccessreviews": self = .localAccess
        default: return nil
        }
    }

    func answer(to request: HTTPServerRequest) -> HTTPServerResponse {
        let question = try? RequestBody(request).object().object
        let review: JSONValue = [
            "kind": .string(rawValue), "apiVersion": "authorization.k8s.io/v1",
            "metadata": question?["metadata"] ?? [:], "spec": question?["spec"] ?? [:], "status": status,
        ]
        return .json(review.encoded, status: 201)
    }

    private var status: JSONValue {
        switch self {
        case .access, .localAccess, .ownAccess:
            ["allowed": true, "reason": "the sandbox allows all requests"]
        case .ownRules:
            [
                "incomplete": false,
                "resourceRules": [["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]],
                "nonResourceRules": [["verbs": ["*"], "nonResourceURLs": ["*"]]],
            ]
        }
    }
}

extension HTTPServerResponse {
    /// The API server's response for unknown paths.
    static let pageNotFound = HTTPServerResponse.text("404 page not found\n", status: 404)

    /// An error as a `Status` object.
    static func status(_ error: StatusError) -> HTTPServerResponse {
        var response = HTTPServerResponse.json(error.object.encoded, status: error.code)
        if let seconds = error.details?.retryAfterSeconds { response.headers.append("Retry-After", String(seconds)) }
        return response
    }

    /// The response with `Warning` headers.
    func warning(_ texts: [String]) -> HTTPServerResponse {
        var response = self
        for text in texts.prefix(20) {
            let quoted = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
            response.headers.append("Warning", "299 - \"\(String(quoted))\"")
        }
        return response
    }
}

/// The destination of a request, by its path.
enum RequestRoute: Hashable, Sendable {
    case index
    case health
    case version
    /// `/api`: the versions of the core group.
    case coreVersions
    /// `/apis`: all groups.
    case groups
    case group(String)
    /// The resources of a group and version.
    case resources(group: String, version: String)
    /// `/openapi/v2`, for old clients.
    case openAPISummary
    case openAPIIndex
    case openAPI(group: String, version: String)
    /// A collection, an object, or a subresource; the namespace is nil if the path has none.
    case object(GroupVersionResource, namespace: String?, name: String?, subresource: String?)
    case unknown

    init(_ segments: [String]) {
        var rest = segments[...]
        switch rest.popFirst() {
        case nil: self = .index
        case "healthz", "livez", "readyz": self = .health
        case "version": self = rest.isEmpty ? .version : .unknown
        case "api":
            guard let version = rest.popFirst() else {
                self = .coreVersions
                return
            }
            self = Self.inVersion(group: "", version: version, rest)
        case "apis":
            guard let group = rest.popFirst() else {
                self = .groups
                return
            }
            guard let version = rest.popFirst() else {
                self = .group(group)
                return
            }
            self = Self.inVersion(group: group, version: version, rest)
        case "openapi": self = Self.openAPI(rest)
        default: self = .unknown
        }
    }

    private static func inVersion(group: String, version: String, _ path: ArraySlice<String>) -> RequestRoute {
        let parts = Array(path)
        guard let first = parts.first else { return .resources(group: group, version: version) }
        func object(_ resource: String, _ namespace: String?, _ rest: ArraySlice<String>) -> RequestRoute {
            guard rest.count <= 2 else { return .unknown }
            return .object(
                GroupVersionResource(group: group, version: version, resource: resource), namespace: namespace,
                name: rest.first, subresource: rest.count == 2 ? rest.last : nil)
        }
        // `namespaces/x/status` is a subresource; `namespaces/x/pods` is a collection in the namespace.
        let isInNamespace =
            first == "namespaces" && parts.count > 2 && !(group.isEmpty && ["status", "finalize"].contains(parts[2]))
        return isInNamespace ? object(parts[2], parts[1], parts[3...]) : object(first, nil, parts[1...])
    }

    private static func openAPI(_ path: ArraySlice<String>) -> RequestRoute {
        switch Array(path) {
        case ["v2"]: .openAPISummary
        case ["v3"]: .openAPIIndex
        case let parts where parts.count == 3 && parts[0] == "v3" && parts[1] == "api":
            .openAPI(group: "", version: parts[2])
        case let parts where parts.count == 4 && parts[0] == "v3" && parts[1] == "apis":
            .openAPI(group: parts[2], version: parts[3])
        default: .unknown
        }
    }
}
