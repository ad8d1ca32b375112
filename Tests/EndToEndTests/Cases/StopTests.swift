import Foundation
import KubeClient
import TestSupport
import Testing

/// Stops: none without a cause, refused stops are reported, and failures before a stop count.
@Suite struct StopTests {
    /// The clocks of two machines may differ by any amount.
    @Test(arguments: TestEngine.allCases, ["NOW-3600s", "NOW+3600s"])
    func `does not stop a healthy run of an engine whose clock is an hour off`(
        _ engine: TestEngine, _ start: String
    ) async throws {
        let stage = try await CaseStage.shared
        let name = "\(start.contains("-") ? "behind" : "ahead")-\(engine)"
        let run = try await stage.begin(name, engine, more: "executionConfig: {timeoutSeconds: 1800}")
        try await run.write("running", ["start": start])
        #expect(try await stage.executing(name).verdict == "Running/-/Executing")
        try await run.write("half", ["start": start])
        let half = try await stage.execution(name, until: "shows progress") { $0.status("progress") == "1/2" }
        #expect(half.verdict == "Running/-/Executing")
        #expect(try await run.stopRequest() == nil)

        try await run.write("succeeded", ["start": start, "end": start])
        let ended = try await stage.workspace.finished(name)
        #expect(ended.verdict == "Completed/Success/Succeeded")
        #expect(ended[path: ["status", "executed"]] == true)
    }

    /// Why the API server rejects the request to stop a run.
    enum Refusal: String, CaseIterable, Sendable {
        /// The operator may not patch runs. The sandbox has no authorization, so the proxy answers like a real API server.
        case forbidden
        /// An admission webhook denies the patch.
        case webhook

        /// The text that the message must contain.
        var words: String { self == .forbidden ? "cannot patch resource" : "webhook.example.com" }

        func answer(_ engine: TestEngine) throws -> JSONValue {
            try CaseInput(
                self == .forbidden ? "may-not-patch" : "webhook-cannot-decode", nil,
                ["plural": engine.runType.plural, "group": engine.runType.group]
            ).value
        }
    }

    @Test(arguments: Refusal.allCases)
    func `says that the run could not be stopped and stops it once that is allowed`(
        _ refusal: Refusal
    ) async throws {
        let stage = try await CaseStage("refused", roles: OperatorRole.allCases)
        async let tekton: Void = refuse(refusal, stage, .tekton)
        async let argo: Void = refuse(refusal, stage, .argo)
        _ = try await (tekton, argo)
        try await stage.end()
    }

    private func refuse(_ refusal: Refusal, _ stage: CaseStage, _ engine: TestEngine) async throws {
        let workspace = stage.workspace
        let byRights = refusal == .forbidden && workspace.cluster.kind == .controlPlane
        let run = try await stage.begin("kept-\(engine)", engine)
        try await run.write("running")
        try await stage.executing(run.execution)
        if byRights { try await workspace.allow(engine, toPatch: false) }
        stage.answer(.patch, of: run.execution, with: byRights ? nil : try refusal.answer(engine))
        try await stage.shutDown(run.execution, "Terminate")

        let reported = try await stage.execution(run.execution, until: "says that the stop was refused") {
            $0.status("reason") == "ShutdownRefused" && $0.condition("ShutdownRefused") == "True"
        }
        #expect(reported.status("phase") == "Running")
        #expect(reported.status("reason") == "ShutdownRefused")
        #expect(reported.status("message")?.contains(refusal.words) == true, "\(reported["status"] ?? .null)")
        let condition = reported[path: ["status", "conditions"]]?.arrayValue?.first { $0["type"] == "ShutdownRefused" }
        #expect(condition?["message"]?.stringValue?.contains(refusal.words) == true)
        if refusal == .forbidden { #expect(condition?["reason"] == "Forbidden") }
        try await poll("a warning of the refused stop") {
            try await workspace.access.list(Types.event, workspace.namespace).contains { event in
                event["type"] == "Warning" && event[path: ["regarding", "name"]]?.stringValue == run.execution
                    && event["note"]?.stringValue?.contains(refusal.words) == true
            }
        }
        #expect(try await run.stopRequest() == nil)

        if byRights { try await workspace.allow(engine, toPatch: true) }
        stage.answer(.patch, of: run.execution, with: nil)
        #expect(try await run.stopped(within: .seconds(60)) == (engine == .tekton ? "Cancelled" : "Terminate"))
        try await run.write("cancelled")
        let ended = try await workspace.finished(run.execution)
        #expect(ended.verdict == "Failed/Cancelled/Cancelled")
        #expect(ended.condition("ShutdownRefused") != "True")
    }

    @Test func `names the cleanup that failed after a stop, with one outcome on both engines`() async throws {
        let stage = try await CaseStage.shared
        var outcomes: [String] = []
        for engine in TestEngine.allCases {
            let run = try await stage.begin("cleanup-\(engine)", engine)
            try await run.write("running")
            try await stage.executing(run.execution)
            try await stage.shutDown(run.execution, "Stop")
            #expect(try await run.stopped() == (engine == .tekton ? "CancelledRunFinally" : "Stop"))
            try await run.write("cleanup-failed")
            let ended = try await stage.workspace.finished(run.execution)
            outcomes.append(ended.verdict)
            let failure = ended[path: ["status", "failure"]]
            // In Argo, an exit handler has only the name of its template.
            let task = failure?["task"]?.stringValue ?? ""
            #expect(task.contains("cleanup") || task.contains("onExit"), "\(engine): \(failure ?? .null)")
            #expect(failure?["exitCode"] == 4, "\(engine): \(failure ?? .null)")
        }
        #expect(Set(outcomes).count == 1, "\(outcomes)")
    }

    @Test(arguments: TestEngine.allCases)
    func `reports a failure before a shutdown as a failure`(_ engine: TestEngine) async throws {
        let stage = try await CaseStage.shared
        let run = try await stage.begin("failed-first-\(engine)", engine)
        try await run.write("running")
        try await stage.executing(run.execution)
        try await stage.shutDown(run.execution, "Terminate")
        _ = try await run.stopped()
        try await run.write("failed-then-stopped")
        let ended = try await stage.workspace.finished(run.execution)
        #expect(ended.verdict == "Failed/Failed/StepFailed")
        #expect(ended[path: ["status", "failure", "task"]] == "work")
        #expect(ended[path: ["status", "failure", "exitCode"]] == 3)
    }
}

extension Workspace {
    /// Grants or revokes the operator's permission to patch an engine's runs in this namespace.
    fileprivate func allow(_ engine: TestEngine, toPatch isAllowed: Bool) async throws {
        let manifest = try (engine == .tekton ? OperatorRole.tekton : .argo).manifest()
        let rules = (manifest["rules"]?.arrayValue ?? []).map { rule in
            guard !isAllowed, rule["resources"]?.arrayValue?.contains(.string(engine.runType.plural)) == true else {
                return rule
            }
            var rule = rule
            rule["verbs"] = .array((rule["verbs"]?.arrayValue ?? []).filter { $0 != "patch" })
            return rule
        }
        let role = ResourceType(group: "rbac.authorization.k8s.io", version: "v1", plural: "roles", kind: "Role")
        try await access.merge(role, namespace, manifest.name ?? "", ["rules": .array(rules)])
    }
}
