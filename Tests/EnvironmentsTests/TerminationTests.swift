import KubeClient
import Testing
import TowlineAPI

@testable import Environments

/// How environments end: what runs is stopped, the teardown runs, and nothing takes longer than its bound.
@Suite struct TerminationTests {
    private static let spec = """
        {'timeslot': {'teardownSeconds': 100}, 'lifecycle': {'phases': [
          {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}},
          {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}, 'retry': {'limit': 1, 'backoffSeconds': 10}}]}}
        """
    private let up = "pr-7-up-3f9c2a-1"
    private let down = "pr-7-down-3f9c2a-1"
    private let again = "pr-7-down-3f9c2a-2"

    private func bench(ready: Bool = true) throws -> EnvironmentBench {
        let bench = try EnvironmentLifeTests.bench(Self.spec)
        try bench.reconcile()
        guard ready else { return bench }
        bench.end(up)
        try bench.reconcile()
        #expect(try bench.verdict == "Active/Ready")
        return bench
    }

    @Test func `a deleted environment is held until it is torn down`() throws {
        let bench = try bench()
        bench.delete()
        try bench.reconcile()
        #expect(bench.running == [down] && !bench.isGone)
        bench.end(down)
        try bench.reconcile()
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/Deleted")
    }

    @Test func `a running phase is stopped, then terminated, before the teardown runs`() throws {
        let bench = try bench(ready: false)
        bench.change("spec", "desired", to: "Inactive")
        try bench.reconcile()
        #expect(try bench.verdict == "Terminating/Stopping")
        #expect(bench.log.suffix(1) == ["stop \(up) Stop"])
        try bench.pass(.seconds(24))
        #expect(bench.log.last == "stop \(up) Stop", "a quarter of teardownSeconds")
        try bench.pass(.seconds(1))
        #expect(bench.log.last == "stop \(up) Terminate")
        #expect(bench.running == [up])
        bench.end(up, "Cancelled", reason: "Cancelled")
        try bench.reconcile()
        #expect(bench.running == [down])
        #expect(try bench.states == "up:Cancelled down:Running")
        #expect(bench.executions[down]?[path: ["spec", "executionConfig", "timeoutSeconds"]] == 75)
    }

    @Test func `a phase that does not stop ends the environment at the bound`() throws {
        let bench = try bench(ready: false)
        bench.delete()
        try bench.pass(.seconds(99))
        #expect(!bench.isGone)
        try bench.pass(.seconds(1))
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/TeardownTimedOut")
        #expect(bench.executions[down] == nil, "phases never overlap")
    }

    @Test func `a teardown that never ends is released at the bound`() throws {
        let bench = try bench()
        bench.delete()
        try bench.pass(.seconds(100))
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/TeardownTimedOut")
        #expect(try bench.condition(.tornDown) == "False/TeardownTimedOut")
        #expect(bench.executions[down]?[path: ["spec", "shutdown"]] == "Terminate")
        #expect(bench.executions[down]?[path: ["spec", "executionConfig", "startDeadlineSeconds"]] == 100)
    }

    @Test func `a teardown that could not be created does not start after its bound`() throws {
        let bench = try bench()
        bench.createError = .status(APIStatus(code: 503, reason: "", message: "overloaded"))
        bench.delete()
        try bench.pass(.seconds(98))
        #expect(try bench.verdict == "Terminating/APIUnavailable")
        bench.createError = nil
        bench.now = bench.now + .seconds(5)
        try bench.reconcile()
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/TeardownTimedOut")
        #expect(bench.executions[down]?[path: ["spec", "shutdown"]] == "Terminate")
    }

    @Test func `a phase whose create was refused for a minute never ran`() throws {
        let bench = try EnvironmentLifeTests.bench(Self.spec)
        bench.createError = .status(APIStatus(code: 403, reason: "Forbidden", message: "exceeded quota: count"))
        try bench.reconcile()
        bench.delete()
        try bench.pass(.seconds(55))
        #expect(!bench.isGone, "an earlier request may still take effect")
        try bench.pass(.seconds(10))
        #expect(bench.isGone)
        #expect(try bench.condition(.tornDown) == "True/NothingToTearDown")
    }

    @Test func `what someone deleted may have run, so it is torn down`() throws {
        let bench = try EnvironmentLifeTests.bench(Self.spec)
        bench.createErrors[up] = .status(APIStatus(code: 409, reason: "AlreadyExists", message: ""))
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/ExecutionDeleted")
        bench.delete()
        try bench.reconcile()
        #expect(bench.running == [down])
    }

