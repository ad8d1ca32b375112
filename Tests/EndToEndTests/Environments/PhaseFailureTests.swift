import Foundation
import KubeClient
import TestSupport
import Testing

/// What an environment does when a phase fails.
@Suite(.serialized, .timeLimit(.minutes(10))) struct PhaseFailureTests {
    @Test(arguments: TestEngine.allCases)
    func `names the task, step and exit code, and succeeds when it is retried`(_ engine: TestEngine) async throws {
        let stage = try await EnvironmentStage.make("fails", engine)
        try await stage.setFailure("exit=3")
        try await stage.create("lab", [.workflow("up"), .workflow("check")])
        let failed = try await stage.environment("lab", reaches: "Failed/PhaseFailed")
        let execution = try await stage.execution(of: failed, "up")
        let failure = execution[path: ["status", "failure"]]
        #expect(failure?["exitCode"] == 3 && failure?["task"] == "restart")
        let step = failure?["step"]?.stringValue.map { ", step \($0)" } ?? ""
        let name = failed.executionName("up", attempt: 1)
        let message = "up failed: StepFailed, task restart\(step), exit code 3 (execution \(name))"
        #expect(failed.status("message") == message)
        #expect(failed.conditionMessage("Ready") == message && failed.conditionMessage("Stalled") == message)
        #expect(failed.phaseStates == "up: Failed, check: Waiting")
        #expect(failed.phase("up")?["outcome"] == "Failed" && failed.phase("up")?["reason"] == "StepFailed")
        #expect(failed.status("currentPhase") == "up")

        try await stage.setFailure(nil)
        try await stage.retry("lab", "2026-12-01T10:00:00Z")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.phase("up")?["attempt"] == 2 && ready.phase("check")?["attempt"] == 1)
        #expect(ready.status("lastHandledRetryAt") == "2026-12-01T10:00:00Z")
        #expect(try await stage.executions(of: ready, "up").map(\.verdict).first == "Failed/Failed/StepFailed")
        #expect(try await stage.executions(of: ready, "up").count == 2)
        try await stage.end()
    }

    /// The last three executions of a phase stay.
    @Test func `a request to retry counts once, and old executions are deleted`() async throws {
        let stage = try await EnvironmentStage.make("again")
        try await stage.create("lab", [.workflow("up", "breaks")])
        _ = try await stage.environment("lab", reaches: "Failed/PhaseFailed")
        for attempt in 2...5 {
            try await stage.retry("lab", "request \(attempt)")
            _ = try await stage.environment("lab", until: "failed again") {
                $0.status("phase") == "Failed" && $0.phase("up")?["attempt"]?.integerValue == Int64(attempt)
            }
        }
        // The same text again asks for nothing.
        try await stage.retry("lab", "request 5")
        try await stage.annotate("lab", "example.com/note", "seen")
        try await stage.create("other", [.workflow("up")])
        _ = try await stage.environment("other", reaches: "Active/Ready")
        let environment = try await stage.environment("lab")
        #expect(environment.restingPlace == "Failed/PhaseFailed" && environment.phase("up")?["attempt"] == 5)
        #expect(environment.status("lastHandledRetryAt") == "request 5")
        try await poll("two executions are deleted") {
            try await stage.executions(of: environment, "up").map(\.attempt) == [3, 4, 5]
        }
        try await stage.end()
    }

    @Test func `retries automatically after the backoff, up to the limit`() async throws {
        let stage = try await EnvironmentStage.make("retries")
        try await stage.create("lab", [.workflow("up", "breaks", "retry: {limit: 2, backoffSeconds: 3}")])
        let failed = try await stage.environment("lab", reaches: "Failed/PhaseFailed")
        let executions = try await stage.executions(of: failed, "up")
        #expect(executions.map(\.attempt) == [1, 2, 3])
        for (index, pause) in [Duration.seconds(3), .seconds(6)].enumerated() {
            let end = try #require(executions[index].time("finishedAt"))
            let next = try #require(executions[index + 1][path: ["metadata", "creationTimestamp"]]?.stringValue)
            #expect(try #require(ServerTime(rfc3339: next)) - end >= pause, "the backoff is doubled")
        }
        let waiting = try #require(
            try stage.history.versions(of: "lab").first { $0.status("reason") == "PhaseRetrying" })
        #expect(waiting.restingPlace == "Provisioning/PhaseRetrying" && waiting.phase("up")?["attempt"] == 1)
        try await stage.end()
    }

    @Test func `becomes ready when a retry succeeds`() async throws {
        let stage = try await EnvironmentStage.make("recovers")
        try await stage.setFailure("exit=3")
        try await stage.create("lab", [.workflow("up", "works", "retry: {limit: 1, backoffSeconds: 3}")])
        _ = try await stage.environment("lab", reaches: "Provisioning/PhaseRetrying")
        try await stage.setFailure(nil)
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.phase("up")?["attempt"] == 2)
        try await stage.end()
    }

    @Test func `retries only the outcomes that are listed`() async throws {
        let stage = try await EnvironmentStage.make("outcomes")
        try await stage.create(
            "lab", [.workflow("up", "breaks", "retry: {limit: 3, onOutcomes: [Timeout], backoffSeconds: 1}")])
        let failed = try await stage.environment("lab", reaches: "Failed/PhaseFailed")
        #expect(failed.phase("up")?["attempt"] == 1)
        // One without a step that ran is repeated even if its outcome is not listed.
        try await stage.workspace.create(
            CatalogManifest.definition("missing", .tekton, workflow: "not-there", parameters: "[]"))
        try await stage.create(
            "unstarted",
            [.workflow("up", "missing", "retry: {limit: 1, onOutcomes: [Timeout], backoffSeconds: 1}")])
        let unstarted = try await stage.environment("unstarted", reaches: "Failed/PhaseFailed")
        #expect(unstarted.phase("up")?["attempt"] == 2)
        try await stage.end()
    }

    @Test func `a phase that gates nothing may fail`() async throws {
        let stage = try await EnvironmentStage.make("ungated")
        try await stage.create(
            "lab", [.workflow("up"), .workflow("grade", "breaks", "gatesNext: false"), .workflow("archive")])
        let rested = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(rested.phaseStates == "up: Succeeded, grade: Failed, archive: Succeeded")
        #expect(try stage.history.phases(of: "lab") == ["Provisioning", "Active"])
        try await stage.end()
    }

    @Test func `a failure after readiness degrades, and a retry repairs`() async throws {
        let stage = try await EnvironmentStage.make("degrades")
        try await stage.create(
            "lab", [.workflow("up"), .workflow("grade", "breaks", "triggerOnStatus: submitted"), .workflow("archive")],
            spec: "signals: [submitted]")
        let degraded = try await stage.environment("lab", reaches: "Degraded/PhaseFailed")
        #expect(degraded.phaseStates == "up: Succeeded, grade: Failed, archive: Waiting")
        #expect(
            degraded.status("message")?.hasPrefix("grade failed: StepFailed, task restart, step run, exit code 3")
                == true)
        try await stage.setFailure(of: "breaks", nil)
        try await stage.retry("lab", "now")
        let repaired = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(repaired.phaseStates == "up: Succeeded, grade: Succeeded, archive: Succeeded")
        #expect(repaired.status("readyAt") == degraded.status("readyAt"))
        try await stage.end()
    }

    @Test func `a phase for failures runs once, and is skipped if nothing fails`() async throws {
        let stage = try await EnvironmentStage.make("on-failure")
        let report = PhaseManifest.workflow("report", "works", "triggerOnStatus: failed")
        try await stage.create("bad", [.workflow("up", "breaks"), report])
        try await stage.create("good", [.workflow("up"), report])
        let failed = try await stage.environment("bad", until: "reported the failure") {
            $0.phase("report")?["state"] == "Succeeded"
        }
        #expect(failed.restingPlace == "Failed/PhaseFailed")
        try await stage.retry("bad", "again")
        let again = try await stage.environment("bad", until: "failed again") {
            $0.status("phase") == "Failed" && $0.phase("up")?["attempt"] == 2
        }
        #expect(try await stage.executions(of: again, "report").count == 1)
        let good = try await stage.environment("good", reaches: "Active/Ready")
        #expect(good.phaseStates == "up: Succeeded, report: Skipped")
        try await stage.end()
    }

    @Test func `onFailure Teardown tears down`() async throws {
        let stage = try await EnvironmentStage.make("gives-up")
        try await stage.create(
            "lab", [.workflow("up", "breaks"), .workflow("check"), .teardown()], timeslot: "teardownSeconds: 60",
            lifecycle: "onFailure: Teardown")
        let ended = try await stage.environment("lab", reaches: "Inactive/FailureTornDown")
        #expect(ended.phaseStates == "up: Failed, check: Skipped, teardown: Succeeded")
        #expect(ended.condition("TornDown") == "True")
        try await stage.end()
    }

    @Test func `an execution that somebody deletes fails its phase`() async throws {
        let stage = try await EnvironmentStage.make("bereft")
        try await stage.create(
            "lab", [.workflow("up", "takes-long", "retry: {limit: 2, onOutcomes: [Failed, Error, Timeout, Cancelled]}")]
        )
        let running = try await stage.environment("lab", until: "runs") {
            $0.phase("up")?["executionRef"]?["uid"] != nil
        }
        try await stage.access.delete(
            Types.execution, stage.namespace, running.executionName("up", attempt: 1))
        let failed = try await stage.environment("lab", reaches: "Failed/ExecutionDeleted")
        #expect(failed.phase("up")?["state"] == "Failed" && failed.phase("up")?["attempt"] == 1)
        try await stage.setDuration(of: "takes-long", "100ms")
        try await stage.retry("lab", "again")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.phase("up")?["attempt"] == 2)
        try await stage.end()
    }

    @Test func `does not touch an execution of the same name that is not its own`() async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("collision")
        let environment = try await stage.create("lab", [.workflow("up")])
        let name = environment.executionName("up", attempt: 1)
        try await stage.workspace.create(Templates.execution(name, engine: "tekton"))
        let foreign = try await stage.workspace.execution(name)
        try await stage.startOperator()
        let failed = try await stage.environment("lab", reaches: "Failed/NameCollision")
        #expect(failed.status("message")?.contains(name) == true, "\(failed.status("message") ?? "")")
        let ended = try await stage.workspace.finished(name)
        #expect(ended.uid == foreign.uid && ended["spec"] == foreign["spec"])
        #expect(ended.label("towline.dev/environment-uid").isEmpty)
        try await stage.retry("lab", "again")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.end()
    }
}
