import Foundation
import KubeClient
import KubeRuntime
import TestSupport
import Testing

/// An operator with exactly its shipped permissions, and executions that make it use all of them.
struct RightsStage {
    /// How the operator is installed.
    enum Scope: String, CaseIterable, Sendable {
        /// Cluster roles, without `--namespace`.
        case clusterWide = "cluster-wide"
        /// Roles in the one namespace that it serves, which also contains its lease.
        case namespaced
    }

    let workspace: Workspace
    let proxy: InterceptingProxy
    let process: ChildProcess

    /// - Parameters:
    ///   - parts: The roles to grant.
    ///   - arguments: Additional flags.
    static func make(
        _ scope: Scope, parts: [OperatorRole] = OperatorRole.allCases, arguments: [String] = []
    ) async throws -> RightsStage {
        let cluster =
            try await scope == .clusterWide
            ? TestCluster.another(engineGroups: ["tekton.dev", "argoproj.io"]) : TestCluster.shared
        let workspace = try await Workspace.make("rights", on: cluster)
        try await workspace.create(Templates.all)
        if scope == .clusterWide { try await workspace.makeLeaseNamespace() }
        let kubeconfig = try await scope == .clusterWide ? cluster.operatorKubeconfig : workspace.bind(parts)
        let proxy = try InterceptingProxy(upstream: ClusterAccess(kubeconfig: kubeconfig).transport)
        let process = try ChildProcess(
            Repository.binary,
            [
                "operator", "--kubeconfig", try proxy.kubeconfig(in: cluster.directory).path, "--poll-interval", "1s",
                "--metrics-bind-address", "0", "--health-probe-bind-address", "0", "--leader-elect",
                "--leader-elect-resource-namespace",
                scope == .clusterWide ? HandOverTests.leaseNamespace : workspace.namespace,
            ] + (scope == .clusterWide ? [] : ["--namespace", workspace.namespace]) + arguments,
            directory: cluster.directory, name: "operator-rights-\(UUID().uuidString.prefix(8))")
        return RightsStage(workspace: workspace, proxy: proxy, process: process)
    }

    func end() async throws {
        #expect(try await process.stop() == 0)
        await proxy.shutdown()
    }

    /// Makes the operator use every permission for one engine.
    func play(_ engine: TestEngine) async throws {
        refuseSome(engine)
        for (name, workflow) in [("good", "works"), ("bad", "breaks"), ("held", "works"), ("contended", "works")] {
            try await workspace.create(
                Templates.execution("\(name)-\(engine)", engine: engine.rawValue, workflow: workflow))
        }
        for name in ["stopped", "bereft"] {
            try await workspace.create(
                Templates.execution("\(name)-\(engine)", engine: engine.rawValue, workflow: "takes-long"))
        }
        try await createFromCatalog(engine)
        if engine == .tekton { try await waitForApproval() }
        try await interfere(engine)
        let ends = [
            "good": "Success", "defined": "Success", "bad": "Failed", "held": "Success", "contended": "Success",
            "stopped": "Cancelled",
            "bereft": "Error",
        ]
        for (name, outcome) in ends {
            #expect(try await workspace.finished("\(name)-\(engine)").status("outcome") == outcome, "\(name)")
        }
        try await expireTTLs(engine)
    }