    @Test func `a failed teardown is retried, then held for a user until the bound`() throws {
        let bench = try bench()
        bench.delete()
        try bench.reconcile()
        bench.end(down, "Failed")
        try bench.reconcile()
        #expect(try bench.verdict == "Terminating/TeardownRetrying")
        try bench.pass(.seconds(10))
        #expect(bench.running == [again])
        bench.end(again, "Failed")
        try bench.reconcile()
        #expect(try bench.verdict == "Terminating/TeardownFailed")
        bench.annotate("retry-requested-at", "x")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-down-3f9c2a-3"])
        bench.end("pr-7-down-3f9c2a-3", "Failed")
        try bench.pass(.seconds(89))
        #expect(!bench.isGone)
        try bench.pass(.seconds(1))
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/TeardownFailed")
        #expect(try bench.condition(.stalled) == "True/TeardownFailed")
    }

    @Test func `a user skips the teardown`() throws {
        let bench = try bench()
        bench.delete()
        try bench.reconcile()
        bench.annotate("skip-teardown", "true")
        try bench.reconcile()
        #expect(bench.isGone)
        #expect(try bench.condition(.tornDown) == "False/TeardownSkipped")
    }

    @Test func `without an execution there is nothing to tear down`() throws {
        let bench = try EnvironmentLifeTests.bench(Self.spec)
        bench.createError = .status(APIStatus(code: 422, reason: "Invalid", message: "no"))
        try bench.reconcile()
        bench.createError = nil
        bench.delete()
        try bench.reconcile()
        #expect(bench.isGone)
        #expect(try bench.condition(.tornDown) == "True/NothingToTearDown")
    }

    @Test func `a create that is still under way cannot start anything after the termination`() throws {
        let bench = try EnvironmentLifeTests.bench(Self.spec)
        bench.createError = .transport(TransportError(.timedOut, "no answer"))
        try bench.reconcile()
        bench.createError = nil
        bench.delete()
        try bench.reconcile()
        #expect(bench.executions[up]?[path: ["spec", "shutdown"]] == "Terminate", "the name is taken")
        #expect(bench.executions[down] == nil)
        bench.end(up, "Cancelled", reason: "Cancelled")
        try bench.reconcile()
        #expect(bench.running == [down])
    }

    private static var namespaceIsTerminating: KubeError {
        var status = APIStatus(code: 403, reason: "Forbidden", message: "namespace is being terminated")
        var cause = APIStatus.Cause()
        cause.reason = "NamespaceTerminating"
        status.details.causes = [cause]
        return .status(status)
    }

    @Test func `a terminating namespace releases the environment at once`() throws {
        let bench = try bench()
        bench.createError = Self.namespaceIsTerminating
        bench.delete()
        try bench.reconcile()
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/NamespaceTerminating")
    }

    @Test func `a terminating namespace releases an environment whose teardown it deleted`() throws {
        let bench = try bench()
        bench.delete()
        try bench.reconcile()
        #expect(bench.running == [down])
        bench.executions = [:]
        #expect(try bench.reconcile() == bench.now + .seconds(10), "the namespace may be deleted later")
        #expect(try bench.verdict == "Terminating/TeardownFailed")
        bench.createError = Self.namespaceIsTerminating
        try bench.pass(.seconds(10))
        #expect(bench.isGone)
        #expect(try bench.verdict == "Inactive/NamespaceTerminating")
    }

    @Test func `foreground deletion takes the execution of a running phase, and the teardown runs`() throws {
        let bench = try bench(ready: false)
        bench.delete()
        bench.executions[up] = nil
        try bench.reconcile()
        #expect(bench.running == [down])
        #expect(try bench.states == "up:Cancelled down:Running")
    }

    @Test func `Inactive is final`() throws {
        let bench = try bench()
        bench.change("spec", "desired", to: "Inactive")
        try bench.reconcile()
        bench.end(down)
        try bench.reconcile()
        #expect(try bench.verdict == "Inactive/Deactivated")
        let status = try bench.status
        bench.change("spec", "signals", to: ["submitted"])
        bench.annotate("retry-requested-at", "x")
        try bench.pass(.seconds(3600))
        #expect(try bench.status.phases == status.phases && bench.running == [])
        #expect(try bench.status.observedGeneration == 3)
        #expect(try bench.status.finishedAt == status.finishedAt)
    }
}
