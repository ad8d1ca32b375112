import Foundation
import KubeClient
import TestSupport
import Testing

/// The policy of `deploy/policy`, put into force in a test's namespace only.
enum AdmissionPolicy: String, Sendable {
    case deny, warn

    /// Puts it into force, and waits until it is.
    func enforce(in workspace: Workspace) async throws {
        let policy = try #require(try Repository.documents("deploy/policy/base/policy.yaml").first)
        do {
            try await workspace.access.create(Types.type(of: policy), nil, policy)
        } catch let error as KubeError where error.isAlreadyExists {}
        var binding = try #require(
            try Repository.documents("deploy/policy/\(rawValue)/binding.yaml").first)
        binding[path: ["metadata", "name"]] = .string("\(binding.name ?? "")-\(workspace.namespace)")
        binding[path: ["spec", "matchResources"]] = [
            "namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": .string(workspace.namespace)]]
        ]
        try await workspace.access.create(Types.type(of: binding), nil, binding)
        let nobody = try await TestUser.make("nobody", in: workspace, ["executions": Self.executions])
        try await poll("the policy is in force", within: .seconds(60)) {
            let answer = try await nobody.create(Templates.execution("probe", engine: "tekton"), isDryRun: true)
            return (answer.message + answer.warnings).contains("may not start this execution")
        }
    }

    static let executions: JSONValue = [
        [
            "apiGroups": ["towline.dev"], "resources": ["workflowexecutions"],
            "verbs": ["get", "create", "update", "patch", "delete"],
        ]
    ]
}

/// A person of a cluster that knows users, with rights in a test's namespace.
struct TestUser: Sendable {
    struct Answer: Sendable {
        let code: Int
        let message: String
        let warnings: String
    }

    let name: String
    let namespace: String
    let access: ClusterAccess

    /// - Parameter rights: the rules of roles, by the name of each.
    static func make(_ name: String, in workspace: Workspace, _ rights: [String: JSONValue]) async throws -> TestUser {
        let kubeconfig = try workspace.cluster.kubeconfig(as: name)
        let user = TestUser(
            name: name, namespace: workspace.namespace, access: try ClusterAccess(kubeconfig: kubeconfig))
        for (role, rules) in rights { try await workspace.give(user, rules, as: "\(name)-\(role)") }
        return user
    }

    /// Tries to create one object, and says what the API server answered.
    func create(_ manifest: String, isDryRun: Bool = false) async throws -> Answer {
        let object = try #require(try YAML.documents(Array(manifest.utf8), source: "test").first)
        let path = Types.type(of: object).path(namespace: namespace)
        var request = HTTPRequest(.post, isDryRun ? "\(path)?dryRun=All" : path)
        request.contentType = "application/json"
        request.body = object.encoded
        let response = try await access.transport.send(request)
        return Answer(
            code: response.status, message: String(decoding: response.body, as: UTF8.self),
            warnings: response.headers["Warning"] ?? "")
    }

    /// Waits until the object is taken; it takes a moment until new rights are known everywhere.
    func succeed(_ manifest: String, isDryRun: Bool = true) async throws {
        try await poll("\(name) may create it") {
            let answer = try await create(manifest, isDryRun: isDryRun)
            guard answer.code == 201 else { throw DeadlineExceeded(description: answer.message) }
            return true
        }
    }
}

extension Workspace {
    func give(_ user: TestUser, _ rules: JSONValue, as role: String) async throws {
        try await grant(rules, to: ["kind": "User", "name": .string(user.name)], as: role)
    }
}
