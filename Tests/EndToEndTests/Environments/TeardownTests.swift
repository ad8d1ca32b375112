import Foundation
import KubeClient
import TestSupport
import Testing

/// Teardowns that fail, hang, are retried or are skipped.
@Suite(.serialized, .timeLimit(.minutes(10))) struct TeardownTests {
    /// An environment that is ready, with this definition for its teardown.
    private func makeReady(
        _ name: String, teardown definition: String, _ more: String = "", seconds: Int = 60
    ) async throws -> EnvironmentStage {
        let stage = try await EnvironmentStage.make(name)
        try await stage.create(
            "lab", [.workflow("up"), .teardown(definition, more)], timeslot: "teardownSeconds: \(seconds)")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        return stage
    }

    @Test func `a failed teardown is held, and can be retried`() async throws {
        let stage = try await makeReady("torn", teardown: "breaks")
        try await stage.patch("lab", ["desired": "Inactive"])
        let held = try await stage.environment("lab", reaches: "Terminating/TeardownFailed")
        #expect(
            held.status("message")?.hasPrefix("teardown failed: StepFailed, task restart, step run, exit code 3")
                == true)
        #expect(held.phaseStates == "up: Succeeded, teardown: Failed")
        #expect(held.finalizers == ["towline.dev/teardown"])
        try await stage.setFailure(of: "breaks", nil)
        try await stage.retry("lab", "after the fix")
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        #expect(ended.condition("TornDown") == "True" && ended.phase("teardown")?["attempt"] == 2)
        #expect(ended.status("lastHandledRetryAt") == "after the fix")
        try await stage.end()
    }

    @Test func `retries a teardown automatically`() async throws {
        let stage = try await makeReady("retried", teardown: "breaks", "retry: {limit: 1, backoffSeconds: 3}")
        try await stage.patch("lab", ["desired": "Inactive"])
        _ = try await stage.environment("lab", reaches: "Terminating/TeardownRetrying")
        try await stage.setFailure(of: "breaks", nil)
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        #expect(ended.condition("TornDown") == "True" && ended.phase("teardown")?["attempt"] == 2)
        try await stage.end()
    }

    @Test(arguments: [("breaks", "TeardownFailed"), ("takes-long", "TeardownTimedOut")])
    func `releases the environment at the bound`(_ definition: String, _ reason: String) async throws {
        let stage = try await makeReady("bound", teardown: definition, seconds: 10)
        try await stage.patch("lab", ["desired": "Inactive"])
        let ended = try await stage.environment("lab", reaches: "Inactive/\(reason)")
        #expect(ended.condition("TornDown") == "False" && ended.conditionReason("TornDown") == reason)
        #expect(ended.condition("Stalled") == "True")
        let bound = try #require(ended.time("terminationStartedAt")) + .seconds(10)
        let release = try #require(ended.time("updatedAt"))
        print("released \(release - bound) after the bound")
        #expect(release >= bound && release < bound + .seconds(3))
        try await poll("the finalizer is removed") { try await stage.environment("lab").finalizers.isEmpty }
        #expect(try await stage.executions(of: ended, "teardown").count == 1, "it stays as the record")
        try await stage.end()
    }

    @Test(arguments: ["breaks", "takes-long"])
    func `an annotation skips a teardown`(_ definition: String) async throws {
        let stage = try await makeReady("skipped", teardown: definition)
        try await stage.patch("lab", ["desired": "Inactive"])
        _ = try await stage.environment(
            "lab", reaches: definition == "breaks" ? "Terminating/TeardownFailed" : "Terminating/TearingDown")
        try await stage.annotate("lab", "towline.dev/skip-teardown", "true")
        let ended = try await stage.environment("lab", reaches: "Inactive/TeardownSkipped", within: .seconds(20))
        #expect(ended.condition("TornDown") == "False" && ended.conditionReason("TornDown") == "TeardownSkipped")
        try await poll("the finalizer is removed") { try await stage.environment("lab").finalizers.isEmpty }
        try await stage.end()
    }

    @Test func `stops what runs, first gently, then firmly`() async throws {
        let stage = try await EnvironmentStage.make("stopped")
        // A gentle stop runs the finally task, which takes too long.
        try await stage.workspace.create(
            """
            apiVersion: tekton.dev/v1
            kind: Pipeline
            metadata: {name: lingers, annotations: {sandbox.towline.dev/duration: 10m}}
            spec:
              tasks: [{name: serve, taskSpec: {steps: [{name: run, image: example, command: [serve]}]}}]
              finally: [{name: save, taskSpec: {steps: [{name: run, image: example, command: [save]}]}}]
            """)
        try await stage.workspace.create(CatalogManifest.definition("lingers", .tekton, parameters: "[]"))
        try await stage.create(
            "lab", [.workflow("up", "lingers"), .workflow("check"), .teardown()], timeslot: "teardownSeconds: 16")
        _ = try await stage.environment("lab", until: "runs") { $0.phase("up")?["executionRef"]?["uid"] != nil }
        try await stage.patch("lab", ["desired": "Inactive"])
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        #expect(ended.phaseStates == "up: Cancelled, check: Skipped, teardown: Succeeded")
        let shutdowns = try stage.history.record().executions.map(\.object)
            .filter { $0.label("towline.dev/phase") == "up" }
            .reduce(into: [String]()) { seen, version in
                guard let shutdown = version[path: ["spec", "shutdown"]]?.stringValue else { return }
                if seen.last != shutdown { seen.append(shutdown) }
            }
        #expect(shutdowns == ["Stop", "Terminate"])
        try await stage.end()
    }

    @Test func `nothing starts after the termination started`() async throws {
        let stage = try await EnvironmentStage.make("no-more")
        try await stage.create(
            "lab",
            [
                .workflow("up"), .steps("pause", ["pause: {seconds: 2}"]),
                .workflow("grade", "works", "triggerOnStatus: submitted"),
                .workflow("report", "works", "triggerOnStatus: failed"), .teardown("takes-long"),
            ], timeslot: "teardownSeconds: 60")
        _ = try await stage.environment("lab", reaches: "Active/Paused")
        try await stage.patch("lab", ["desired": "Inactive"])
        _ = try await stage.environment("lab", reaches: "Terminating/TearingDown")
        try await stage.patch("lab", ["signals": ["submitted"]])
        _ = try await stage.environment("lab", until: "saw the signal") {
            $0[path: ["status", "observedGeneration"]] == 3
        }
        try await stage.annotate("lab", "towline.dev/skip-teardown", "true")
        let ended = try await stage.environment("lab", reaches: "Inactive/TeardownSkipped")
        for phase in ["grade", "report"] { #expect(ended.phase(phase)?["state"] == "Skipped", "\(phase)") }
        #expect(try await Set(stage.executions(of: ended).map { $0.label("towline.dev/phase") }) == ["up", "teardown"])
        try await stage.end()
    }
}
