import Foundation
import KubeClient
import TestSupport
import Testing

/// The whole life of an environment: phases in order, readiness, signals, expiry and teardown.
@Suite(.serialized, .timeLimit(.minutes(10))) struct LifeTests {
    @Test(arguments: TestEngine.allCases)
    func `runs the phases in order, becomes ready, expires and is torn down`(_ engine: TestEngine) async throws {
        let stage = try await EnvironmentStage.make("life", engine)
        let ttl = 20 * EnvironmentStage.pace
        try await stage.create(
            "lab", [.workflow("up"), .workflow("check"), .teardown()],
            timeslot: "ttlSeconds: \(ttl), teardownSeconds: 40", spec: "parameters: {TARGET: orders}")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.phaseStates == "up: Succeeded, check: Succeeded, teardown: Waiting")
        #expect(ready.condition("TornDown") == "False" && ready.conditionReason("TornDown") == "TeardownPending")
        #expect(ready.condition("Expired") == "False" && ready.conditionReason("Expired") == "NotExpired")
        #expect(ready.finalizers == ["towline.dev/teardown"])
        let started = try #require(ready.time("startedAt"))
        #expect(ready.time("expiresAt") == started + .seconds(ttl))
        let up = try await stage.execution(of: ready, "up")
        let check = try await stage.execution(of: ready, "check")
        #expect(try #require(check.time("startedAt")) >= (try #require(up.time("finishedAt"))))

        let ended = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(ended.phaseStates == "up: Succeeded, check: Succeeded, teardown: Succeeded")
        #expect(ended.condition("TornDown") == "True" && ended.conditionReason("TornDown") == "TornDown")
        #expect(ended.condition("Expired") == "True" && ended.conditionReason("Expired") == "Expired")
        #expect(ended.status("currentPhase") == nil)
        try await poll("the finalizer is removed") { try await stage.environment("lab").finalizers.isEmpty }
        #expect(try #require(ended.time("terminationStartedAt")) >= (try #require(ended.time("expiresAt"))))
        #expect(try stage.history.phases(of: "lab") == ["Provisioning", "Active", "Terminating", "Inactive"])
        try await checkTeardown(of: ended, stage)
        try await stage.end()
    }

    /// The teardown's execution is linked by labels only, is bounded, and stays for a week.
    private func checkTeardown(of environment: JSONValue, _ stage: EnvironmentStage) async throws {
        let teardown = try await stage.execution(of: environment, "teardown")
        #expect(teardown.verdict == "Completed/Success/Succeeded")
        #expect(teardown[path: ["metadata", "ownerReferences"]] == nil)
        #expect(
            teardown[path: ["metadata", "annotations", "towline.dev/environment"]]?.stringValue == environment.name)
        let config = teardown[path: ["spec", "executionConfig"]]
        #expect(config?["ttlSecondsAfterFinished"] == 604_800)
        #expect((1...40).contains(config?["timeoutSeconds"]?.integerValue ?? 0))
    }

    /// Where a phase's definition declares them and the user does not set them.
    @Test(arguments: TestEngine.allCases)
    func `passes each phase the parameters that its definition declares`(_ engine: TestEngine) async throws {
        let stage = try await EnvironmentStage.make("parameters", engine)
        let own = ["TOWLINE_ENVIRONMENT", "TOWLINE_PHASE", "TOWLINE_EXPIRES_AT"].map { "{name: \($0)}" }
        for (name, parameters) in [
            ("all", "[{name: TARGET, default: none}, {name: COLOR, default: red}, \(own.joined(separator: ", "))]"),
            ("some", "[{name: COLOR, enum: [red, blue], required: true}, {name: TOWLINE_PHASE}]"),
        ] {
            try await stage.workspace.create(
                CatalogManifest.definition(name, engine, workflow: "works", parameters: parameters))
        }
        try await stage.create(
            "bounded", [.workflow("first", "all"), .workflow("second", "some")], timeslot: "ttlSeconds: 600",
            spec: "parameters: {COLOR: blue}")
        try await stage.create(
            "unbounded", [.workflow("first", "all")], spec: "parameters: {TOWLINE_PHASE: mine, TARGET: orders}")
        let bounded = try await stage.environment("bounded", reaches: "Active/Ready")
        let unbounded = try await stage.environment("unbounded", reaches: "Active/Ready")
        func parameters(_ environment: JSONValue, _ phase: String) async throws -> JSONValue? {
            try await stage.execution(of: environment, phase)[path: ["spec", "parameters"]]
        }
        let expiry = try #require(bounded.status("expiresAt"))
        #expect(
            try await parameters(bounded, "first") == [
                "TARGET": "none", "COLOR": "blue", "TOWLINE_ENVIRONMENT": "bounded", "TOWLINE_PHASE": "first",
                "TOWLINE_EXPIRES_AT": .string(expiry),
            ])
        #expect(try await parameters(bounded, "second") == ["COLOR": "blue", "TOWLINE_PHASE": "second"])
        #expect(
            try await parameters(unbounded, "first") == [
                "TARGET": "orders", "COLOR": "red", "TOWLINE_ENVIRONMENT": "unbounded", "TOWLINE_PHASE": "mine",
                "TOWLINE_EXPIRES_AT": "",
            ])
        #expect(unbounded.conditionReason("Expired") == "NoExpiry" && unbounded.condition("TornDown") == nil)
        #expect(unbounded.finalizers.isEmpty)
        try await stage.end()
    }

    @Test func `becomes ready after the named phase, and continues`() async throws {
        let stage = try await EnvironmentStage.make("ready-after")
        try await stage.create(
            "lab",
            [
                .workflow("first"), .workflow("second"), .steps("settle", ["pause: {seconds: 2}"]),
                .workflow("greet", "works", "triggerOnStatus: ready"),
            ], lifecycle: "readyAfter: second")
        let rested = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(
            rested.phaseStates == "first: Succeeded, second: Succeeded, settle: Succeeded, greet: Succeeded")
        let versions = try stage.history.versions(of: "lab")
        for version in versions where version.phase("second")?["state"] != "Succeeded" {
            #expect(version.condition("Ready") != "True", "\(version.phaseStates)")
        }
        let paused = try #require(versions.first { $0.restingPlace == "Active/Paused" })
        #expect(paused.status("currentPhase") == "settle")
        #expect(paused.condition("Reconciling") == "True")
        let settle = try #require(rested.phase("settle"))
        let times = ["startedAt", "finishedAt"].compactMap {
            settle[$0]?.stringValue.flatMap(ServerTime.init(rfc3339:))
        }
        #expect(times.count == 2 && times[1] - times[0] >= .seconds(2))
        try await stage.end()
    }

    @Test func `becomes ready at the step markReady`() async throws {
        let stage = try await EnvironmentStage.make("mark-ready")
        try await stage.create(
            "lab",
            [.workflow("up"), .steps("warm", ["pause: {seconds: 1}", "markReady: {}", "pause: {seconds: 2}"])])
        let rested = try await stage.environment("lab", reaches: "Active/Ready")
        let versions = try stage.history.versions(of: "lab")
        #expect(try stage.history.phases(of: "lab") == ["Provisioning", "Active"])
        let waiting = versions.first { $0.restingPlace == "Provisioning/Paused" }
        #expect(waiting?.phase("warm")?["step"] == 1)
        let active = try #require(try stage.history.first(["Active"], of: "lab"))
        #expect(active.restingPlace == "Active/Paused" && active.phase("warm")?["step"] == 3)
        #expect(rested.phase("warm")?["state"] == "Succeeded")
        try await stage.end()
    }

    @Test func `without a workflow it is ready at the start, and needs no teardown`() async throws {
        let stage = try await EnvironmentStage.make("steps-only")
        try await stage.create("lab", [.steps("wait", ["pause: {seconds: 1}"])])
        let rested = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(try stage.history.phases(of: "lab") == ["Active"])
        #expect(rested.status("readyAt") == rested.status("startedAt"))
        try await stage.patch("lab", ["desired": "Inactive"])
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        #expect(ended.condition("TornDown") == nil)
        #expect(try await stage.executions(of: ended).isEmpty)
        try await stage.end()
    }

    @Test func `waits for the Lifecycle and the definitions, and keeps what it found`() async throws {
        let stage = try await EnvironmentStage.make("reference")
        try await stage.workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: Environment
            metadata: {name: lab}
            spec: {lifecycleRef: {name: lab, version: 1.0.0}, timeslot: {ttlSeconds: 60, teardownSeconds: 30}}
            """)
        let waiting = try await stage.environment("lab", reaches: "Pending/LifecycleNotFound")
        #expect(waiting.status("message")?.contains("lab-1.0.0") == true, "\(waiting.status("message") ?? "")")
        let phases: [PhaseManifest] = [.workflow("up"), .teardown("late")]
        try await stage.workspace.create(
            """
            apiVersion: towline.dev/v1alpha1
            kind: Lifecycle
            metadata: {name: lab-1.0.0}
            spec: {name: lab, version: 1.0.0, phases: [\(phases.map(\.text).joined(separator: ", "))]}
            """)
        let found = try await stage.environment("lab", reaches: "Pending/DefinitionNotFound")
        #expect(found.status("message")?.contains("late") == true, "\(found.status("message") ?? "")")
        #expect(try await stage.executions(of: found).isEmpty)
        try await stage.workspace.create(CatalogManifest.definition("late", .tekton, workflow: "works"))
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        let lifecycle = try await stage.access.get(Types.lifecycle, stage.namespace, "lab-1.0.0")
        #expect(ready[path: ["status", "lifecycle", "uid"]]?.stringValue == lifecycle?.uid && lifecycle?.uid != nil)
        #expect(ready[path: ["status", "lifecycle", "version"]] == "1.0.0")

        // What it recorded is enough, for the teardown too.
        try await stage.access.delete(Types.lifecycle, stage.namespace, "lab-1.0.0")
        for name in ["works-1", "late-1"] {
            try await stage.access.delete(Types.workflowDefinition, stage.namespace, name)
        }
        try await stage.patch("lab", ["desired": "Inactive"])
        let ended = try await stage.environment("lab", reaches: "Inactive/Deactivated")
        #expect(ended.condition("TornDown") == "True")
        #expect(ended[path: ["status", "lifecycle"]] == ready[path: ["status", "lifecycle"]])
        try await stage.end()
    }
}

/// Phases that wait for a signal.
@Suite(.serialized, .timeLimit(.minutes(10))) struct SignalTests {
    private let phases: [PhaseManifest] = [
        .workflow("up"), .workflow("grade", "works", "triggerOnStatus: submitted"), .workflow("archive"),
    ]

    @Test func `a phase starts when its signal comes`() async throws {
        let stage = try await EnvironmentStage.make("signal")
        try await stage.create("lab", phases)
        let waiting = try await stage.environment("lab", reaches: "Active/WaitingForSignal")
        #expect(waiting.phaseStates == "up: Succeeded, grade: WaitingForSignal, archive: Waiting")
        #expect(waiting.status("currentPhase") == "grade")
        #expect(waiting.status("message")?.contains("submitted") == true, "\(waiting.status("message") ?? "")")
        try await stage.patch("lab", ["signals": ["other"]])
        _ = try await stage.environment("lab", until: "saw the other signal") {
            $0[path: ["status", "observedGeneration"]] == 2
        }
        #expect(try await stage.executions(of: waiting, "grade").isEmpty)
        try await stage.patch("lab", ["signals": ["other", "submitted"]])
        let rested = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(rested.phaseStates == "up: Succeeded, grade: Succeeded, archive: Succeeded")
        await #expect(throws: KubeError.self, "signals are append-only") {
            _ = try await stage.patch("lab", ["signals": ["submitted"]])
        }
        try await stage.end()
    }

    @Test func `a signal that comes before the phase's turn is remembered`() async throws {
        let stage = try await EnvironmentStage.make("early-signal")
        try await stage.create("lab", phases, spec: "signals: [submitted]")
        try await stage.create("later", phases)
        _ = try await stage.environment("later", until: "runs its first phase") {
            $0.phase("up")?["state"] == "Running"
        }
        try await stage.patch("later", ["signals": ["submitted"]])
        for name in ["lab", "later"] {
            let rested = try await stage.environment(name, reaches: "Active/Ready")
            #expect(rested.phaseStates == "up: Succeeded, grade: Succeeded, archive: Succeeded")
            let states = try stage.history.versions(of: name).compactMap { $0.phase("grade")?["state"]?.stringValue }
            #expect(!states.contains("WaitingForSignal"))
        }
        try await stage.end()
    }

    @Test func `a phase before readiness can wait for a signal`() async throws {
        let stage = try await EnvironmentStage.make("signal-first")
        try await stage.create(
            "lab", [.workflow("reserve"), .workflow("up", "works", "triggerOnStatus: approved")],
            lifecycle: "readyAfter: up")
        let waiting = try await stage.environment("lab", reaches: "Provisioning/WaitingForSignal")
        #expect(waiting.status("readyAt") == nil)
        try await stage.patch("lab", ["signals": ["approved"]])
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.end()
    }
}
