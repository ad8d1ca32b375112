import KubeClient
import Testing
import TowlineAPI

@testable import Environments

/// The life of an environment whose phases succeed, or wait.
@Suite struct EnvironmentLifeTests {
    static let preview = """
        {'timeslot': {'ttlSeconds': 7200, 'teardownSeconds': 600}, 'lifecycle': {'phases': [
          {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}},
          {'name': 'grade', 'engine': 'workflow', 'triggerOnStatus': 'submitted', 'workflow': {'name': 'grade', 'version': '1'}},
          {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}}]}}
        """

    static func bench(_ spec: String = preview) throws -> EnvironmentBench {
        let bench = try EnvironmentBench(spec)
        for name in ["preview-up", "grade", "preview-down"] { try bench.define(name) }
        return bench
    }

    @Test func `becomes ready, expires, and is torn down`() throws {
        let bench = try Self.bench()
        let start = bench.now
        try bench.reconcile()
        #expect(
            bench.log == [
                "hold", "write Provisioning/PhaseRunning", "create pr-7-up-3f9c2a-1", "write Provisioning/PhaseRunning",
            ])
        #expect(try bench.verdict == "Provisioning/PhaseRunning")
        #expect(try bench.status.expiresAt == start + .seconds(7200))
        bench.now = start + .seconds(60)
        bench.end("pr-7-up-3f9c2a-1")
        let next = try bench.reconcile()
        #expect(try bench.verdict == "Active/WaitingForSignal")
        #expect(try bench.states == "up:Succeeded grade:WaitingForSignal down:Waiting")
        #expect(try bench.status.readyAt == start + .seconds(60))
        #expect(try bench.condition(.ready) == "True/WaitingForSignal")
        #expect(try bench.condition(.reconciling) == nil)
        #expect(next == start + .seconds(3600), "the warning before the expiry")
        try bench.pass(.seconds(3540))
        #expect(try bench.condition(.expiringSoon) == "True/ExpiringSoon")
        try bench.pass(.seconds(3599))
        #expect(try bench.status.phase == .active)
        try bench.pass(.seconds(1))
        #expect(try bench.verdict == "Terminating/TearingDown")
        #expect(try bench.condition(.expired) == "True/Expired")
        #expect(try bench.states == "up:Succeeded grade:Skipped down:Running")
        let teardown = bench.executions["pr-7-down-3f9c2a-1"]
        #expect(teardown?[path: ["spec", "executionConfig", "timeoutSeconds"]] == 600)
        #expect(teardown?[path: ["metadata", "ownerReferences"]] == nil)
        bench.end("pr-7-down-3f9c2a-1")
        #expect(try bench.reconcile() == nil)
        #expect(try bench.verdict == "Inactive/Expired")
        #expect(try bench.condition(.tornDown) == "True/TornDown")
        #expect(try bench.condition(.ready) == nil)
        #expect(bench.log.last == "release")
        let writes = bench.log.count
        try bench.pass(.seconds(86_400))
        #expect(bench.log.count == writes, "nothing follows")
    }

    @Test func `an environment that rests writes nothing`() throws {
        let bench = try Self.bench()
        try bench.reconcile()
        bench.end("pr-7-up-3f9c2a-1")
        try bench.reconcile()
        let steps = bench.log
        for _ in 0..<5 { try bench.reconcile() }
        #expect(bench.log == steps)
    }

    @Test func `a signal that comes before its turn is remembered`() throws {
        let bench = try Self.bench()
        bench.change("spec", "signals", to: ["submitted"])
        try bench.reconcile()
        #expect(bench.running == ["pr-7-up-3f9c2a-1"])
        bench.end("pr-7-up-3f9c2a-1")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-grade-3f9c2a-1"])
        #expect(try bench.verdict == "Active/PhaseRunning")
        #expect(try bench.condition(.reconciling) == "True/PhaseRunning")
        bench.end("pr-7-grade-3f9c2a-1")
        try bench.reconcile()
        #expect(try bench.verdict == "Active/Ready")
    }

    @Test func `native steps pause and mark the environment ready`() throws {
        let bench = try Self.bench(
            """
            {'lifecycle': {'phases': [
              {'name': 'warm-up', 'engine': 'pipeline', 'steps': [{'pause': {'seconds': 30}}, {'markReady': {}}, {'pause': {'seconds': 5}}]},
              {'name': 'up', 'engine': 'workflow', 'triggerOnStatus': 'ready', 'workflow': {'name': 'preview-up', 'version': '1'}}]}}
            """)
        let start = bench.now
        #expect(try bench.reconcile() == start + .seconds(30))
        #expect(try bench.verdict == "Provisioning/Paused")
        try bench.pass(.seconds(29))
        #expect(try bench.status.readyAt == nil)
        try bench.pass(.seconds(1))
        #expect(try bench.status.readyAt == start + .seconds(30))
        #expect(try bench.verdict == "Active/Paused")
        try bench.pass(.seconds(5))
        #expect(bench.running == ["pr-7-up-3f9c2a-1"])
        #expect(!bench.log.contains("hold"), "nothing must be torn down")
    }

    @Test func `begins before its timeslot, and not at all after it`() throws {
        let bench = try Self.bench(
            """
            {'timeslot': {'start': '2027-01-15T09:00:00Z', 'end': '2027-01-15T10:00:00Z', 'leadSeconds': 900},
             'lifecycle': {'phases': [{'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}}]}}
            """)
        let start = try #require(ServerTime(rfc3339: "2027-01-15T09:00:00Z"))
        bench.now = start - .seconds(1000)
        #expect(try bench.reconcile() == start - .seconds(900))
        #expect(try bench.verdict == "Approaching/WaitingForStart")
        #expect(bench.running == [])
        try bench.pass(.seconds(100))
        #expect(bench.running == ["pr-7-up-3f9c2a-1"])
        let late = try Self.bench(
            """
            {'timeslot': {'start': '2027-01-15T09:00:00Z', 'end': '2027-01-15T10:00:00Z', 'teardownSeconds': 60},
             'lifecycle': {'phases': [{'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}},
               {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}}]}}
            """)
        late.now = start + .seconds(3600)
        try late.reconcile()
        #expect(try late.verdict == "Inactive/TimeslotMissed")
        #expect(try late.condition(.tornDown) == "True/NothingToTearDown")
        #expect(try late.condition(.stalled) == "True/TimeslotMissed")
        #expect(late.executions.isEmpty)
    }

    @Test func `the Lifecycle is copied, and neither it nor the definitions are needed afterwards`() throws {
        let bench = try EnvironmentBench(
            "{'timeslot': {'teardownSeconds': 60}, 'lifecycleRef': {'name': 'preview', 'version': '2'}}")
        #expect(try bench.reconcile() == bench.now + .seconds(10))
        #expect(try bench.verdict == "Pending/LifecycleNotFound")
        #expect(try bench.condition(.expired) == "False/NoExpiry")
        let inline = try JSONValue(parsing: Self.preview.replacing("'", with: "\""))
        bench.lifecycles["preview-2"] = [
            "metadata": ["name": "preview-2", "namespace": "previews", "uid": "l"],
            "spec": ["name": "preview", "version": "2", "phases": inline[path: ["lifecycle", "phases"]] ?? .null],
        ]
        try bench.reconcile()
        #expect(try bench.verdict == "Pending/DefinitionNotFound")
        #expect(try bench.status.message?.contains("preview-up@1, grade@1, preview-down@1") == true)
        for name in ["preview-up", "grade", "preview-down"] { try bench.define(name) }
        try bench.reconcile()
        #expect(try bench.verdict == "Provisioning/PhaseRunning")
        bench.lifecycles = [:]
        bench.definitions = [:]
        bench.end("pr-7-up-3f9c2a-1")
        bench.change("spec", "desired", to: "Inactive")
        try bench.reconcile()
        #expect(bench.running == ["pr-7-down-3f9c2a-1"])
        bench.end("pr-7-down-3f9c2a-1")
        try bench.reconcile()
        #expect(try bench.verdict == "Inactive/Deactivated")
    }
}
