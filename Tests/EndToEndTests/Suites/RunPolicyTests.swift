import KubeClient
import TestSupport
import Testing

/// Whether a user can pass off another run as the run of an execution.
@Suite(.serialized) struct RunPolicyTests {
    /// The run that a user posts before the operator does: with the name and the owner that the operator expects, but of
    /// a workflow that succeeds.
    private func forgedRun(of execution: JSONValue, _ engine: TestEngine) throws -> JSONValue {
        let uid = try #require(execution.uid)
        let name = try #require(execution.name)
        var run = engine.run("\(name)-\(uid.filter { $0 != "-" }.prefix(10))", of: "works")
        run[path: ["metadata", "labels", "towline.dev/execution-uid"]] = .string(uid)
        run[path: ["metadata", "ownerReferences"]] = [owner(execution)]
        run["status"] =
            engine == .argo
            ? ["phase": "Succeeded", "startedAt": "2026-01-01T10:00:00Z", "finishedAt": "2026-01-01T10:00:01Z"]
            : ["conditions": [["type": "Succeeded", "status": "True", "reason": "Succeeded"]]]
        return run
    }

    private func owner(_ execution: JSONValue) -> JSONValue {
        [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
            "name": execution["metadata"]?["name"] ?? "",
            "uid": execution["metadata"]?["uid"] ?? "", "controller": true, "blockOwnerDeletion": true,
        ]
    }

