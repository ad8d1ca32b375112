import KubeClient
import Testing
import TowlineAPI

@testable import Environments

/// Extensions of the expiry, and parameters that contradict the definitions.
@Suite struct ExpiryAndParameterTests {
    private func bench(_ timeslot: String = "'ttlSeconds': 100, 'maxEnd': '2027-01-15T08:10:00Z'") throws
        -> EnvironmentBench
    {
        let bench = try EnvironmentLifeTests.bench(
            """
            {'timeslot': {\(timeslot)}, 'lifecycle': {'phases': [
              {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}}]}}
            """)
        // 2027-01-15T08:00:00Z
        #expect(bench.now.rfc3339 == "2027-01-15T08:00:00Z")
        try bench.reconcile()
        bench.end("pr-7-up-3f9c2a-1")
        try bench.reconcile()
        return bench
    }

    @Test func `an annotation extends the expiry up to the last moment`() throws {
        let bench = try bench()
        bench.now = bench.now + .seconds(99) + .milliseconds(999)
        bench.annotate("extended-until", "2027-01-15T08:05:00Z")
        #expect(try bench.reconcile() == ServerTime(rfc3339: "2027-01-15T08:05:00Z"))
        #expect(try bench.status.phase == .active)
        #expect(try bench.condition(.extensionRefused) == nil)
        bench.annotate("extended-until", nil)
        try bench.reconcile()
        #expect(try bench.status.expiresAt?.rfc3339 == "2027-01-15T08:05:00Z", "withdrawing it changes nothing")
        try bench.pass(.seconds(400))
        #expect(try bench.verdict == "Inactive/Expired")
    }

    @Test(arguments: [
        ("2027-01-15T08:10:01Z", "BeyondMaxEnd"), ("tomorrow", "InvalidTime"), ("2027-01-15T08:00:30Z", nil as String?),
    ])
    func `an extension that is not honored says why`(_ text: String, _ reason: String?) throws {
        let bench = try bench()
        bench.annotate("extended-until", text)
        try bench.reconcile()
        #expect(try bench.condition(.extensionRefused) == reason.map { "True/\($0)" })
        #expect(try bench.status.expiresAt?.rfc3339 == "2027-01-15T08:01:40Z")
    }

    @Test func `an extension after the end or without an expiry is refused`() throws {
        let bench = try EnvironmentLifeTests.bench()
        try bench.reconcile()
        bench.end("pr-7-up-3f9c2a-1")
        try bench.pass(.seconds(7200))
        bench.annotate("extended-until", "2027-02-01T00:00:00Z")
        try bench.reconcile()
        #expect(try bench.condition(.extensionRefused) == "True/AlreadyExpired")
        bench.annotate("extended-until", nil)
        try bench.pass(.seconds(600))
        #expect(try bench.verdict == "Inactive/TeardownTimedOut")
        bench.annotate("extended-until", "2027-02-01T00:00:00Z")
        try bench.reconcile()
        #expect(try bench.condition(.extensionRefused) == "True/AlreadyExpired")
        let endless = try self.bench("")
        endless.annotate("extended-until", "2027-02-01T00:00:00Z")
        try endless.reconcile()
        #expect(try endless.condition(.extensionRefused) == "True/NoExpiry")
        #expect(try endless.condition(.expired) == "False/NoExpiry")
    }

    @Test func `the end in the spec extends too, and never moves the expiry earlier`() throws {
        let bench = try bench("'end': '2027-01-15T09:00:00Z'")
        bench.change("spec", "timeslot", "end", to: "2027-01-15T09:30:00.5Z")
        try bench.reconcile()
        #expect(try bench.status.expiresAt?.rfc3339 == "2027-01-15T09:30:01Z", "never early")
        bench.change("spec", "timeslot", "end", to: "2027-01-15T09:00:00Z")
        try bench.reconcile()
        #expect(try bench.status.expiresAt?.rfc3339 == "2027-01-15T09:30:01Z")
    }

    @Test func `all faults of the parameters are reported at once, and nothing runs`() throws {
        let bench = try EnvironmentLifeTests.bench(
            """
            {'parameters': {'BRANCH': 'x y', 'TYPO': '1'}, 'timeslot': {'teardownSeconds': 60}, 'lifecycle': {'phases': [
              {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}},
              {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}}]}}
            """)
        try bench.define("preview-up", parameters: "[{'name': 'BRANCH', 'pattern': '^[a-z]+$'}]")
        try bench.define("preview-down", parameters: "[{'name': 'REGION', 'required': true}]")
        try bench.reconcile()
        #expect(try bench.verdict == "Failed/InvalidParameters")
        #expect(try bench.condition(.parametersValid) == "False/InvalidParameters")
        let message = try bench.status.message ?? ""
        for part in ["TYPO", "phase up (preview-up@1)", "BRANCH", "phase down (preview-down@1)", "REGION"] {
            #expect(message.contains(part), "\(message)")
        }
        #expect(bench.executions.isEmpty && !bench.log.contains("hold"))
        #expect(try bench.status.startedAt == nil)
    }

    @Test func `a phase gets the parameters that its definition declares`() throws {
        let bench = try EnvironmentLifeTests.bench(
            """
            {'parameters': {'BRANCH': 'main', 'REGION': 'eu'}, 'timeslot': {'ttlSeconds': 60, 'teardownSeconds': 60},
             'executionConfig': {'serviceAccountName': 'previewer'}, 'lifecycle': {'phases': [
              {'name': 'up', 'engine': 'workflow', 'workflow': {'name': 'preview-up', 'version': '1'}},
              {'name': 'down', 'engine': 'workflow', 'teardown': true, 'workflow': {'name': 'preview-down', 'version': '1'}}]}}
            """)
        try bench.define(
            "preview-up",
            parameters: """
                [{'name': 'BRANCH'}, {'name': 'SIZE', 'default': 'small'}, {'name': 'TOWLINE_ENVIRONMENT'},
                 {'name': 'TOWLINE_PHASE'}, {'name': 'TOWLINE_EXPIRES_AT'}]
                """)
        try bench.define("preview-down", parameters: "[{'name': 'REGION'}]")
        try bench.reconcile()
        let execution = bench.executions["pr-7-up-3f9c2a-1"]
        #expect(
            execution?[path: ["spec", "parameters"]] == [
                "BRANCH": "main", "TOWLINE_ENVIRONMENT": "pr-7", "TOWLINE_PHASE": "up",
                "TOWLINE_EXPIRES_AT": "2027-01-15T08:01:00Z", "SIZE": "small",
            ])
        #expect(execution?[path: ["spec", "executionConfig", "serviceAccountName"]] == "previewer")
        #expect(execution?[path: ["metadata", "ownerReferences"]]?.arrayValue?.first?["kind"] == "Environment")
        #expect(execution?[path: ["spec", "workflowRef", "name"]] == "preview-up")
    }

    @Test(arguments: [
        ("pr-7", "pr-7-up-3f9c2a-1"),
        (String(repeating: "a", count: 253), String(repeating: "a", count: 51) + "-up-3f9c2a-1"),
        (String(repeating: "a", count: 50) + ".b", String(repeating: "a", count: 50) + "-up-3f9c2a-1"),
    ])
    func `the name of an execution has at most 63 characters`(_ environment: String, _ name: String) {
        let made = PhaseExecution.name(
            environment: environment, uid: "3f9c2a71-d0b5-4c8e-9a55-0123456789ab", phase: "up", attempt: 1)
        #expect(made == name)
        #expect(made.utf8.count <= 63)
    }
}
