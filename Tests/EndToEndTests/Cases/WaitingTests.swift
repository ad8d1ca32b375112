import Foundation
import KubeClient
import Testing

/// What a run waits for, and its progress, reported the same on both engines.
@Suite struct WaitingTests {
    private func reported(
        _ name: String, _ stage: CaseStage, until what: String = "was read",
        _ condition: @escaping @Sendable (JSONValue) -> Bool = { $0.status("reason") != "AwaitingEngine" }
    ) async throws -> JSONValue {
        try await stage.execution(name, until: what, condition)
    }

    // MARK: Progress

    /// Argo's progress includes units that pods report.
    @Test func `does not call the units of a pod's own progress tasks`() async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("epochs", .argo)
        try await run.write("pod-progress")
        let execution = try await reported("epochs", stage)
        #expect(execution.verdict == "Running/-/Executing")
        #expect(execution.status("progress") == "0/1")
        #expect(execution.status("message")?.contains("of 100 tasks") == false, "\(execution["status"] ?? .null)")
    }

    @Test(arguments: TestEngine.allCases, [("exit-code", "1/2"), ("skipped", "2/2"), ("succeeded", "2/2")])
    func `counts tasks as done that succeeded or were skipped by their own condition`(
        _ engine: TestEngine, _ input: (name: String, progress: String)
    ) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("progress-\(input.name)-\(engine)", engine)
        try await run.write(input.name)
        #expect(try await stage.workspace.finished(run.execution).status("progress") == input.progress)
    }

    /// Tekton counts tasks that never started as skipped.
    @Test func `does not count tasks as done that never started`() async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("never-started", .tekton)
        try await run.write("never-started")
        #expect(try await stage.workspace.finished("never-started").status("progress") == "1/3")
    }

    // MARK: Approvals and pauses

    @Test func `a timed pause is not a suspension`() async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("pause", .argo)
        try await run.write("timed-pause")
        let execution = try await reported("pause", stage)
        #expect(execution.status("phase") == "Running")
        #expect(execution.status("reason") != "Suspended")
        #expect(execution.status("message")?.contains("resume") == false, "\(execution["status"] ?? .null)")
    }

    @Test(arguments: [(TestEngine.argo, "approval"), (.tekton, "approval"), (.argo, "approval-beside-daemon")])
    func `says that an approval is pending`(_ engine: TestEngine, _ input: String) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("\(input)-\(engine)", engine)
        try await run.write(input)
        let execution = try await reported(run.execution, stage, until: "waits") { $0.status("reason") == "Suspended" }
        #expect(execution.verdict == "Running/-/Suspended")
        #expect(execution.status("message")?.contains("approve") == true, "\(execution["status"] ?? .null)")
    }

    // MARK: Locks, quotas, and nodes

    @Test(arguments: ["Pod", "Steps", "DAG", "Retry"])
    func `names the task that is waiting for a lock, and the lock`(_ type: String) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("lock-\(type.lowercased())", .argo)
        try await run.write("waits-for-lock", ["type": type])
        let message = try await reported(run.execution, stage).status("message") ?? ""
        #expect(message.contains("migrate is waiting: Waiting for cases/Mutex/db lock. Lock status: 0/1"), "\(message)")
    }

    /// Tekton writes the cause into the TaskRun, but not into the PipelineRun.
    @Test(
        arguments: TestEngine.allCases, ["waits-for-quota", "waits-for-node"])
    func `names the task whose pod is waiting, and the reason`(_ engine: TestEngine, _ input: String) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("\(input)-\(engine)", engine)
        try await run.write("task-made")
        _ = try await reported(run.execution, stage)
        try await run.write(input)
        let words = input == "waits-for-quota" ? ["exceeded quota: none"] : ["Insufficient cpu", "available resources"]
        let execution = try await reported(run.execution, stage, until: "says what it waits for") { execution in
            words.contains { execution.status("message")?.contains($0) == true }
        }
        #expect(execution.status("phase") == "Running")
        #expect(execution.status("message")?.contains("work is waiting: ") == true, "\(execution["status"] ?? .null)")
        #expect(execution[path: ["status", "executed"]] == nil, "nothing is known to have started")
    }

    /// A quota or a webhook prevents the engine from creating TaskRuns.
    @Test func `says that the engine has not created a task yet`() async throws {
        let stage = try await CaseStage.shared
        var reasons: [String] = []
        for engine in TestEngine.allCases {
            let run = try await stage.begin("no-task-\(engine)", engine)
            try await run.write("no-task-made")
            let execution = try await reported(run.execution, stage)
            #expect(execution.status("phase") == "Running")
            #expect(execution.status("reason") != "Resolving", "\(engine)")
            let message = execution.status("message") ?? ""
            #expect(message.contains("task") && message.contains("events"), "\(engine): \(message)")
            #expect(execution[path: ["status", "executed"]] == nil)
            reasons.append(execution.status("reason") ?? "-")
        }
        #expect(Set(reasons).count == 1, "\(reasons)")
    }
}
