import KubeClient
import Status
import Testing
import TowlineAPI

@testable import towline_fuzz

/// What the module writes must be what the schema in `crds/` takes, or the API server refuses the status for good.
@Suite struct StatusSchemaTests {
    @Test func everyStatusFitsTheSchema() throws {
        let schema = try StatusSchema()
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<100 {
            var status = ExecutionStatus()
            var now = ServerTime(seconds: 1_767_225_600)
            for step in 0..<10 {
                now = generator.time(after: now)
                status = status.after(generator.event(), generation: 1, now: now) ?? status
                // From an empty status the patch holds every field there is.
                let whole = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: nil)
                let written = try #require(JSONValue(parsing: StatusPatch(of: whole, to: status).body)["status"])
                #expect(schema.problems(of: written) == [], "seed \(seed), sequence \(sequence), step \(step)")
            }
        }
    }
}