    /// An execution that names a definition.
    private func createFromCatalog(_ engine: TestEngine) async throws {
        try await workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowDefinition
            metadata: {name: \(engine)-1}
            spec: {name: \(engine), version: "1", engine: \(engine), ref: {name: works}}
            ---
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowExecution
            metadata: {name: defined-\(engine)}
            spec: {workflowRef: {definition: \(engine)@1}}
            """)
    }

    /// An environment that ends while its phase runs.
    func playEnvironment() async throws {
        try await workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowDefinition
            metadata: {name: up-1}
            spec: {name: up, version: "1", engine: tekton, ref: {name: takes-long}}
            ---
            apiVersion: towline.dev/v1alpha1
            kind: WorkflowDefinition
            metadata: {name: down-1}
            spec: {name: down, version: "1", engine: tekton, ref: {name: works}}
            ---
            apiVersion: towline.dev/v1alpha1
            kind: Lifecycle
            metadata: {name: preview-1}
            spec:
              name: preview
              version: "1"
              phases:
                - {name: up, engine: workflow, workflow: {name: up, version: "1"}}
                - {name: down, engine: workflow, teardown: true, workflow: {name: down, version: "1"}}
            ---
            apiVersion: towline.dev/v1alpha1
            kind: Environment
            metadata: {name: preview}
            spec: {lifecycleRef: {name: preview, version: "1"}, timeslot: {teardownSeconds: 300}}
            """)
        let namespace = workspace.namespace
        let type = ResourceType(
            group: "towline.dev", version: "v1alpha1", plural: "environments", kind: "Environment")
        func phase() async throws -> String? {
            try await workspace.access.get(type, namespace, "preview")?[path: ["status", "phase"]]?.stringValue
        }
        try await poll("the phase runs") { try await phase() == "Provisioning" }
        try await workspace.access.merge(type, namespace, "preview", ["spec": ["desired": "Inactive"]])
        try await poll("the environment is torn down") { try await phase() == "Inactive" }
    }

    /// A run whose only task is a CustomRun.
    private func waitForApproval() async throws {
        try await workspace.create(Templates.execution("asks-tekton", engine: "tekton"))
        let execution = try await workspace.execution("asks-tekton", until: "has a run") { $0.runName != nil }
        let run = PlayedRun(
            workspace: workspace, engine: .tekton, execution: "asks-tekton", name: execution.runName ?? "")
        try await run.write("approval")
    }

    private func interfere(_ engine: TestEngine) async throws {
        let namespace = workspace.namespace
        for name in ["stopped", "bereft"] {
            _ = try await workspace.execution("\(name)-\(engine)", until: "executes") {
                $0.status("reason") == "Executing"
            }
        }
        try await workspace.access.merge(
            Types.execution, namespace, "stopped-\(engine)", ["spec": ["shutdown": "Terminate"]])
        let bereft = try await workspace.execution("bereft-\(engine)")
        try await workspace.access.delete(engine.runType, namespace, try #require(bereft.runName))
    }

    /// Executions and runs with an expired TTL.
    private func expireTTLs(_ engine: TestEngine) async throws {
        for (name, field) in [("bare", "runTTLSecondsAfterFinished"), ("brief", "ttlSecondsAfterFinished")] {
            try await workspace.create(
                Templates.execution(
                    "\(name)-\(engine)", engine: engine.rawValue, more: "executionConfig: {\(field): 0}"))
        }
        try await poll("the execution and the run are deleted") {
            let brief = try await workspace.access.get(Types.execution, workspace.namespace, "brief-\(engine)")
            let bare = try await workspace.execution("bare-\(engine)")
            guard brief == nil, let run = bare.runName else { return false }
            return try await workspace.access.get(engine.runType, workspace.namespace, run) == nil
        }
    }

    /// Two creates of `held` fail at an unreachable webhook, and the first status write of `contended` conflicts. No
    /// controller of the installed engine picks up the run of `asks`.
    private func refuseSome(_ engine: TestEngine) {
        let refusals = Locked((creates: 2, statuses: 1))
        let namespace = workspace.namespace
        proxy.intervene { write in
            if write.createdRun == engine, let run = try? JSONValue(parsing: write.body),
                let name = run.name, name.hasPrefix("held-"), refusals.withLock({ Self.take(&$0.creates) }),
                let answer = try? RecordedAnswer("webhook-down", run: name, of: engine.runType, in: namespace)
            {
                return .refuse(answer.response)
            }
            if write.createdRun == engine, let run = try? JSONValue(parsing: write.body),
                run.name?.hasPrefix("asks-") == true
            {
                return .change(engine.neglected(run))
            }
            if write.path.hasSuffix("/contended-\(engine)/status"), refusals.withLock({ Self.take(&$0.statuses) }) {
                return .refuse(Self.conflict)
            }
            return .forward
        }
    }

    private static func take(_ count: inout Int) -> Bool {
        guard count > 0 else { return false }
        count -= 1
        return true
    }

    private static let conflict = HTTPServerResponse.json(
        ([
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Conflict", "code": 409,
            "message": "the object has been modified",
        ] as JSONValue).encoded, status: 409)
}
