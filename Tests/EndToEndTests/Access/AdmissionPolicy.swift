import Foundation
import KubeClient
import TestSupport
import Testing

/// The policies of `deploy/policy`, bound to a test's namespace.
enum AdmissionPolicy: String, Sendable {
    case deny, warn

    /// Enforces the policy for executions and waits until it takes effect.
    func enforce(in workspace: Workspace) async throws {
        try await Self.bind(
            Repository.documents("deploy/policy/base/policy.yaml")
                + Repository.documents("deploy/policy/\(rawValue)/binding.yaml"), in: workspace)
        let visitor = try await TestUser.make("visitor", in: workspace, ["executions": Self.executions])
        try await poll("the policy is enforced", within: .seconds(60)) {
            let answer = try await visitor.create(Templates.execution("probe", engine: "tekton"), isDryRun: true)
            return (answer.message + answer.warnings).contains("may not start this execution")
        }
    }

    /// Enforces the policy for runs and waits until it takes effect.
    func enforceForRuns(in workspace: Workspace) async throws {
        try await Self.bind(
            Repository.documents("deploy/policy/runs/base/runs.yaml")
                + Repository.documents("deploy/policy/runs/\(rawValue)/binding.yaml"), in: workspace)
        let visitor = try await TestUser.make("visitor", in: workspace, ["runs": Self.runs])
        for engine in TestEngine.allCases {
            var run = engine.run("probe", of: "works")
            run[path: ["metadata", "labels", "towline.dev/execution-uid"]] = "u"
            let manifest = run.encodedString
            try await poll("the policy is enforced", within: .seconds(60)) {
                let answer = try await visitor.create(manifest, isDryRun: true)
                return (answer.message + answer.warnings).contains("only Towline marks runs")
            }
        }
    }

    /// Creates a policy, unless it exists, and a binding for the namespace.
    static func bind(_ documents: [JSONValue], in workspace: Workspace) async throws {
        let policy = try #require(documents.first)
        do {
            try await workspace.access.create(Types.type(of: policy), nil, policy)
        } catch let error as KubeError where error.isAlreadyExists {}
        var binding = try #require(documents.dropFirst().first)
        binding[path: ["metadata", "name"]] = .string("\(binding.name ?? "")-\(workspace.namespace)")
        binding[path: ["spec", "matchResources"]] = [
            "namespaceSelector": ["matchLabels": ["kubernetes.io/metadata.name": .string(workspace.namespace)]]
        ]
        try await workspace.access.create(Types.type(of: binding), nil, binding)
    }

    /// The permissions on runs that a role like `edit` has, with those on their status.
    static let runs: JSONValue = [
        [
            "apiGroups": ["tekton.dev", "argoproj.io"],
            "resources": ["pipelineruns", "pipelineruns/status", "workflows"],
            "verbs": ["get", "create", "update", "patch", "delete"],
        ]
    ]

    static let environments: JSONValue = [
        [
            "apiGroups": ["towline.dev"], "resources": ["environments"],
            "verbs": ["get", "create", "update", "patch", "delete"],
        ]
    ]

    static let executions: JSONValue = [
        [
            "apiGroups": ["towline.dev"], "resources": ["workflowexecutions"],
            "verbs": ["get", "create", "update", "patch", "delete"],
        ]
    ]
}

/// A user with permissions in a test's namespace.
struct TestUser: Sendable {
    struct Answer: Sendable {
        let code: Int
        let message: String
        let warnings: String
    }

    let name: String
    let namespace: String
    let access: ClusterAccess

    /// - Parameter rights: The rules of each role, by the role's name.
    static func make(_ name: String, in workspace: Workspace, _ rights: [String: JSONValue]) async throws -> TestUser {
        let kubeconfig = try workspace.cluster.kubeconfig(as: name)
        let user = TestUser(
            name: name, namespace: workspace.namespace, access: try ClusterAccess(kubeconfig: kubeconfig))
        for (role, rules) in rights { try await workspace.give(user, rules, as: "\(name)-\(role)") }
        return user
    }

    /// Tries to create an object; returns the API server's answer.
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

    /// Waits until the create succeeds, since new permissions take a moment to take effect.
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
