import Foundation
import KubeClient
import Testing

/// What keeps an execution from its run, and what is not handed to an engine.
@Suite struct AdmissionCaseTests {
    // MARK: Expressions

    /// Values that look like it and that the engine leaves alone.
    static let left: [(TestEngine, String)] = [
        (.argo, "$(params.SECRET)"), (.argo, "{ {x} }"), (.tekton, "{{workflow.parameters.SECRET}}"),
        (.tekton, "costs $5 (net)"),
    ]

    private func manifest(_ name: String, _ engine: TestEngine, _ value: String, _ config: String = "") -> String {
        let text = value.replacingOccurrences(of: "\"", with: "\\\"")
        return Templates.execution(
            name, engine: engine.rawValue, workflow: "long", more: "parameters: {VALUE: \"\(text)\"}\n\(config)")
    }

    /// The value that the run has for the parameter.
    private func value(in run: PlayedRun) async throws -> JSONValue? {
        let spec = try await run.object()?["spec"]
        let parameters = run.engine == .tekton ? spec?["params"] : spec?[path: ["arguments", "parameters"]]
        return parameters?.arrayValue?.first { $0["name"] == "VALUE" }?["value"]
    }

    @Test func `a value that the engine would not expand is data`() async throws {
        let stage = try await CaseStage.shared
        for (index, (engine, value)) in Self.left.enumerated() {
            let name = "data-\(index)"
            try await stage.workspace.create(manifest(name, engine, value))
            #expect(try await self.value(in: stage.run(of: name, engine)) == .string(value))
        }
    }
}
