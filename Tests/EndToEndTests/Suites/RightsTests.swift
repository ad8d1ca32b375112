import Foundation
import KubeClient
import TestSupport
import Testing

/// The operator's roles grant exactly what its requests need.
@Suite(.serialized) struct RightsTests {
    /// Permissions that only the admission plugin OwnerReferencesPermissionEnforcement checks; the operator never uses them.
    private static let askedForByOthers = ["workflowexecutions", "environments"].map {
        AskedRight(verb: "update", group: "towline.dev", resource: "\($0)/finalizers")
    }

    /// Permissions that a test cannot use: an event's count is patched a minute after its first repetition at the earliest.
    private static let askedForLater = AskedRight(verb: "patch", group: "events.k8s.io", resource: "events")

    @Test(arguments: RightsStage.Scope.allCases) func `asks for exactly the granted permissions`(
        _ scope: RightsStage.Scope
    ) async throws {
        let stage = try await RightsStage.make(scope)
        for engine in TestEngine.allCases { try await stage.play(engine) }
        try await stage.playEnvironment()
        let granted = try OperatorRole.allCases.reduce(into: Set()) { rights, role in
            rights.formUnion(AskedRight.granted(by: try role.manifest()))
        }
        let needed = granted.subtracting(Self.askedForByOthers + [Self.askedForLater])
        try? await poll("every permission was used") { needed.isSubset(of: stage.proxy.asked) }
        let asked = stage.proxy.asked
        #expect(asked.subtracting(granted).isEmpty, "the operator asks for what it is not granted")
        #expect(needed.subtracting(asked).isEmpty, "the operator is granted what it does not ask for")
        #expect(stage.proxy.forbidden.isEmpty)
        #expect(stage.process.errorOutput.contains("\"All required permissions are granted\""))
        try await stage.end()
    }

    @Test(.enabled(if: TestCluster.knowsUsers, "the sandbox has no users and no authorization"))
    func `names missing permissions and continues with the rest`() async throws {
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

    @Test func `does not check permissions for an engine that it does not serve`() async throws {
        let stage = try await RightsStage.make(
            .namespaced, parts: [.executions, .tekton, .election], arguments: ["--engine", "tekton"])
        let workspace = stage.workspace
        for engine in TestEngine.allCases {
            try await workspace.create(Templates.execution("on-\(engine)", engine: engine.rawValue))
        }
        #expect(try await workspace.finished("on-tekton").verdict == "Completed/Success/Succeeded")
        let reported = try await workspace.execution("on-argo", until: "says why it waits") {
            $0.status("reason") != nil
        }
        #expect(reported.status("phase") == "Pending" && reported.status("reason") == "EngineUnavailable")
        #expect(reported.status("message")?.contains("--engine") == true)
        try await poll("the permissions were checked") {
            stage.process.errorOutput.contains("\"All required permissions are granted\"")
        }
        try await stage.end()
        #expect(stage.proxy.asked.allSatisfy { $0.group != "argoproj.io" })

        // An operator that serves both engines continues with it.
        let process = try workspace.startOperator()
        #expect(try await workspace.finished("on-argo").verdict == "Completed/Success/Succeeded")
        #expect(try await workspace.runs(of: reported).count == 1)
        #expect(try await process.stop() == 0)
    }
}
