import KubeClient
import Status
import Testing
import TowlineAPI

@Suite struct StatusPatchTests {
    private let start = ServerTime(seconds: 1_767_225_600)

    private func execution(_ status: ExecutionStatus) -> WorkflowExecution {
        WorkflowExecution(
            key: ObjectKey(namespace: "ns", name: "a"), uid: "u1", resourceVersion: ResourceVersion("7"), spec: nil,
            status: status)
    }

    private func patch(from old: ExecutionStatus, to new: ExecutionStatus) throws -> JSONValue {
        try JSONValue(parsing: StatusPatch(of: execution(old), to: new).body)
    }

    private func read(_ value: JSONValue) throws -> ExecutionStatus {
        var cursor = JSONCursor(value.encoded)
        return try ExecutionStatus(reading: &cursor)
    }

    @Test func `a patch changes every status into the next`() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = EventGenerator(seed: seed)
        for sequence in 0..<300 {
            var status = ExecutionStatus()
            var stored: JSONValue = [:]
            var now = start
            for step in 0..<12 {
                now = generator.time(after: now)
                guard let next = status.after(generator.event(), generation: 1, now: now) else { continue }
                let patch = try #require(patch(from: status, to: next)["status"])
                stored = stored.merging(patch)
                #expect(try read(stored) == next, "seed \(seed), sequence \(sequence), step \(step)")
                status = next
            }
        }
    }

    @Test func `a patch of an execution from a store removes nothing`() throws {
        let observation = Observation(
            reason: .stepFailed, message: "m", engine: .argo, engineReason: "Failed", progress: "1/2", executed: true,
            failure: Failure(task: "drain", exitCode: 3), outputs: [Output(name: "a", value: "b")],
            links: [Link(name: "l", url: "https://example")])
        let done = try #require(ExecutionStatus().after(.observed(observation), generation: 1, now: start))
        let stored = try #require(patch(from: ExecutionStatus(), to: done)["status"])
        var cursor = JSONCursor(stored.encoded)
        let kept = try ExecutionStatus(reading: &cursor, keeping: .whatReconcilingNeeds)
        #expect(kept.failure == nil)

        let later = try #require(kept.after(.acknowledged, generation: 2, now: start + .seconds(5)))
        let result = try read(stored.merging(try #require(patch(from: kept, to: later)["status"])))
        let expected = try #require(done.after(.acknowledged, generation: 2, now: start + .seconds(5)))
        #expect(result == expected)
    }

    @Test func `a patch carries the UID and the resource version`() throws {
        let next = try #require(ExecutionStatus().after(.acknowledged, generation: 1, now: start))
        let patch = try patch(from: ExecutionStatus(), to: next)
        #expect(patch["metadata"] == ["uid": "u1", "resourceVersion": "7"])
        let unread = WorkflowExecution(key: ObjectKey(namespace: "ns", name: "a"), uid: "u1", spec: nil)
        let bare = try JSONValue(parsing: StatusPatch(of: unread, to: next).body)
        #expect(bare["metadata"] == ["uid": "u1"])
    }

    @Test func `a patch contains only what changed`() throws {
        let running = try #require(
            ExecutionStatus().after(
                .observed(Observation(reason: .executing, engine: .tekton, progress: "1/3")), generation: 1, now: start)
        )
        let next = try #require(
            running.after(
                .observed(Observation(reason: .executing, engine: .tekton, progress: "2/3")), generation: 1,
                now: start + .seconds(1)))
        let patch = try patch(from: running, to: next)
        #expect(patch["status"]?.objectValue?.keys == ["observedGeneration", "phase", "updatedAt", "progress"])
    }

    @Test func `a patch sets removed fields to null`() throws {
        var observation = Observation(
            reason: .executing, message: "m", engine: .tekton, failure: Failure(task: "a", step: "b", exitCode: 1),
            outputs: [Output(name: "a", value: "b")])
        let old = try #require(ExecutionStatus().after(.observed(observation), generation: 1, now: start))
        observation.failure = Failure(task: "a")
        observation.outputs = []
        observation.message = ""
        let new = try #require(old.after(.observed(observation), generation: 1, now: start))
        let status = try #require(patch(from: old, to: new)["status"])
        #expect(status["message"] == .null && status["outputs"] == .null)
        #expect(status["failure"]?["step"] == .null && status["failure"]?["exitCode"] == .null)
    }
}
