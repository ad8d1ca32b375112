import KubeClient
import TestSupport
import Testing

/// Users cannot run anything through Towline that they may not run directly.
@Suite(.serialized, .enabled(if: TestCluster.knowsUsers, "the sandbox evaluates no admission policies"))
struct AdmissionPolicyTests {
    private static func runs(_ engine: TestEngine) -> JSONValue {
        [
            [
                "apiGroups": [.string(engine.runType.group)], "resources": [.string(engine.runType.plural)],
                "verbs": ["create"],
            ]
        ]
    }

    private static func account(_ verb: String) -> JSONValue {
        [
            [
                "apiGroups": [""], "resources": ["serviceaccounts"], "resourceNames": ["restarter"],
                "verbs": [.string(verb)],
            ]
        ]
    }

    private func execution(_ engine: TestEngine, account: String? = nil) -> String {
        Templates.execution(
            "asked", engine: engine.rawValue,
            more: account.map { "executionConfig: {serviceAccountName: \($0)}" } ?? "")
    }

    @Test(arguments: TestEngine.allCases)
    func `refuses an execution whose author may not create the run`(_ engine: TestEngine) async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let other: TestEngine = engine == .tekton ? .argo : .tekton
        let alice = try await TestUser.make(
            "alice", in: workspace, ["executions": AdmissionPolicy.executions, "others": Self.runs(other)])
        try await alice.succeed(execution(other))
        let answer = try await alice.create(execution(engine))
        #expect(answer.code == 403)
        let text = """
            alice may not start this execution: permission to create \(engine.runType.plural).\(engine.runType.group) in \
            namespace \(workspace.namespace) is missing
            """
        #expect(answer.message.contains(text), "\(answer.message)")
        #expect(try await workspace.access.get(Types.execution, workspace.namespace, "asked") == nil)
        try await workspace.give(alice, Self.runs(engine), as: "runs")
        try await alice.succeed(execution(engine), isDryRun: false)
    }

    @Test(arguments: TestEngine.allCases, ["use", "impersonate"])
    func `requires the use verb for a named service account`(_ engine: TestEngine, _ verb: String) async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let bob = try await TestUser.make(
            "bob", in: workspace, ["executions": AdmissionPolicy.executions, "runs": Self.runs(engine)])
        try await bob.succeed(execution(engine))
        let answer = try await bob.create(execution(engine, account: "restarter"))
        #expect(answer.code == 403)
        let text = """
            bob may not start this execution as restarter: permission to use serviceaccounts/restarter in namespace \
            \(workspace.namespace) is missing
            """
        #expect(answer.message.contains(text), "\(answer.message)")
        try await workspace.give(bob, Self.account(verb), as: "account")
        try await bob.succeed(execution(engine, account: "restarter"), isDryRun: false)
        #expect(try await bob.create(execution(engine, account: "another"), isDryRun: true).code == 403)
    }

    @Test func `checks Tekton permissions if no engine is named`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let carol = try await TestUser.make(
            "carol", in: workspace, ["executions": AdmissionPolicy.executions, "runs": Self.runs(.tekton)])
        let manifest = execution(.tekton).replacing(", engine: tekton", with: "")
        #expect(!manifest.contains("engine"))
        try await carol.succeed(manifest)
        let dave = try await TestUser.make(
            "dave", in: workspace, ["executions": AdmissionPolicy.executions, "runs": Self.runs(.argo)])
        try await dave.succeed(execution(.argo))
        #expect(try await dave.create(manifest).message.contains("create pipelineruns.tekton.dev"))
    }

    private static let definitions: JSONValue = [
        ["apiGroups": ["towline.dev"], "resources": ["workflowdefinitions"], "verbs": ["get", "create"]]
    ]

    @Test func `requires permission for what a definition can stand for`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let ivan = try await TestUser.make(
            "ivan", in: workspace, ["executions": AdmissionPolicy.executions, "runs": Self.runs(.tekton)])
        func execution(_ engine: String) -> String {
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowExecution
            metadata: {name: asked}
            spec: {workflowRef: {definition: a@1\(engine)}}
            """
        }
        try await ivan.succeed(execution(", engine: tekton"))
        let answer = try await ivan.create(execution(""))
        #expect(answer.code == 403)
        #expect(answer.message.contains("permission to create workflows.argoproj.io"), "\(answer.message)")
        #expect(answer.message.contains("set spec.workflowRef.engine"), "\(answer.message)")
        try await workspace.give(ivan, Self.runs(.argo), as: "argo")
        try await ivan.succeed(execution(""), isDryRun: false)
    }

    @Test func `requires the use verb for the service account of a definition`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let judy = try await TestUser.make("judy", in: workspace, ["definitions": Self.definitions])
        func definition(_ config: String) -> String {
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowDefinition
            metadata: {name: a-1}
            spec: {name: a, version: "1", engine: tekton\(config)}
            """
        }
        try await judy.succeed(definition(""))
        let named = definition(", executionConfig: {serviceAccountName: restarter}")
        let answer = try await judy.create(named)
        #expect(answer.code == 403)
        let text = """
            judy may not create this definition for restarter: permission to use serviceaccounts/restarter in namespace \
            \(workspace.namespace) is missing
            """
        #expect(answer.message.contains(text), "\(answer.message)")
        try await workspace.give(judy, Self.account("use"), as: "account")
        try await judy.succeed(named, isDryRun: false)
    }

    private func environment(_ more: String = "") -> String {
        """
        apiVersion: towline.dev/v1alpha1
        kind: Environment
        metadata: {name: asked}
        spec: {lifecycleRef: {name: preview, version: "1"}\(more)}
        """
    }

    @Test func `requires permission for what the phases of an environment can run`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let kate = try await TestUser.make(
            "kate", in: workspace, ["environments": AdmissionPolicy.environments, "runs": Self.runs(.tekton)])
        try await kate.succeed(
            """
            apiVersion: towline.dev/v1alpha1
            kind: Environment
            metadata: {name: runs-nothing}
            spec: {lifecycle: {phases: [{name: wait, engine: pipeline, steps: [{pause: {seconds: 1}}]}]}}
            """)
        let answer = try await kate.create(environment())
        #expect(answer.code == 403)
        #expect(
            answer.message.contains("kate may not create this environment: permission to create workflows.argoproj.io"),
            "\(answer.message)")
        try await workspace.give(kate, Self.runs(.argo), as: "argo")
        try await kate.succeed(environment())
        let named = environment(", executionConfig: {serviceAccountName: restarter}")
        let refusal = try await kate.create(named)
        #expect(refusal.code == 403)
        let text = """
            kate may not create this environment for restarter: permission to use serviceaccounts/restarter in namespace \
            \(workspace.namespace) is missing
            """
        #expect(refusal.message.contains(text), "\(refusal.message)")
        try await workspace.give(kate, Self.account("use"), as: "account")
        try await kate.succeed(named, isDryRun: false)
    }

    /// Signals and the end of an environment start what its author named.
    @Test func `lets anyone who can change an environment signal and end it`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let leo = try await TestUser.make("leo", in: workspace, ["environments": AdmissionPolicy.environments])
        try await workspace.create(environment(", executionConfig: {serviceAccountName: restarter}"))
        let type = Types.type(of: ["apiVersion": "towline.dev/v1alpha1", "kind": "Environment"])
        for change: JSONValue in [
            ["spec": ["signals": ["submitted"]]], ["spec": ["desired": "Inactive"]],
            ["metadata": ["annotations": ["towline.dev/retry-requested-at": "1"]]],
        ] {
            try await poll("the change is accepted") {
                try await leo.access.merge(type, workspace.namespace, "asked", change)
                return true
            }
        }
    }

    /// The shipped role has no permission to use service accounts, and this one none to create Workflows.
    @Test func `lets the operator create the executions of environments`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let rules = try #require(try OperatorRole.executions.manifest()["rules"])
        let robot = try await TestUser.make("robot", in: workspace, ["operator": rules])
        let mallory = try await TestUser.make("mallory", in: workspace, ["executions": AdmissionPolicy.executions])
        let manifest = execution(.argo, account: "restarter")
            .replacing("name: asked", with: "name: asked, labels: {towline.dev/environment-uid: u}")
        #expect(manifest.contains("environment-uid"))
        try await robot.succeed(manifest, isDryRun: false)
        try await poll("mallory may create executions") {
            let answer = try await mallory.create(manifest, isDryRun: true)
            return answer.code == 403 && answer.message.contains("mallory may not start this execution")
        }
    }

    /// Stopping an execution requires no permission to create runs.
    @Test func `lets anyone who can change an execution stop it`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let erin = try await TestUser.make("erin", in: workspace, ["executions": AdmissionPolicy.executions])
        try await workspace.create(execution(.argo, account: "restarter"))
        try await poll("the shutdown is accepted") {
            try await erin.access.merge(
                Types.execution, workspace.namespace, "asked", ["spec": ["shutdown": "Terminate"]])
            return true
        }
    }

    @Test func `only warns in the audit variant`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.warn.enforce(in: workspace)
        let frank = try await TestUser.make("frank", in: workspace, ["executions": AdmissionPolicy.executions])
        let answer: TestUser.Answer = try await poll("frank may create executions") {
            let answer = try await frank.create(execution(.tekton))
            return answer.code == 201 ? answer : nil
        }
        #expect(answer.warnings.contains("frank may not start this execution"), "\(answer.warnings)")
    }

    /// The example of access.md agrees with the options of the operator.
    @Test func `the policy of access.md restricts where workflows come from`() async throws {
        let page = try Repository.text("docs/access.md")
        let block = try #require(
            page.matches(of: /```yaml\n([^`]*towline-sources[^`]*)```/).first.map { String($0.output.1) })
        let workspace = try await Workspace.make("sources")
        try await AdmissionPolicy.bind(YAML.documents(Array(block.utf8), source: "docs/access.md"), in: workspace)
        let heidi = try await TestUser.make("heidi", in: workspace, ["executions": AdmissionPolicy.executions])
        func execution(_ reference: String) -> String {
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowExecution
            metadata: {name: asked}
            spec: {workflowRef: {workflowId: w\(reference.isEmpty ? "" : ", ")\(reference)}}
            """
        }
        try await poll("the policy is enforced", within: .seconds(60)) {
            let answer = try await heidi.create(execution("containerImage: evil.example/a"), isDryRun: true)
            return answer.message.contains("workflows must come from registry.example/workflows")
        }
        func bundle(_ image: String) -> String { "resolver: {name: bundles, params: {bundle: \"\(image)\", name: w}}" }
        for reference in [
            "", "name: other", "engine: argo", "containerImage: registry.example/workflows/a:1",
            "containerImage: registry.example/workflows/a/b-c", bundle("registry.example/workflows/a:1"),
            "resolver: {name: git, params: {url: u}}",
        ] {
            let answer = try await heidi.create(execution(reference), isDryRun: true)
            #expect(answer.code == 201, "\(reference): \(answer.message)")
        }
        for reference in [
            "containerImage: registry.example/workflows-evil/a", "containerImage: registry.example.evil/workflows/a",
            "containerImage: registry.example/workflows/../a", "containerImage: registry-example/workflows/a",
            bundle("evil.example/a"), bundle("evil.example/registry.example/workflows/a"), "resolver: {name: bundles}",
            bundle("registry.example/workflows/a\\nx"), "resolver: {name: http, params: {url: u}}",
        ] {
            #expect(try await heidi.create(execution(reference), isDryRun: true).code == 422, "\(reference)")
        }
    }

    /// The cluster's role `edit` can impersonate service accounts, but does not include the engines' resources.
    @Test func `extends the role edit`() async throws {
        let workspace = try await Workspace.make("policy")
        try await AdmissionPolicy.deny.enforce(in: workspace)
        let grace = try await TestUser.make("grace", in: workspace, ["runs": Self.runs(.tekton)])
        let group: JSONValue = "rbac.authorization.k8s.io"
        let binding: JSONValue = [
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": ["name": "editors"],
            "roleRef": ["apiGroup": group, "kind": "ClusterRole", "name": "edit"],
            "subjects": [["apiGroup": group, "kind": "User", "name": "grace"]],
        ]
        try await workspace.access.create(Types.type(of: binding), workspace.namespace, binding)
        try await grace.succeed(execution(.tekton, account: "restarter"))
        #expect(try await grace.create(execution(.argo)).message.contains("create workflows.argoproj.io"))
    }
}
