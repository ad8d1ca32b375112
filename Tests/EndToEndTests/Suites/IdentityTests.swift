import Foundation
import KubeClient
import TestSupport
import Testing

/// One execution has one run, even if other objects have the same name.
@Suite(.serialized) struct IdentityTests {
    @Test(arguments: MainJobTests.engines)
    func `gives a recreated execution another run`(_ engine: String) async throws {
        let workspace = try await Workspace.make("again")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        let manifest = Templates.execution("twice", engine: engine)
        try await workspace.create(manifest)
        let first = try await workspace.finished("twice")
        try await workspace.access.delete(Types.execution, workspace.namespace, "twice")
        try await poll("the first execution is gone") {
            try await workspace.access.get(Types.execution, workspace.namespace, "twice") == nil
        }
        try await workspace.create(manifest)
        let second = try await workspace.finished("twice")

        #expect(first.uid != second.uid)
        let firstRun = first[path: ["status", "runRef", "name"]]
        let secondRun = second[path: ["status", "runRef", "name"]]
        #expect(firstRun != nil && secondRun != nil && firstRun != secondRun)
        #expect(second.verdict == "Completed/Success/Succeeded")
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: MainJobTests.engines)
    func `fails with NameCollision and leaves a foreign object alone`(_ engine: String) async throws {
        let workspace = try await Workspace.make("taken")
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("mine", engine: engine))
        let execution = try await workspace.execution("mine")
        let digits = (execution.uid ?? "").filter { $0 != "-" }.prefix(10)
        let testEngine = try #require(TestEngine(rawValue: engine))
        let type = testEngine.runType
        let foreign = try await workspace.access.create(
            type, workspace.namespace, testEngine.run("mine-\(digits)", of: "takes-long"))
        let process = try workspace.startOperator()

        let ended = try await workspace.finished("mine")
        #expect(ended.verdict == "Failed/Error/NameCollision")
        let after = try #require(try await workspace.access.get(type, workspace.namespace, foreign.name ?? ""))
        #expect(after.uid == foreign.uid)
        #expect(after[path: ["metadata", "ownerReferences"]] == nil)
        #expect(after[path: ["metadata", "deletionTimestamp"]] == nil)
        #expect(try await process.stop() == 0)
    }

    @Test(arguments: TestEngine.allCases) func `does not take a replaced run for its own`(
        _ engine: TestEngine
    ) async throws {
        let workspace = try await Workspace.make("replaced")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("robbed", engine: engine.rawValue, workflow: "takes-long"))
        let running = try await workspace.execution("robbed", until: "executes") { $0.status("reason") == "Executing" }
        let name = try #require(running.runName)
        let run = try #require(try await workspace.access.get(engine.runType, workspace.namespace, name))
        // The operator must not observe the moment without a run.
        #expect(try await process.stop() == 0)
        try await workspace.access.delete(engine.runType, workspace.namespace, name)
        try await poll("the run is gone") {
            try await workspace.access.get(engine.runType, workspace.namespace, name) == nil
        }
        // An identical object, including labels and owners, as a backup would restore it.
        var copy = run
        copy["status"] = nil
        for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
            copy[path: ["metadata", field]] = nil
        }
        let other = try await workspace.access.create(engine.runType, workspace.namespace, copy)
        let successor = try workspace.startOperator()

        let ended = try await workspace.finished("robbed")
        #expect(ended.verdict == "Failed/Error/RunReplaced")
        #expect(ended.status("message")?.contains(other.uid ?? "-") == true)
        #expect(ended[path: ["status", "runRef", "uid"]]?.stringValue == run.uid)
        let after = try #require(try await workspace.access.get(engine.runType, workspace.namespace, name))
        #expect(after.uid == other.uid)
        #expect(after[path: ["spec", engine == .tekton ? "status" : "shutdown"]] == nil)
        #expect(try await successor.stop() == 0)
    }

    @Test(arguments: TestEngine.allCases) func `deletes the run with a running execution`(
        _ engine: TestEngine
    ) async throws {
        let workspace = try await Workspace.make("taken-along")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("gone", engine: engine.rawValue, workflow: "takes-long"))
        _ = try await workspace.execution("gone", until: "executes") { $0.status("reason") == "Executing" }
        try await workspace.access.delete(Types.execution, workspace.namespace, "gone")
        try await poll("execution, run and all that the run made are gone") {
            let types = [Types.execution, engine.runType, Types.taskRun, Types.pod]
            for type in types where try await !workspace.access.list(type, workspace.namespace).isEmpty { return false }
            return true
        }
        #expect(try await process.stop() == 0)
    }
}
