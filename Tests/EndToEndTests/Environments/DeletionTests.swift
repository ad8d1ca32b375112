import Foundation
import KubeClient
import TestSupport
import Testing

/// The deletion of environments and of their namespaces.
@Suite(.serialized, .timeLimit(.minutes(10))) struct DeletionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let propagation: DeletionPropagation
        let engine: TestEngine
        var testDescription: String { "\(propagation), \(engine)" }
    }

    static let cases = TestEngine.allCases.flatMap { engine in
        [DeletionPropagation.background, .foreground].map { Case(propagation: $0, engine: engine) }
    }

    /// The garbage collector deletes everything that the environment owns while its finalizer holds it. The teardown's
    /// execution is not owned, so it runs to its end and stays as the record.
    @Test(arguments: cases) func `a deletion tears down`(_ scenario: Case) async throws {
        let stage = try await EnvironmentStage.make("deleted", scenario.engine)
        try await stage.setDuration("1s")
        try await stage.create("lab", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        let up = try await stage.execution(of: ready, "up")
        try await stage.delete("lab", scenario.propagation)
        try await stage.expectGone("lab")
        let teardown = try await stage.execution(of: ready, "teardown")
        #expect(teardown.verdict == "Completed/Success/Succeeded")
        #expect(try await stage.workspace.runs(of: teardown).count == 1)
        let last = try #require(try stage.history.first(["Inactive"], of: "lab"))
        #expect(last.restingPlace == "Inactive/Deleted" && last.condition("TornDown") == "True")
        try await poll("the other execution is gone", within: .seconds(90)) {
            try await stage.access.get(Types.execution, stage.namespace, up.name ?? "") == nil
        }
        #expect(try await stage.executions(of: ready).map(\.name) == [teardown.name])
        try await stage.end()
    }

    @Test(arguments: [DeletionPropagation.background, .foreground])
    func `a deletion during the teardown lets it finish`(_ propagation: DeletionPropagation) async throws {
        let stage = try await EnvironmentStage.make("meanwhile")
        try await stage.setDuration("2s")
        try await stage.create("lab", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.patch("lab", ["desired": "Inactive"])
        let tearing = try await stage.environment("lab", until: "is torn down") {
            $0.phase("teardown")?["executionRef"]?["uid"] != nil
        }
        try await stage.delete("lab", propagation)
        try await stage.expectGone("lab")
        let teardown = try await stage.execution(of: tearing, "teardown")
        #expect(teardown.verdict == "Completed/Success/Succeeded")
        #expect(teardown.uid == tearing.phase("teardown")?[path: ["executionRef", "uid"]]?.stringValue)
        try await stage.end()
    }

    /// In the foreground the execution is deleted with its run; otherwise it is stopped first.
    @Test(arguments: [DeletionPropagation.background, .foreground])
    func `a deletion while a phase runs tears down`(_ propagation: DeletionPropagation) async throws {
        let stage = try await EnvironmentStage.make("mid-phase")
        try await stage.create(
            "lab", [.workflow("up", "takes-long"), .teardown()], timeslot: "teardownSeconds: 12")
        let running = try await stage.environment("lab", until: "runs") {
            $0.phase("up")?["executionRef"]?["uid"] != nil
        }
        try await stage.delete("lab", propagation)
        try await stage.expectGone("lab")
        #expect(try await stage.execution(of: running, "teardown").verdict == "Completed/Success/Succeeded")
        try await stage.end()
    }

    @Test func `without a teardown phase the garbage collector does everything`() async throws {
        let stage = try await EnvironmentStage.make("plain")
        try await stage.create("lab", [.workflow("up", "takes-long")])
        let running = try await stage.environment("lab", until: "runs") {
            $0.phase("up")?["executionRef"]?["uid"] != nil
        }
        #expect(running.finalizers.isEmpty)
        let execution = try await stage.workspace.execution(running.executionName("up", attempt: 1))
        try await stage.delete("lab")
        try await stage.expectGone("lab")
        try await poll("the execution and its run are gone", within: .seconds(90)) {
            guard try await stage.executions(of: running).isEmpty else { return false }
            return try await stage.workspace.runs(of: execution).isEmpty
        }
        try await stage.end()
    }

    @Test(arguments: [("breaks", "TeardownFailed"), ("takes-long", "TeardownTimedOut")])
    func `a deleted environment is gone at its bound`(_ definition: String, _ reason: String) async throws {
        let stage = try await EnvironmentStage.make("stuck")
        try await stage.create("lab", [.workflow("up"), .teardown(definition)], timeslot: "teardownSeconds: 10")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.delete("lab")
        try await stage.expectGone("lab", within: .seconds(40))
        let last = try #require(try stage.history.first(["Inactive"], of: "lab"))
        #expect(last.status("reason") == reason && last.conditionReason("TornDown") == reason)
        let duration = try #require(last.time("updatedAt")) - (try #require(last.time("terminationStartedAt")))
        #expect(duration >= .seconds(10) && duration < .seconds(13))
        #expect(try await stage.executions(of: ready, "teardown").count == 1)
        try await stage.end()
    }

    @Test func `an annotation releases a deleted environment at once`() async throws {
        let stage = try await EnvironmentStage.make("let-go")
        for name in ["before", "during"] {
            try await stage.create(
                name, [.workflow("up"), .teardown("takes-long")], timeslot: "teardownSeconds: 3600")
            _ = try await stage.environment(name, reaches: "Active/Ready")
        }
        try await stage.annotate("before", "towline.dev/skip-teardown", "true")
        let before = try await stage.environment("before")
        try await stage.delete("before")
        try await stage.expectGone("before", within: .seconds(20))
        #expect(try await stage.executions(of: before, "teardown").isEmpty)
        try await stage.delete("during")
        _ = try await stage.environment("during", reaches: "Terminating/TearingDown")
        try await stage.annotate("during", "towline.dev/skip-teardown", "true")
        try await stage.expectGone("during", within: .seconds(20))
        try await stage.end()
    }

    @Test func `a deletion waits for the operator`() async throws {
        let stage = try await EnvironmentStage.make("absent")
        try await stage.create("lab", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.killOperator()
        try await stage.delete("lab", .foreground)
        try await poll("the garbage collector is done", within: .seconds(60)) {
            guard try await stage.environment("lab").finalizers == ["towline.dev/teardown"] else { return false }
            return try await stage.executions(of: ready).isEmpty
        }
        try await stage.startOperator()
        try await stage.expectGone("lab")
        #expect(try await stage.execution(of: ready, "teardown").verdict == "Completed/Success/Succeeded")
        try await stage.end()
    }
}

/// The deletion of a namespace: nothing can be created there anymore, so nothing is torn down, and nothing may hang.
@Suite(.serialized, .timeLimit(.minutes(10))) struct NamespaceDeletionTests {
    /// Where an environment is when its namespace is deleted.
    enum Moment: String, CaseIterable, Sendable {
        case pending = "Pending/DefinitionNotFound"
        case approaching = "Approaching/WaitingForStart"
        case provisioning = "Provisioning/PhaseRunning"
        case retrying = "Provisioning/PhaseRetrying"
        case active = "Active/Ready"
        case failed = "Failed/PhaseFailed"
        case terminating = "Terminating/TearingDown"
        case held = "Terminating/TeardownFailed"
        case inactive = "Inactive/Deactivated"
    }

    private func prepare(_ moment: Moment, _ stage: EnvironmentStage) async throws {
        var timeslot = "teardownSeconds: 3600"
        var phases = [PhaseManifest.workflow("up"), .teardown()]
        switch moment {
        case .pending: phases[0] = .workflow("up", "missing")
        case .approaching: timeslot += ", start: 2099-01-01T00:00:00Z"
        case .provisioning: phases[0] = .workflow("up", "takes-long")
        case .retrying: phases[0] = .workflow("up", "breaks", "retry: {limit: 1, backoffSeconds: 600}")
        case .failed: phases[0] = .workflow("up", "breaks")
        case .terminating: phases[1] = .teardown("takes-long")
        case .held: phases[1] = .teardown("breaks")
        case .active, .inactive: break
        }
        try await stage.create("lab", phases, timeslot: timeslot)
        if [.terminating, .held, .inactive].contains(moment) {
            _ = try await stage.environment("lab", reaches: "Active/Ready")
            try await stage.patch("lab", ["desired": "Inactive"])
        }
        _ = try await stage.environment("lab", reaches: moment.rawValue)
    }

    @Test(arguments: Moment.allCases) func `a deleted namespace goes at once`(_ moment: Moment) async throws {
        let stage = try await EnvironmentStage.make("ended")
        try await prepare(moment, stage)
        let start = ContinuousClock.now
        try await stage.access.delete(Types.namespace, "", stage.namespace)
        try await poll("the namespace is gone", within: .seconds(120)) {
            try await stage.access.get(Types.namespace, "", stage.namespace) == nil
        }
        print("namespace with an environment in \(moment.rawValue): gone after \(start.duration(to: .now))")
        if let last = try stage.history.versions(of: "lab").last, moment == .active {
            #expect(last.restingPlace == "Inactive/NamespaceTerminating", "\(last["status"]?.encodedString ?? "")")
            #expect(last.conditionReason("TornDown") == "NamespaceTerminating")
        }
        try await stage.end()
    }
}
