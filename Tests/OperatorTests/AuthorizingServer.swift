import KubeClient

@testable import Operator

/// An API server that only answers what its client is permitted to do.
final class AuthorizingServer: HTTPTransport {
    struct Question: Hashable, Sendable {
        let verb: String
        let group: String
        let resource: String
        let subresource: String?
        /// Nil when it is about all namespaces.
        let namespace: String?
        /// Nil when it is about all objects.
        var name: String?
    }

    /// The namespaces that exist. Unless nil, the client may read them.
    let existing = Locked<Set<String>?>(nil)
    /// While it is set, requests time out.
    let isUnreachable = Locked(false)
    /// The number of requests that timed out.
    let failures = Locked(0)
    private let allows: @Sendable (Question) -> Bool
    private let lists: @Sendable (Question) -> Bool
    private let asked = Locked([Question]())
    private let listed = Locked([String]())

    /// - Parameter lists: which of the rights it knows how to list.
    init(
        lists: @escaping @Sendable (Question) -> Bool = { _ in true },
        allows: @escaping @Sendable (Question) -> Bool
    ) {
        self.allows = allows
        self.lists = lists
    }

    /// The verbs that were asked for.
    var questions: [Question] { asked.withLock { $0 } }
    /// The namespaces of which all rights were asked for.
    var listings: [String] { listed.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard !isUnreachable.withLock({ $0 }) else {
            failures.withLock { $0 += 1 }
            throw TransportError(.timedOut, "no answer")
        }
        let spec = (try? JSONValue(parsing: request.body))?["spec"]
        switch request.target {
        case "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            let question = Self.question(spec?["resourceAttributes"])
            asked.withLock { $0.append(question) }
            return answer(["allowed": .bool(allows(question))])
        case "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews":
            let namespace = spec?["namespace"]?.stringValue ?? ""
            listed.withLock { $0.append(namespace) }
            return answer(["incomplete": true, "resourceRules": .array(rules(in: namespace)), "nonResourceRules": []])
        case let path where path.hasPrefix("/api/v1/namespaces/") && existing.withLock { $0 } != nil:
            return namespace(String(path.dropFirst("/api/v1/namespaces/".count)))
        default: return HTTPResponse(status: 404)
        }
    }

    func open(_ request: HTTPRequest) async throws(TransportError) -> HTTPStream {
        throw TransportError(.unreachable, "nothing is watched here")
    }

    private func answer(_ status: JSONValue) -> HTTPResponse {
        HTTPResponse(status: 201, body: (["status": status] as JSONValue).encoded)
    }

    private func namespace(_ name: String) -> HTTPResponse {
        if existing.withLock({ $0?.contains(name) == true }) {
            return HTTPResponse(status: 200, body: Array("{}".utf8))
        }
        let status: JSONValue = [
            "kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404,
            "message": .string("namespaces \"\(name)\" not found"), "details": ["name": .string(name)],
        ]
        return HTTPResponse(status: 404, body: status.encoded)
    }

    private static func question(_ attributes: JSONValue?) -> Question {
        func text(_ name: String) -> String? { attributes?[name]?.stringValue }
        return Question(
            verb: text("verb") ?? "", group: text("group") ?? "", resource: text("resource") ?? "",
            subresource: text("subresource"), namespace: text("namespace"), name: text("name"))
    }

    /// One rule for each verb, and one that is for an object of a certain name only.
    private func rules(in namespace: String) -> [JSONValue] {
        var rules: [JSONValue] = []
        if existing.withLock({ $0 }) != nil {
            rules.append(["verbs": ["get"], "apiGroups": [""], "resources": ["namespaces"]])
        }
        for right in Permission.all {
            let parts = right.resource.split(separator: "/").map(String.init)
            for verb in right.verbs {
                let question = Question(
                    verb: verb.rawValue, group: right.group, resource: parts[0],
                    subresource: parts.count > 1 ? parts[1] : nil, namespace: namespace)
                var rule: JSONValue = [
                    "verbs": [.string(verb.rawValue)], "apiGroups": [.string(right.group)],
                    "resources": [.string(right.resource)],
                ]
                // As the roles have it: of the lease of that name only.
                if right.isForOneName { rule["resourceNames"] = ["towline"] }
                if !(lists(question) && allows(question)) { rule["resourceNames"] = ["one"] }
                rules.append(rule)
            }
        }
        return rules
    }
}