    /// An execution of a workflow that fails, before an operator has seen it.
    private func victim(_ engine: TestEngine, in workspace: Workspace) async throws -> JSONValue {
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("victim", engine: engine.rawValue, workflow: "breaks"))
        return try await workspace.execution("victim")
    }

    /// SECURITY.md says so. With the policy, see the next test.
    @Test(arguments: TestEngine.allCases)
    func `without the policy an execution reports the run that a user created first`(_ engine: TestEngine) async throws
    {
        let workspace = try await Workspace.make("forged")
        let forged = try forgedRun(of: try await victim(engine, in: workspace), engine)
        if TestCluster.knowsUsers {
            let mallory = try await TestUser.make("mallory", in: workspace, ["runs": AdmissionPolicy.runs])
            try await mallory.succeed(forged.encodedString, isDryRun: false)
        } else {
            try await workspace.access.create(engine.runType, workspace.namespace, forged)
        }
        let process = try workspace.startOperator()
        let execution = try await workspace.finished("victim")
        #expect(execution.verdict == "Completed/Success/Succeeded")
        #expect(execution.runName == forged.name)
        #expect(try await process.stop() == 0)
    }

    @Test(
        .enabled(if: TestCluster.knowsUsers, "the sandbox evaluates no admission policies"),
        arguments: TestEngine.allCases)
    func `the policy refuses a run that someone else passes off as that of an execution`(_ engine: TestEngine)
        async throws
    {
        let workspace = try await Workspace.make("reserved")
        try await AdmissionPolicy.deny.enforceForRuns(in: workspace)
        let execution = try await victim(engine, in: workspace)
        let forged = try forgedRun(of: execution, engine)
        let mallory = try await TestUser.make("mallory", in: workspace, ["runs": AdmissionPolicy.runs])
        try await mallory.succeed(engine.run("own", of: "works").encodedString, isDryRun: false)

        var unlabelled = forged
        unlabelled[path: ["metadata", "labels"]] = nil
        var unowned = forged
        unowned[path: ["metadata", "ownerReferences"]] = nil
        var helper = forged
        helper[path: ["metadata", "ownerReferences"]] = [
            child("PipelineRun", "tekton.dev/v1"),
            owner(execution).merging(["controller": false]),
        ]
        for (run, message) in [
            (forged, "may not set the label towline.dev/execution-uid: only Towline marks runs of executions"),
            (unowned, "mallory may not set the label towline.dev/execution-uid"),
            (unlabelled, "mallory may not make a WorkflowExecution the owner of this \(engine.runType.kind)"),
            (helper, "mallory may not make a WorkflowExecution the owner"),
        ] {
            let answer = try await mallory.create(run.encodedString)
            #expect(answer.code == 403)
            #expect(answer.message.contains(message), "\(answer.message)")
        }
        for patch: JSONValue in [
            ["metadata": ["labels": ["towline.dev/execution-uid": .string(execution.uid ?? "")]]],
            ["metadata": ["ownerReferences": [owner(execution)]]],
        ] {
            await #expect(throws: KubeError.self) {
                try await mallory.access.merge(engine.runType, workspace.namespace, "own", patch)
            }
        }
        let process = try workspace.startOperator()
        let ended = try await workspace.finished("victim")
        #expect(ended.status("outcome") == "Failed" && ended.status("phase") == "Failed", "\(ended.verdict)")
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await process.stop() == 0)
    }

    /// Everything that users and controllers do with runs without claiming one for an execution.
    @Test(
        .enabled(if: TestCluster.knowsUsers, "the sandbox evaluates no admission policies"),
        arguments: TestEngine.allCases)
    func `the policy lets changes pass that claim nothing`(_ engine: TestEngine) async throws {
        let workspace = try await Workspace.make("unclaimed")
        try await AdmissionPolicy.deny.enforceForRuns(in: workspace)
        try await workspace.create(Templates.all)
        let process = try workspace.startOperator()
        try await workspace.create(Templates.execution("long", engine: engine.rawValue, workflow: "takes-long"))
        let execution = try await workspace.execution("long", until: "executes") { $0.status("reason") == "Executing" }
        let name = try #require(execution.runName)
        let namespace = workspace.namespace
        let alice = try await TestUser.make("alice", in: workspace, ["runs": AdmissionPolicy.runs])
        let uid = execution.uid ?? ""
        // An unchanged mark, a weaker one, and none.
        var weaker = owner(execution)
        weaker["blockOwnerDeletion"] = false
        weaker["controller"] = false
        let changes: [JSONValue] = [
            ["metadata": ["annotations": ["example.com/note": "seen"]]],
            ["metadata": ["labels": ["towline.dev/execution-uid": .string(uid)]]],
            ["metadata": ["ownerReferences": [weaker]]],
            ["metadata": ["ownerReferences": .null]], ["metadata": ["labels": ["towline.dev/execution-uid": .null]]],
        ]
        for change in changes {
            try await poll("\(change.encodedString) is accepted") {
                try await alice.access.merge(engine.runType, namespace, name, change)
                return true
            }
        }
        // What is gone cannot be restored.
        await #expect(throws: KubeError.self) {
            try await alice.access.merge(engine.runType, namespace, name, changes[1])
        }
        guard engine == .tekton else { return #expect(try await process.stop() == 0) }
        // Tekton copies labels to the PipelineRuns that its tasks start.
        var inner = engine.run("inner", of: "works")
        inner[path: ["metadata", "labels", "towline.dev/execution-uid"]] = .string(uid)
        inner[path: ["metadata", "ownerReferences"]] = [child("PipelineRun", "tekton.dev/v1")]
        try await alice.succeed(inner.encodedString)
        inner[path: ["metadata", "ownerReferences"]] = [child("PipelineRun", "example.com/v1")]
        #expect(try await alice.create(inner.encodedString, isDryRun: true).code == 403)
        #expect(try await process.stop() == 0)
    }

    @Test(
        .enabled(if: TestCluster.knowsUsers, "the sandbox evaluates no admission policies"),
        arguments: TestEngine.allCases)
    func `the policy for runs only warns in the audit variant`(_ engine: TestEngine) async throws {
        let workspace = try await Workspace.make("warned")
        try await AdmissionPolicy.warn.enforceForRuns(in: workspace)
        let forged = try forgedRun(of: try await victim(engine, in: workspace), engine)
        let mallory = try await TestUser.make("mallory", in: workspace, ["runs": AdmissionPolicy.runs])
        let answer: TestUser.Answer = try await poll("mallory may create runs") {
            let answer = try await mallory.create(forged.encodedString)
            return answer.code == 201 ? answer : nil
        }
        #expect(answer.warnings.contains("mallory may not set the label"), "\(answer.warnings)")
    }

    @Test(.enabled(if: TestCluster.knowsUsers, "the sandbox evaluates no admission policies"))
    func `the policy refuses an execution that someone else passes off as that of an environment`() async throws {
        let workspace = try await Workspace.make("attempts")
        try await AdmissionPolicy.deny.enforceForRuns(in: workspace)
        let mallory = try await TestUser.make("mallory", in: workspace, ["executions": AdmissionPolicy.executions])
        let rules = try #require(try OperatorRole.executions.manifest()["rules"])
        let robot = try await TestUser.make("robot", in: workspace, ["operator": rules])
        let label: JSONValue = ["towline.dev/environment-uid": "u-1"]
        let owners: JSONValue = [
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "Environment", "name": "e", "uid": "u-1",
                "controller": true,
            ]
        ]
        func execution(_ name: String, _ labels: JSONValue?, _ owners: JSONValue?) throws -> String {
            var execution = try #require(
                YAML.documents(Array(Templates.execution(name, engine: "argo").utf8), source: "test").first)
            execution[path: ["metadata", "labels"]] = labels
            execution[path: ["metadata", "ownerReferences"]] = owners
            return execution.encodedString
        }
        try await mallory.succeed(execution("own", nil, nil), isDryRun: false)
        for (manifest, message) in [
            (try execution("forged", label, nil), "mallory may not set the label towline.dev/environment-uid"),
            (try execution("forged", nil, owners), "mallory may not make an Environment the owner of this execution"),
        ] {
            let answer = try await mallory.create(manifest)
            #expect(answer.code == 403 && answer.message.contains(message), "\(answer.message)")
        }
        for patch: JSONValue in [["metadata": ["labels": label]], ["metadata": ["ownerReferences": owners]]] {
            await #expect(throws: KubeError.self) {
                try await mallory.access.merge(Types.execution, workspace.namespace, "own", patch)
            }
        }
        try await robot.succeed(execution("attempt", label, nil), isDryRun: false)
        try await mallory.access.merge(
            Types.execution, workspace.namespace, "attempt", ["spec": ["shutdown": "Terminate"]])
    }

    private func child(_ kind: String, _ apiVersion: String) -> JSONValue {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": "outer", "controller": true,
            "uid": "3f9c2a71-d000-4000-8000-000000000001",
        ]
    }
}
