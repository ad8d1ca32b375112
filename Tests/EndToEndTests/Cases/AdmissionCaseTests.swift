import Foundation
import KubeClient
import TestSupport
import Testing

/// What prevents or delays an execution's run, and values that are not passed to an engine.
@Suite struct AdmissionCaseTests {
    @Test(arguments: TestEngine.allCases)
    func `waits for a quota that a webhook enforces`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let name = "team-quota-\(engine)"
        stage.answer(.post, of: name, with: try CaseInput("quota-by-webhook").value)
        try await stage.create(name, engine)
        // On a busy machine the reason may be WaitingToCreate first.
        let waiting = try await stage.execution(name, until: "waits") { $0.status("reason") == "QuotaExceeded" }
        #expect(waiting.verdict == "Pending/-/QuotaExceeded")
        #expect(waiting.status("message")?.contains("exceeded quota: team") == true)
        stage.answer(.post, of: name, with: nil)
        _ = try await stage.run(of: name, engine)
    }

    /// A restored object has its spec and labels, but no status.
    @Test(arguments: TestEngine.allCases)
    func `holds an execution restored from a backup until it is released`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let workspace = stage.workspace
        let name = "restored-\(engine)"
        let run = try await stage.begin(name, engine)
        try await run.write("succeeded")
        var saved = try await workspace.finished(name)
        try await workspace.access.delete(Types.execution, workspace.namespace, name)
        try await poll("the execution is gone") {
            try await workspace.access.get(Types.execution, workspace.namespace, name) == nil
        }
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
            saved[path: ["metadata", field]] = nil
        }
        saved[path: ["metadata", "labels"]] = [
            "velero.io/backup-name": "nightly", "velero.io/restore-name": "nightly-1",
        ]
        try await workspace.access.create(Types.execution, workspace.namespace, saved)

        let restored = try await stage.execution(name, until: "says why it waits") { $0.status("reason") != nil }
        #expect(restored.verdict == "Pending/-/RestoredFromBackup")
        #expect(restored.status("message")?.contains("towline.dev/run-restored") == true)
        #expect(try await workspace.runs(of: restored).isEmpty)

        try await workspace.access.merge(
            Types.execution, workspace.namespace, name,
            ["metadata": ["annotations": ["towline.dev/run-restored": "true"]]])
        let again = try await stage.run(of: name, engine)
        #expect(again.name != run.name)
    }

    // MARK: Expressions

    /// Values that an engine would expand.
    static let expanded: [(TestEngine, String)] = [
        (.argo, "{{=2*21}}"), (.argo, "{{workflow.parameters.SECRET}}"), (.argo, "a {{ inputs.parameters.x }} b"),
        (.tekton, "$(context.pipelineRun.name)"), (.tekton, "$(params.SECRET)"),
        (.tekton, "$(tasks.t.results.x)"), (.tekton, "a $(params.SECRET) b"),
    ]

    /// Values that look like expressions but that the engine does not expand.
    static let left: [(TestEngine, String)] = [
        (.argo, "$(params.SECRET)"), (.argo, "{ {x} }"), (.tekton, "{{workflow.parameters.SECRET}}"),
        (.tekton, "costs $5 (net)"),
    ]

    private func manifest(_ name: String, _ engine: TestEngine, _ value: String, _ config: String = "") -> String {
        let text = value.replacingOccurrences(of: "\"", with: "\\\"")
        return Templates.execution(
            name, engine: engine.rawValue, workflow: "long", more: "parameters: {VALUE: \"\(text)\"}\n\(config)")
    }

    /// The value of the parameter in the run.
    private func value(in run: PlayedRun) async throws -> JSONValue? {
        let spec = try await run.object()?["spec"]
        let parameters = run.engine == .tekton ? spec?["params"] : spec?[path: ["arguments", "parameters"]]
        return parameters?.arrayValue?.first { $0["name"] == "VALUE" }?["value"]
    }

    @Test func `rejects a value that the engine would expand and says why`() async throws {
        let stage = try await CaseStage.shared
        for (index, (engine, value)) in Self.expanded.enumerated() {
            do {
                try await stage.workspace.create(manifest("expression-\(index)", engine, value))
                Issue.record("\(engine) would expand \(value), and it was accepted")
            } catch let error as KubeError {
                #expect(error.code == 422, "\(value): \(error)")
                let message = error.status?.message ?? ""
                #expect(message.contains("allowExpressions"), "\(value): \(message)")
                #expect(message.contains("expression"), "\(value): \(message)")
            }
        }
    }

    @Test func `sends a value unchanged if expressions are allowed`() async throws {
        let stage = try await CaseStage.shared
        for (index, (engine, value)) in Self.expanded.enumerated() {
            let name = "allowed-\(index)"
            let config = "executionConfig: {allowExpressions: true}"
            try await stage.workspace.create(manifest(name, engine, value, config))
            let execution = try await stage.workspace.execution(name)
            #expect(execution[path: ["spec", "executionConfig", "allowExpressions"]] == true)
            #expect(try await self.value(in: stage.run(of: name, engine)) == .string(value))
        }
    }

    @Test func `accepts a value that the engine would not expand`() async throws {
        let stage = try await CaseStage.shared
        for (index, (engine, value)) in Self.left.enumerated() {
            let name = "data-\(index)"
            try await stage.workspace.create(manifest(name, engine, value))
            #expect(try await self.value(in: stage.run(of: name, engine)) == .string(value))
        }
    }
}
