import Foundation
import KubeClient
import Testing

/// Executions restored by a backup tool: with its label and a new UID, but without their status.
@Suite(.serialized) struct RestoredTests {
    private func restored(_ name: String, engine: TestEngine) throws -> JSONValue {
        let manifest = Templates.execution(
            name, engine: engine.rawValue, more: "executionConfig: {startDeadlineSeconds: 1}")
        var execution = try #require(try YAML.documents(Array(manifest.utf8), source: "test").first)
        execution[path: ["metadata", "labels"]] = [
            "velero.io/backup-name": "nightly", "velero.io/restore-name": "nightly-20260101",
        ]
        return execution
    }

    @Test(arguments: TestEngine.allCases)
    func `holds a restored execution until it is released`(_ engine: TestEngine) async throws {
        let workspace = try await Workspace.make("restored")
        try await workspace.create(Templates.all)
        let first = try workspace.startOperator()
        for name in ["again", "stopped"] {
            try await workspace.access.create(
                Types.execution, workspace.namespace, try restored(name, engine: engine))
        }
        // An execution that was not restored shows that the operator is working.
        try await workspace.create(Templates.execution("other", engine: engine.rawValue))
        #expect(try await workspace.finished("other").verdict.hasPrefix("Completed/Success"))
        let held = try await workspace.execution("again", until: "is held") {
            $0.status("reason") == "RestoredFromBackup"
        }
        #expect(held.status("phase") == "Pending")
        #expect(try await first.stop() == 0)

        // Its start deadline has long passed, and the next operator holds it, too.
        let second = try workspace.startOperator()
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "stopped", ["spec": ["shutdown": "Stop"]])
        #expect(try await workspace.finished("stopped").verdict == "Failed/Cancelled/Cancelled")
        let still = try await workspace.execution("again")
        #expect(still.status("reason") == "RestoredFromBackup")
        #expect(try await workspace.runs(of: still).isEmpty)

        try await workspace.access.merge(
            Types.execution, workspace.namespace, "again",
            ["metadata": ["annotations": ["towline.dev/run-restored": "true"]]])
        let ended = try await workspace.finished("again")
        #expect(ended.verdict.hasPrefix("Completed/Success"))
        #expect(try await workspace.runs(of: ended).count == 1)
        #expect(try await second.stop() == 0)
    }
}
