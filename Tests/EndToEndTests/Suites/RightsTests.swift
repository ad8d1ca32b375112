import Foundation
import KubeClient
import TestSupport
import Testing

/// The operator's roles hold what it asks for, and nothing else.
@Suite(.serialized) struct RightsTests {
    /// The admission plugin OwnerReferencesPermissionEnforcement asks for it, where it is on; the operator never does.
    private static let askedForByOthers = AskedRight(
        verb: "update", group: "towline.dev", resource: "workflowexecutions/finalizers")

    /// The count of an event is patched a minute after its first repetition at the earliest, which no test waits for.
    private static let askedForLater = AskedRight(verb: "patch", group: "events.k8s.io", resource: "events")

    @Test(arguments: RightsStage.Scope.allCases) func whatIsGrantedIsWhatIsAskedFor(
        _ scope: RightsStage.Scope
    ) async throws {
        let stage = try await RightsStage.make(scope)
        for engine in TestEngine.allCases { try await stage.play(engine) }
        let granted = try OperatorRole.allCases.reduce(into: Set()) { rights, role in
            rights.formUnion(AskedRight.granted(by: try role.manifest()))
        }
        let needed = granted.subtracting([Self.askedForByOthers, Self.askedForLater])
        try? await poll("every right was used") { needed.isSubset(of: stage.proxy.asked) }
        let asked = stage.proxy.asked
        #expect(asked.subtracting(granted).isEmpty, "the operator asks for what it is not granted")
        #expect(needed.subtracting(asked).isEmpty, "the operator is granted what it does not ask for")
        #expect(stage.proxy.forbidden.isEmpty)
        #expect(stage.process.errorOutput.contains("\"All required permissions are granted\""))
        try await stage.end()
    }

    @Test(.enabled(if: TestCluster.knowsUsers, "there are no users and no rights in the sandbox"))
    func whatIsMissingIsNamedAndTheRestWorks() async throws {
        let stage = try await RightsStage.make(.namespaced, parts: [.executions, .tekton, .election])
        let workspace = stage.workspace
        try await workspace.create(Templates.execution("good", engine: "tekton"))
        #expect(try await workspace.finished("good").verdict == "Completed/Success/Succeeded")
        let lines = stage.process.errorOutput.split(separator: "\n").compactMap {
            try? JSONValue(parsing: Array($0.utf8))
        }
        let missing = lines.filter { $0["msg"] == "A permission is missing" }
        #expect(Set(missing.compactMap { $0["resource"]?.stringValue }) == ["workflows.argoproj.io"])
        #expect(missing.allSatisfy { $0["namespaces"]?.stringValue == workspace.namespace })
        let verbs = missing.flatMap { ($0["verbs"]?.stringValue ?? "").split(separator: ", ").map(String.init) }
        #expect(verbs.sorted() == ["create", "delete", "get", "list", "patch", "watch"])
        #expect(missing.contains { $0["consequence"] == "no workflows are created" })
        try await stage.end()
    }

    @Test func anEngineThatIsNotServedIsNeverAskedAbout() async throws {
        let stage = try await RightsStage.make(
            .namespaced, parts: [.executions, .tekton, .election], arguments: ["--engine", "tekton"])
        let workspace = stage.workspace
        for engine in TestEngine.allCases {
            try await workspace.create(Templates.execution("on-\(engine)", engine: engine.rawValue))
        }
        #expect(try await workspace.finished("on-tekton").verdict == "Completed/Success/Succeeded")
        let told = try await workspace.execution("on-argo", until: "says why it waits") { $0.status("reason") != nil }
        #expect(told.status("phase") == "Pending" && told.status("reason") == "EngineUnavailable")
        #expect(told.status("message")?.contains("--engine") == true)
        try await poll("the rights were looked at") {
            stage.process.errorOutput.contains("\"All required permissions are granted\"")
        }
        try await stage.end()
        #expect(stage.proxy.asked.allSatisfy { $0.group != "argoproj.io" })

        // An operator that serves both goes on with it.
        let process = try workspace.startOperator()
        #expect(try await workspace.finished("on-argo").verdict == "Completed/Success/Succeeded")
        #expect(try await workspace.runs(of: told).count == 1)
        #expect(try await process.stop() == 0)
    }
}
