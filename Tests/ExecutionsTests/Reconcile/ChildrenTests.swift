import Engines
import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// How the children of a run are read.
@Suite struct ChildrenTests {
    private static let taskRuns = "/apis/tekton.dev/v1/namespaces/payments/taskruns"
    private static let customRuns = "/apis/tekton.dev/v1beta1/namespaces/payments/customruns"

    private func child(_ index: Int, failed: Bool = false) -> JSONValue {
        let condition: JSONValue =
            failed
            ? ["type": "Succeeded", "status": "False", "reason": "StepFailed", "message": "exited with code 3"]
            : ["type": "Succeeded", "status": "True", "reason": "Succeeded"]
        return [
            "kind": "TaskRun",
            "metadata": [
                "name": .string("t\(index)"), "labels": ["tekton.dev/pipelineTask": .string("task-\(index)")],
            ],
            "status": ["conditions": [condition]],
        ]
    }

    /// A bench whose run failed with that many TaskRuns and CustomRuns.
    private func bench(taskRuns: Int, customRuns: Int = 0) async throws -> ReconcilerBench {
        let bench = try await ReconcilerBench(.tekton)
        try await bench.live(.seconds(1))
        let references: [JSONValue] =
            Array(repeating: ["kind": "TaskRun"], count: taskRuns)
            + Array(repeating: ["kind": "CustomRun", "name": "c", "pipelineTaskName": "approve"], count: customRuns)
        try bench.engineWrites([
            "startTime": .string(bench.now.rfc3339), "childReferences": .array(references),
            "conditions": [Fixtures.condition("False", "Failed", "")],
        ])
        return bench
    }

    private func pages(_ bench: ReconcilerBench, _ path: String) -> Int {
        bench.server.requests.count { $0 == "GET \(path)" }
    }

    @Test func `finds the failed child on any page`() async throws {
        let bench = try await bench(taskRuns: 700)
        bench.server.serve((0..<700).map { child($0, failed: $0 == 637) }, at: Self.taskRuns)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Failed/Failed/StepFailed")
        #expect(bench.status["failure"]?["task"] == "task-637")
        #expect(pages(bench, Self.taskRuns) == 14)
    }

    @Test func `starts over once if the continue token expires`() async throws {
        let bench = try await bench(taskRuns: 120)
        bench.server.serve((0..<120).map { child($0, failed: $0 == 110) }, at: Self.taskRuns)
        bench.server.expireNextPages(1)
        try await bench.live(.seconds(5))
        #expect(bench.status["failure"]?["task"] == "task-110")
        #expect(pages(bench, Self.taskRuns) == 2 + 3)
    }

    /// The run's own word has to do.
    @Test func `gives up if the continue token expires again`() async throws {
        let bench = try await bench(taskRuns: 120)
        bench.server.serve((0..<120).map { child($0, failed: $0 == 110) }, at: Self.taskRuns)
        bench.server.expireNextPages(.max)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Failed/Failed/TaskFailed")
        #expect(bench.status["failure"] == nil)
    }

    @Test func `reads a limited number of children from an endless list`() async throws {
        let bench = try await bench(taskRuns: 1)
        bench.server.serve((0..<(ChildListing.maximumObjects + 500)).map { child($0) }, at: Self.taskRuns)
        try await bench.live(.seconds(5))
        #expect(bench.verdict == "Failed/Failed/TaskFailed")
        #expect(pages(bench, Self.taskRuns) == ChildListing.maximumObjects / 50)
    }

    /// An operator that may not list CustomRuns still names what must have failed.
    @Test func `a forbidden list of custom runs does not hide the other children`() async throws {
        let bench = try await bench(taskRuns: 1, customRuns: 1)
        bench.server.serve([child(0)], at: Self.taskRuns)
        try await bench.live(.seconds(5))
        #expect(pages(bench, Self.customRuns) == 1)
        #expect(bench.verdict == "Failed/Failed/TaskFailed")
        #expect(bench.status["failure"]?["task"] == "approve")
        #expect(bench.status["executed"] == true)
    }
}
