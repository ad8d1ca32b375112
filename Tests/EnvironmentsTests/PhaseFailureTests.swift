import KubeClient
import Testing
import TowlineAPI

@testable import Environments

/// What follows when a phase fails.
@Suite struct PhaseFailureTests {
    private func bench(
        _ up: String = "", grade: String = "", more: String = "", ending: String = ""
    ) throws -> EnvironmentBench {
        let bench = try EnvironmentBench(
            """
            {'timeslot': {'teardownSeconds': 100}, 'lifecycle': {'phases': [
              {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}\(up)},
              {'name': 'grade', 'engine': 'workflow', 'workflow': {'name': 'grade', 'version': '1'}\(grade)}\(more),
              {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}}]\(ending)}}
            """)
        for name in ["preview-up", "grade", "preview-down", "report"] { try bench.define(name) }
        return bench
    }

    private let first = "pr-7-up-3f9c2a-1"
    private let second = "pr-7-up-3f9c2a-2"
    private let third = "pr-7-up-3f9c2a-3"
    private let report =
        ", {'name': 'report', 'engine': 'workflow', 'triggerOnStatus': 'failed', 'workflow': {'name': 'report', 'version': '1'}}"

    @Test func `a failed gating phase blocks, and its message has the task, the step and the exit code`() throws {
        let bench = try bench()
        try bench.reconcile()
        bench.end(first, "Failed", more: ["failure": ["task": "drain", "step": "run", "exitCode": 1]])
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/PhaseFailed")
        #expect(
            try bench.status.message
                == "up failed: StepFailed, task drain, step run, exit code 1 (execution pr-7-up-3f9c2a-1)")
        #expect(try bench.condition(.stalled) == "True/PhaseFailed")
        #expect(try bench.states == "up:Failed grade:Waiting down:Waiting")
        #expect(bench.running == [])
    }

    @Test func `retries with doubled pauses up to the limit`() throws {
        let bench = try bench(", 'retry': {'limit': 2, 'backoffSeconds': 20}")
        try bench.reconcile()
        bench.end(first, "Failed")
        #expect(try bench.reconcile() == bench.now + .seconds(20))
        #expect(try bench.verdict == "Provisioning/PhaseRetrying")
        try bench.pass(.seconds(19))
        #expect(bench.running == [])
        try bench.pass(.seconds(1))
        #expect(bench.running == [second])
        bench.end(second, "Timeout")
        #expect(try bench.reconcile() == bench.now + .seconds(40))
        try bench.pass(.seconds(40))
        bench.end(third, "Error")
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/PhaseFailed")
        #expect(try bench.status.record(of: "up")?.attempt == 3)
    }

    @Test(arguments: [
        ("Failed", "['Timeout']", false, 1), ("Timeout", "['Timeout']", true, 2),
        ("Cancelled", "['Timeout']", false, 1),
        ("Cancelled", "['Cancelled']", true, 2),
    ])
    func `retries only the listed outcomes`(_ outcome: String, _ listed: String, _ isRetried: Bool, _ attempt: Int64)
        throws
    {
        let bench = try bench(", 'retry': {'limit': 1, 'onOutcomes': \(listed)}")
        try bench.reconcile()
        bench.end(first, outcome)
        try bench.pass(.seconds(31))
        #expect(try bench.status.record(of: "up")?.attempt == attempt)
        #expect(bench.running == (isRetried ? [second] : []))
    }

    @Test func `an attempt that proves that no step started is retried, within the limit`() throws {
        let bench = try bench(", 'retry': {'limit': 1, 'onOutcomes': ['Timeout']}")
        try bench.reconcile()
        bench.end(first, "Failed", more: ["executed": false])
        try bench.pass(.seconds(31))
        #expect(bench.running == [second])
        bench.end(second, "Failed", more: ["executed": false])
        try bench.pass(.seconds(100))
        #expect(try bench.verdict == "Failed/PhaseFailed")
    }

    @Test func `a user retries the failed phase, once for each request`() throws {
        let bench = try bench()
        try bench.reconcile()
        bench.end(first, "Failed")
        try bench.reconcile()
        bench.annotate("retry-requested-at", "2027-01-15T08:00:00Z")
        try bench.reconcile()
        #expect(bench.running == [second])
        #expect(try bench.verdict == "Provisioning/PhaseRunning")
        #expect(try bench.status.lastHandledRetryAt == "2027-01-15T08:00:00Z")
        bench.end(second, "Failed")
        try bench.reconcile()
        try bench.reconcile()
        #expect(bench.running == [])
        bench.annotate("retry-requested-at", "again")
        try bench.reconcile()
        #expect(bench.running == [third])
        bench.end(third)
        try bench.reconcile()
        #expect(bench.running == ["pr-7-grade-3f9c2a-1"])
    }

    @Test func `the last three attempts are kept`() throws {
        let bench = try bench()
        for attempt in 1...5 {
            bench.annotate("retry-requested-at", "\(attempt)")
            try bench.reconcile()
            #expect(bench.running == ["pr-7-up-3f9c2a-\(attempt)"])
            bench.end("pr-7-up-3f9c2a-\(attempt)", "Failed")
            try bench.reconcile()
        }
        #expect(bench.executions.keys.sorted() == [third, "pr-7-up-3f9c2a-4", "pr-7-up-3f9c2a-5"])
    }

    @Test func `a phase that does not gate lets the next one run`() throws {
        let bench = try bench(grade: ", 'gatesNext': false")
        try bench.reconcile()
        bench.end(first)
        try bench.reconcile()
        bench.end("pr-7-grade-3f9c2a-1", "Failed")
        try bench.reconcile()
        #expect(try bench.verdict == "Active/Ready")
        #expect(try bench.states == "up:Succeeded grade:Failed down:Waiting")
    }

    @Test func `a failure of the phase that readiness needs counts although later phases run`() throws {
        let bench = try bench(", 'gatesNext': false")
        try bench.reconcile()
        bench.end(first, "Failed")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-grade-3f9c2a-1"])
        #expect(try bench.verdict == "Failed/PhaseFailed")
        bench.end("pr-7-grade-3f9c2a-1")
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/PhaseFailed")
        bench.annotate("retry-requested-at", "x")
        try bench.reconcile()
        bench.end(second)
        try bench.reconcile()
        #expect(try bench.verdict == "Active/Ready")
    }

    @Test func `an environment that was ready is degraded by a later failure and recovers by a retry`() throws {
        let bench = try bench()
        try bench.reconcile()
        bench.end(first)
        try bench.reconcile()
        bench.end("pr-7-grade-3f9c2a-1", "Failed")
        try bench.reconcile()
        #expect(try bench.verdict == "Degraded/PhaseFailed")
        #expect(try bench.condition(.ready) == "False/PhaseFailed")
        bench.annotate("retry-requested-at", "x")
        try bench.reconcile()
        #expect(try bench.verdict == "Active/PhaseRunning")
        bench.end("pr-7-grade-3f9c2a-2")
        try bench.reconcile()
        #expect(try bench.verdict == "Active/Ready")
    }

    @Test func `a failure phase runs once, and is skipped if nothing fails`() throws {
        let bench = try bench(more: report)
        try bench.reconcile()
        bench.end(first, "Failed")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-report-3f9c2a-1"])
        #expect(try bench.verdict == "Failed/PhaseFailed", "it is not ready while the failure is reported")
        #expect(try bench.status.currentPhase == "report")
        bench.end("pr-7-report-3f9c2a-1")
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/PhaseFailed")
        bench.annotate("retry-requested-at", "x")
        try bench.reconcile()
        bench.end(second, "Failed")
        try bench.reconcile()
        #expect(bench.running == [])
        let good = try self.bench(more: report)
        try good.reconcile()
        good.end(first)
        try good.reconcile()
        good.end("pr-7-grade-3f9c2a-1")
        try good.reconcile()
        #expect(try good.states == "up:Succeeded grade:Succeeded report:Skipped down:Waiting")
    }

    @Test func `onFailure Teardown tears down`() throws {
        let bench = try bench(ending: ", 'onFailure': 'Teardown'")
        try bench.reconcile()
        bench.end(first, "Failed")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-down-3f9c2a-1"])
        bench.end("pr-7-down-3f9c2a-1")
        try bench.reconcile()
        #expect(try bench.verdict == "Inactive/FailureTornDown")
        #expect(try bench.states == "up:Failed grade:Skipped down:Succeeded")
        #expect(try bench.condition(.expired) == "False/NoExpiry")
    }

    @Test func `a failure phase runs before onFailure Teardown tears down`() throws {
        let bench = try bench(more: report, ending: ", 'onFailure': 'Teardown'")
        try bench.reconcile()
        bench.end(first, "Failed")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-report-3f9c2a-1"])
        #expect(try bench.status.terminationStartedAt == nil)
        bench.end("pr-7-report-3f9c2a-1")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-down-3f9c2a-1"])
    }

    @Test func `an execution that is deleted while it runs fails its phase, and is not repeated automatically`() throws
    {
        let bench = try bench(", 'retry': {'limit': 3}")
        try bench.reconcile()
        bench.executions = [:]
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/ExecutionDeleted")
        try bench.pass(.seconds(3600))
        #expect(bench.executions.isEmpty)
        bench.annotate("retry-requested-at", "x")
        try bench.reconcile()
        #expect(bench.running == [second])
    }

    @Test func `the verdict of a phase stays if its execution is deleted afterwards`() throws {
        let bench = try bench()
        try bench.reconcile()
        bench.end(first)
        try bench.reconcile()
        bench.executions[first] = nil
        try bench.reconcile()
        #expect(try bench.states == "up:Succeeded grade:Running down:Waiting")
    }

    @Test func `a create whose answer was lost is not repeated`() throws {
        let bench = try bench()
        bench.losesAnswers = true
        try bench.reconcile()
        #expect(try bench.status.record(of: "up")?.executionUID == nil)
        bench.losesAnswers = false
        try bench.reconcile()
        #expect(bench.executions.count == 1)
        #expect(try bench.status.record(of: "up")?.executionUID != nil)
        #expect(try bench.status.record(of: "up")?.attempt == 1)
    }

    @Test(arguments: ["workflow", "label", "owner", "parameter", "entrypoint", "account", "timeout"])
    func `an execution of someone else is not adopted`(_ difference: String) throws {
        let bench = try bench()
        bench.losesAnswers = true
        try bench.reconcile()
        bench.losesAnswers = false
        let path: [String] =
            switch difference {
            case "workflow": ["spec", "workflowRef", "workflowId"]
            case "label": ["metadata", "labels", "towline.dev/environment-uid"]
            case "parameter": ["spec", "parameters", "WHO"]
            // Argo would start in another template of the same workflow.
            case "entrypoint": ["spec", "executionConfig", "entrypoint"]
            case "account": ["spec", "executionConfig", "serviceAccountName"]
            case "timeout": ["spec", "executionConfig", "timeoutSeconds"]
            default: ["metadata", "ownerReferences"]
            }
        bench.executions[first] = bench.executions[first]?
            .setting(path, to: difference == "owner" ? nil : difference == "timeout" ? 1 : .string("other"))
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/NameCollision")
    }

    @Test(
        arguments: [
            (["spec", "shutdown"], "Stop"), (["spec", "executionConfig", "ttlSecondsAfterFinished"], 60),
            (["spec", "executionConfig", "keepRunUntilArchived"], true),
            (["metadata", "labels", "example.com/a"], "b"),
        ] as [([String], JSONValue)])
    func `an own execution that a user changed is adopted`(_ path: [String], _ value: JSONValue) throws {
        let bench = try bench()
        bench.losesAnswers = true
        try bench.reconcile()
        bench.losesAnswers = false
        bench.executions[first] = bench.executions[first]?.setting(path, to: value)
        try bench.reconcile()
        #expect(try bench.status.record(of: "up")?.executionUID != nil)
        #expect(try bench.status.record(of: "up")?.attempt == 1)
    }

    @Test func `a rejected execution fails its phase, an obstacle delays it`() throws {
        let bench = try bench()
        bench.createError = .status(APIStatus(code: 403, reason: "Forbidden", message: "exceeded quota: count"))
        try bench.reconcile()
        #expect(try bench.verdict == "Provisioning/QuotaExceeded")
        bench.createError = .status(APIStatus(code: 403, reason: "Forbidden", message: "cannot create resource"))
        try bench.reconcile()
        #expect(try bench.verdict == "Provisioning/Forbidden")
        bench.createError = .status(APIStatus(code: 422, reason: "Invalid", message: "spec.workflowRef: no"))
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/InvalidSpec")
        #expect(try bench.states == "up:Failed grade:Waiting down:Waiting")
    }
}
