import KubeClient
import Status
import Testing
import TowlineAPI

@testable import towline_fuzz

/// Every status must fit the schema in `crds/`; otherwise the API server refuses it permanently.
@Suite struct StatusSchemaTests {
    @Test func `every status of an environment fits the schema`() throws {
        let schema = try StatusSchema(of: "environments")
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<100 {
            var status = EnvironmentStatus()
            var now = ServerTime(seconds: 1_767_225_600)
            for step in 0..<15 {
                now = generator.time(after: now)
                status = status.after([generator.environmentEvent()], generation: 1, now: now) ?? status
                let patch = StatusPatch(
                    uid: "u", resourceVersion: ResourceVersion("7"), from: EnvironmentStatus(), to: status)
                let written = try #require(JSONValue(parsing: patch.body)["status"])
                #expect(schema.problems(of: written) == [], "seed \(seed), sequence \(sequence), step \(step)")
                // What was written is read back unchanged.
                var cursor = JSONCursor(written.encoded)
                #expect(try EnvironmentStatus(reading: &cursor) == status, "seed \(seed), sequence \(sequence)")
            }
        }
    }

    @Test func `every status of an execution fits the schema`() throws {
        let schema = try StatusSchema(of: "workflowexecutions")
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<100 {
            var status = ExecutionStatus()
            var now = ServerTime(seconds: 1_767_225_600)
            for step in 0..<10 {
                now = generator.time(after: now)
                status = status.after(generator.event(), generation: 1, now: now) ?? status
                // A patch from an empty status contains every field.
                let whole = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: nil)
                let written = try #require(JSONValue(parsing: StatusPatch(of: whole, to: status).body)["status"])
                #expect(schema.problems(of: written) == [], "seed \(seed), sequence \(sequence), step \(step)")
            }
        }
    }
}
