import Faults
import Foundation
import KubeClient
import TestSupport
import Testing

/// A hundred executions while operators are killed, stopped, and disconnected, and while the API server restarts.
///
/// The test restarts the API server, so it never runs on an existing cluster.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["USE_EXISTING_CLUSTER"] != "true"))
struct FaultTests {
    private static let verdicts = ["works": "Completed/Success/Succeeded", "breaks": "Failed/Failed/StepFailed"]

    @Test func `runs a hundred executions exactly once through every fault`() async throws {
        let cluster = try await RestartableCluster.start()
        let workspace = try await Workspace.make("faults", on: cluster.cluster)
        try await workspace.allowLease(workspace.namespace)
        // Long enough that every run is in progress during a fault.
        try await workspace.create(Templates.all.replacing("duration: 100ms", with: "duration: 800ms"))
        let stage = try FaultStage(cluster, workspace)
        let strangers = try await makeStrangers(workspace)
        let batch = 100 / Fault.allCases.count
        try await stage.perform {
            for (index, fault) in Fault.allCases.enumerated() {
                async let created: Void = create(batch * index..<batch * (index + 1), in: workspace)
                try await stage.strike(fault)
                try await created
            }
            try await waitForTheEnd(of: batch * Fault.allCases.count, stage)
        }
        expectLawfulness(stage.recorder.history)
        try await expectUntouched(strangers, workspace)
    }

    /// Creates executions at a steady rate, alternating between the engines; every fourth one fails.
    private func create(_ numbers: Range<Int>, in workspace: Workspace) async throws {
        for number in numbers {
            let manifest = Templates.execution(
                "number-\(number)", engine: TestEngine.allCases[number % 2].rawValue, workflow: workflow(number))
            // Users retry, too, while the API server is down.
            try await poll("number \(number) is created") {
                do {
                    try await workspace.create(manifest)
                } catch let error as KubeError where error.isAlreadyExists {}
                return true
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func workflow(_ number: Int) -> String { number % 4 == 3 ? "breaks" : "works" }

    /// Foreign objects that the operator reads or could mistake for its own: a run with its label, and templates.
    private func makeStrangers(_ workspace: Workspace) async throws -> [(type: ResourceType, object: JSONValue)] {
        try await create(0..<1, in: workspace)
        let uid = try #require(try await workspace.execution("number-0").uid)
        var strangers: [(type: ResourceType, object: JSONValue)] = []
        for engine in TestEngine.allCases {
            var run = engine.neglected(engine.run("stranger", of: "works"))
            run[path: ["metadata", "labels", "towline.dev/execution-uid"]] = .string(uid)
            strangers.append(
                (engine.runType, try await workspace.access.create(engine.runType, workspace.namespace, run)))
        }
        for type in [Types.pipeline, Types.workflowTemplate] {
            strangers += try await workspace.access.list(type, workspace.namespace).map { (type, $0) }
        }
        return strangers
    }

    private func expectUntouched(
        _ strangers: [(type: ResourceType, object: JSONValue)], _ workspace: Workspace
    ) async throws {
        for (type, object) in strangers {
            let now = try await workspace.access.get(type, workspace.namespace, object.name ?? "")
            #expect(now?["metadata"] == object["metadata"], "somebody else's \(type.kind) was touched")
        }
    }

    private func waitForTheEnd(of count: Int, _ stage: FaultStage) async throws {
        do {
            try await poll("\(count) executions have ended", within: .seconds(90)) {
                stage.recorder.history.executions.values.filter(\.isFinished).count == count
            }
        } catch {
            let open = stage.recorder.history.executions.values.filter { !$0.isFinished }
            Issue.record("\(error): \(open.map { "\($0.name) \($0.verdict)" })")
        }
    }

    private func expectLawfulness(_ history: ExecutionHistory) {
        #expect(history.violations == [])
        #expect(history.executions.count == 100)
        for (uid, life) in history.executions {
            let number = Int(life.name.split(separator: "-").last ?? "") ?? 0
            #expect(life.verdict == Self.verdicts[workflow(number)], "\(life.name)")
            #expect(history.runs[uid]?.count == 1, "\(life.name): runs that were ever seen")
        }
        #expect(Set(history.runs.keys) == Set(history.executions.keys), "no run without its execution")
    }
}
