import KubeClient
import TestSupport
import Testing
import TowlineAPI

@Suite struct KStatusTests {
    @Test func everyStateIsReadRightly() {
        for state in ExecutionState.all {
            #expect(KStatus(of: state.object) == (state.isDeleted ? .terminating : state.verdict.kstatus), "\(state)")
        }
    }

    /// What the definition gives an execution that was just created.
    private func defaultStatus() throws -> JSONValue {
        let definition = try #require(Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let schema = definition[path: ["spec", "versions"]]?[0]?[path: ["schema", "openAPIV3Schema", "properties"]]
        return try #require(schema?["status"]?["default"])
    }

    @Test func anExecutionNobodyLookedAtIsInProgress() throws {
        var object = try #require(ExecutionState.all.first).object
        object["status"] = try defaultStatus()
        #expect(KStatus(of: object) == .inProgress)
        // This is what the default is for.
        object["status"] = nil
        #expect(KStatus(of: object) == .current)
    }

    /// The rules themselves, on what other controllers write.
    @Test(
        arguments: [
            (#"{"conditions":[{"type":"Succeeded","status":"False"}]}"#, .current),
            (#"{"conditions":[{"type":"Ready","status":"Unknown"}]}"#, .inProgress),
            (#"{"conditions":[{"type":"Ready","status":"False"},{"type":"Stalled","status":"False"}]}"#, .inProgress),
            (#"{"conditions":[{"type":"Stalled","status":"True"},{"type":"Reconciling","status":"True"}]}"#, .failed),
            (
                #"{"conditions":[{"type":"Reconciling","status":"True"},{"type":"Stalled","status":"True"}]}"#,
                .inProgress
            ),
            (#"{"observedGeneration":0,"conditions":[{"type":"Ready","status":"True"}]}"#, .inProgress),
            (#"{"observedGeneration":1,"conditions":[{"type":"Ready","status":"True"}]}"#, .current),
        ] as [(String, KStatus)])
    func theRulesAreThoseOfTheLibrary(_ status: String, _ expected: KStatus) throws {
        let object: JSONValue = ["metadata": ["generation": 1], "status": try JSONValue(parsing: status)]
        #expect(KStatus(of: object) == expected)
    }
}
