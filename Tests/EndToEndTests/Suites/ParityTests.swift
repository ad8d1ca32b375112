import KubeClient
import Testing

/// The same scenario leads to the same status on both engines.
@Suite struct ParityTests {
    @Test(arguments: ParityScenario.all)
    func `reports the same on both engines`(_ scenario: ParityScenario) async throws {
        let stage = try await ParityStage.shared
        if let workflow = scenario.workflow {
            try await stage.workspace.create(workflow.manifests(scenario.name))
        }
        async let onTekton = play(scenario, on: .tekton, stage)
        async let onArgo = play(scenario, on: .argo, stage)
        let (tekton, argo) = try await (onTekton, onArgo)

        #expect(tekton == argo)
        #expect(tekton == scenario.expected)
        #expect(argo == scenario.expected)
    }

    /// Runs a scenario on one engine; ignores the fields that are specific to the engine.
    private func play(
        _ scenario: ParityScenario, on engine: TestEngine, _ stage: ParityStage
    ) async throws -> ParityResult {
        let name = "\(scenario.name)-\(engine.rawValue)"
        stage.admit(runsOf: name, scenario.admission)
        try await stage.workspace.create(
            Templates.execution(name, engine: engine.rawValue, workflow: scenario.name, more: scenario.spec))
        try await scenario.meanwhile(ParityActor(stage: stage, engine: engine, name: name))
        let expected = scenario.expected
        let execution =
            expected.phase == "Running"
            ? try await stage.workspace.execution(name, until: "is \(expected.reason ?? "")") {
                $0.status("reason") == expected.reason
            } : try await stage.workspace.finished(name)
        let result = ParityResult(execution)
        return expected.reason == nil ? result.withoutReason : result
    }
}
