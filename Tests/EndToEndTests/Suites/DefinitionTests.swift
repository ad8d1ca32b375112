import KubeClient
import TestSupport
import Testing

/// Executions that name a WorkflowDefinition.
@Suite struct DefinitionTests {
    private func makeWorkspace(_ name: String) async throws -> (Workspace, ChildProcess) {
        let workspace = try await Workspace.make(name)
        try await workspace.create(Templates.all)
        return (workspace, try workspace.startOperator())
    }

    /// Version 1.4.0 of one of the workflows in ``Templates``.
    private func definition(
        _ engine: TestEngine, _ name: String = "restart", workflow: String = "works", more: String = ""
    ) -> String {
        """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowDefinition
        metadata: {name: \(name)-1.4.0}
        spec:
          name: \(name)
          version: 1.4.0
          engine: \(engine.rawValue)
          ref: {name: \(workflow)}
          parameters:
            - {name: TARGET, default: orders, enum: [orders, payments]}
            - {name: REASON, pattern: "^[A-Z]+-[0-9]+$"}
        \(more.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
        """
    }

    private func execution(_ name: String, of definition: String = "restart", more: String = "") -> String {
        """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowExecution
        metadata: {name: \(name)}
        spec:
          workflowRef: {definition: \(definition)@1.4.0}
        \(more.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n"))
        """
    }

    /// The parameters of a run, as `NAME=value`.
    private func parameters(of run: JSONValue) -> [String] {
        let list = run[path: ["spec", "params"]] ?? run[path: ["spec", "arguments", "parameters"]]
        return (list?.arrayValue ?? []).map { "\($0["name"]?.stringValue ?? "")=\($0["value"]?.stringValue ?? "")" }
            .sorted()
    }

    @Test(arguments: TestEngine.allCases)
    func `runs what the definition stands for`(_ engine: TestEngine) async throws {
        let (workspace, process) = try await makeWorkspace("catalog")
        try await workspace.create(definition(engine, more: "executionConfig: {timeoutSeconds: 900}"))
        try await workspace.create(execution("once"))
        let ended = try await workspace.finished("once")
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(ended.status("engine") == engine.rawValue)
        let resolved = try #require(ended[path: ["status", "resolved"]])
        let catalog = try await workspace.access.get(Types.workflowDefinition, workspace.namespace, "restart-1.4.0")
        #expect(resolved["definitionUID"]?.stringValue == catalog?.uid && catalog?.uid != nil)
        #expect(resolved["engine"]?.stringValue == engine.rawValue && resolved["name"] == "works")
        let runs = try await workspace.runs(of: ended)
        #expect(runs.count == 1 && runs.first?["kind"]?.stringValue == engine.runType.kind)
        let run = try #require(runs.first)
        #expect(parameters(of: run) == ["TARGET=orders"])
        switch engine {
        case .tekton: #expect(run[path: ["spec", "timeouts", "pipeline"]] == "15m0s")
        case .argo: #expect(run[path: ["spec", "activeDeadlineSeconds"]] == 900)
        }
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: TestEngine.allCases)
    func `starts once the definition exists`(_ engine: TestEngine) async throws {
        let (workspace, process) = try await makeWorkspace("late")
        try await workspace.create(execution("early") + "\n---\n" + execution("never", of: "missing"))
        for name in ["early", "never"] {
            let waiting = try await workspace.execution(name, until: "waits") { $0.status("reason") != nil }
            #expect(waiting.verdict == "Pending/-/DefinitionNotFound")
            #expect(waiting.status("engine") == nil)
            #expect(try await workspace.runs(of: waiting).isEmpty)
        }
        try await workspace.create(definition(engine))
        let ended = try await workspace.finished("early")
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await workspace.execution("never").verdict == "Pending/-/DefinitionNotFound")
        #expect(try await process.stop() == 0)
    }

    @Test func `reports every fault at once, before any run exists`() async throws {
        let (workspace, process) = try await makeWorkspace("faults")
        try await workspace.create(definition(.tekton, more: "deprecated: true"))
        try await workspace.create(
            execution(
                "faulty", more: "parameters: {TARGET: billing, REASON: none, OTHER: x}\nexecutionConfig: {priority: 1}")
        )
        let ended = try await workspace.finished("faulty")
        #expect(ended.verdict == "Failed/Error/InvalidSpec")
        #expect(ended[path: ["status", "executed"]] == false)
        for part in [
            #"spec.parameters[TARGET]: must be one of "orders", "payments""#, "spec.parameters[REASON]: must match",
            "spec.parameters[OTHER]: is not declared", "spec.executionConfig.priority: can only be set for engine argo",
        ] {
            #expect(ended.status("message")?.contains(part) == true, "\(ended.status("message") ?? "")")
        }
        #expect(try await workspace.runs(of: ended).isEmpty)
        #expect(try await process.stop() == 0)
    }

    @Test func `what was recorded runs, even if another definition has the name at the start`() async throws {
        let troubled = try await TroubledWorkspace.make("replaced")
        let workspace = troubled.workspace
        try await troubled.raise(.quota)
        try await workspace.create(definition(.tekton) + "\n---\n" + execution("held"))
        let held = try await workspace.execution("held", until: "is recorded") {
            $0.status("reason") == "QuotaExceeded" && $0[path: ["status", "resolved"]] != nil
        }
        try await workspace.access.delete(Types.workflowDefinition, workspace.namespace, "restart-1.4.0")
        try await workspace.create(definition(.argo, workflow: "breaks"))
        try await troubled.remove(.quota)
        let ended = try await workspace.finished("held")
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(ended.condition("DefinitionChanged") == "True")
        #expect(ended[path: ["status", "resolved"]] == held[path: ["status", "resolved"]])
        #expect(try await workspace.runs(of: ended).map { $0["kind"] } == ["PipelineRun"])
        try await troubled.end()
    }

    @Test func `a restarted operator knows the engine without the definition`() async throws {
        let (workspace, process) = try await makeWorkspace("restarted")
        try await workspace.create(definition(.argo, workflow: "takes-long") + "\n---\n" + execution("long"))
        _ = try await workspace.execution("long", until: "runs") { $0.status("phase") == "Running" }
        #expect(try await process.stop() == 0)
        try await workspace.access.delete(Types.workflowDefinition, workspace.namespace, "restart-1.4.0")
        let second = try workspace.startOperator()
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "long", ["spec": ["shutdown": "Terminate"]])
        let ended = try await workspace.finished("long")
        #expect(ended.verdict == "Failed/Cancelled/Cancelled" && ended.status("engine") == "argo")
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await second.stop() == 0)
    }
}
