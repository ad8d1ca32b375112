import Foundation
import KubeClient
import TestSupport
import Testing

/// When environments start and end.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ExpiryTests {
    /// How long after the expiry the end was written; throws if the environment has not ended.
    static func lateness(_ name: String, _ stage: EnvironmentStage) throws -> Duration {
        let end = try #require(try stage.history.first(["Terminating", "Inactive"], of: name))
        return try #require(end.time("updatedAt")) - (try #require(end.time("expiresAt")))
    }

    @Test func `expires within a second, and never early`() async throws {
        let stage = try await EnvironmentStage.make("on-time")
        let names = (0..<7).map { "lab-\($0)" }
        let first = ServerTime.fromNow(8)
        for (index, name) in names.enumerated() {
            try await stage.create(
                name, [.workflow("up")], timeslot: "end: \((first + .seconds(index)).rfc3339)")
        }
        for name in names {
            let ended = try await stage.environment(name, reaches: "Inactive/Expired")
            #expect(ended.condition("Expired") == "True" && ended.condition("Stalled") == nil)
        }
        let delays = try names.map { try Self.lateness($0, stage) }.sorted()
        print("expiry delays: \(delays)")
        #expect(try #require(delays.first) >= .zero)
        #expect(delays[3] < .seconds(1), "half of them, as a busy test machine may pause the operator")
        #expect(try #require(delays.last) < .seconds(3))
        try await stage.end()
    }

    @Test func `an operator that was down expires the overdue ones, oldest first`() async throws {
        let stage = try await EnvironmentStage.make("overdue")
        let (first, ends) = (ServerTime.fromNow(10), [4, 0, 2, 1, 3])
        for end in ends {
            try await stage.create(
                "lab-\(end)", [.workflow("up"), .teardown()],
                timeslot: "end: \((first + .seconds(end)).rfc3339), teardownSeconds: 60")
        }
        for end in ends { _ = try await stage.environment("lab-\(end)", reaches: "Active/Ready") }
        try await stage.killOperator()
        let last = try #require(try await stage.environment("lab-4").time("expiresAt"))
        try await poll("all are overdue", within: .seconds(90)) {
            ServerTime(assuming: WallClock.system.now()) > last + .seconds(1)
        }
        for end in ends { #expect(try await stage.environment("lab-\(end)").status("phase") == "Active") }
        // One worker, so that the order is the order of the writes.
        try await stage.startOperator(arguments: ["--metrics-bind-address", "0", "--workers", "1"])
        for end in ends {
            let ended = try await stage.environment("lab-\(end)", reaches: "Inactive/Expired")
            #expect(ended.condition("TornDown") == "True")
        }
        let order = try stage.history.record().environments.filter { $0.object.status("phase") == "Terminating" }
            .reduce(into: [String]()) { names, version in
                let name = version.object.name ?? ""
                if !names.contains(name) { names.append(name) }
            }
        #expect(order == ["lab-0", "lab-1", "lab-2", "lab-3", "lab-4"])
        try await stage.end()
    }

    @Test func `expiry stops what is still running`() async throws {
        let stage = try await EnvironmentStage.make("cut-short")
        try await stage.create(
            "lab", [.workflow("up", "takes-long"), .workflow("check"), .teardown()],
            timeslot: "ttlSeconds: \(4 * EnvironmentStage.pace), teardownSeconds: 12")
        let ended = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(ended.phaseStates == "up: Cancelled, check: Skipped, teardown: Succeeded")
        #expect(ended.status("readyAt") == nil)
        #expect(try stage.history.phases(of: "lab") == ["Provisioning", "Terminating", "Inactive"])
        let stopping = try #require(try stage.history.first(["Terminating"], of: "lab"))
        #expect(stopping.status("reason") == "Stopping" && stopping.condition("Expired") == "True")
        let up = try await stage.execution(of: ended, "up")
        #expect(up.status("outcome") == "Cancelled" && up[path: ["spec", "shutdown"]] != nil)
        try await stage.end()
    }

    @Test func `waits for its start, less the lead time`() async throws {
        let stage = try await EnvironmentStage.make("approaching")
        let (start, lead) = (ServerTime.fromNow(9), 4 * EnvironmentStage.pace)
        try await stage.create(
            "lab", [.workflow("up")], timeslot: "start: \(start.rfc3339), leadSeconds: \(lead), ttlSeconds: 600")
        let waiting = try await stage.environment("lab", reaches: "Approaching/WaitingForStart")
        #expect(waiting.status("startedAt") == nil)
        #expect(try await stage.executions(of: waiting).isEmpty)
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        let started = try #require(ready.time("startedAt"))
        #expect(started >= start - .seconds(lead) && started < start)
        #expect(ready.time("expiresAt") == started + .seconds(600))
        let up = try await stage.execution(of: ready, "up")
        let created = try #require(up[path: ["metadata", "creationTimestamp"]]?.stringValue)
        #expect(try #require(ServerTime(rfc3339: created)) >= start - .seconds(lead))
        try await stage.end()
    }

    @Test func `starts late, but not after its end`() async throws {
        let stage = try await EnvironmentStage.make("late")
        try await stage.create("late", [.workflow("up")], timeslot: "start: 2026-01-01T00:00:00Z, ttlSeconds: 600")
        try await stage.create(
            "missed", [.workflow("up"), .teardown()],
            timeslot: "start: 2026-01-01T00:00:00Z, end: 2026-01-02T00:00:00Z, teardownSeconds: 60")
        _ = try await stage.environment("late", reaches: "Active/Ready")
        let missed = try await stage.environment("missed", reaches: "Inactive/TimeslotMissed")
        #expect(missed.status("startedAt") == nil && missed.condition("Expired") == "True")
        #expect(try await stage.executions(of: missed).isEmpty)
        #expect(missed.finalizers.isEmpty)
        try await stage.end()
    }
}

/// Many environments at once.
@Suite(.timeLimit(.minutes(10))) struct CrowdTests {
    @Test func `many environments expire in the same second`() async throws {
        let stage = try await EnvironmentStage.make("crowd")
        let count = 500
        let end = ServerTime.fromNow(40)
        let timeslot = "end: \(end.rfc3339)"
        try await withThrowingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for index in stride(from: worker, to: count, by: 8) {
                        let manifest = EnvironmentManifest(
                            name: "lab-\(index)", phases: [.steps("wait", ["markReady: {}"])], timeslot: timeslot)
                        try await stage.workspace.create(manifest.text)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await poll("all are ready", within: .seconds(120)) {
            try await stage.access.list(Types.environment, stage.namespace).count { $0.condition("Ready") == "True" }
                == count
        }
        #expect(ServerTime(assuming: WallClock.system.now()) < end, "all were ready before they expired")
        try await poll("all have expired", within: .seconds(180)) {
            try await stage.access.list(Types.environment, stage.namespace)
                .count { $0.restingPlace == "Inactive/Expired" } == count
        }
        let delays = try (0..<count).map { try ExpiryTests.lateness("lab-\($0)", stage) }.sorted()
        print("expiry delays of \(count): first \(delays[0]), half \(delays[count / 2]), last \(delays[count - 1])")
        #expect(delays[0] >= .zero && delays[0] < .seconds(1))
        #expect(delays[count - 1] < .seconds(20))
        try await stage.end()
    }
}

/// Extensions by annotation and in the spec.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ExtensionTests {
    private static let annotation = "towline.dev/extended-until"

    @Test func `an annotation extends, up to the maximum`() async throws {
        let stage = try await EnvironmentStage.make("extended")
        let (end, maximum) = (ServerTime.fromNow(20), ServerTime.fromNow(600))
        try await stage.create(
            "lab", [.workflow("up")], timeslot: "end: \(end.rfc3339), maxEnd: \(maximum.rfc3339)")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        for (value, reason) in [
            ("tomorrow", "InvalidTime"), ((maximum + .seconds(1)).rfc3339, "BeyondMaxEnd"),
        ] {
            try await stage.annotate("lab", Self.annotation, value)
            let refused = try await stage.environment("lab", until: "refuses \(value)") {
                $0.conditionReason("ExtensionRefused") == reason
            }
            #expect(refused.condition("ExtensionRefused") == "True" && refused.time("expiresAt") == end)
            #expect(refused.restingPlace == "Active/Ready")
        }
        // Not later than the end: without effect, and no reason to complain.
        try await stage.annotate("lab", Self.annotation, (end - .seconds(1)).rfc3339)
        let unchanged = try await stage.environment("lab", until: "ignores an earlier time") {
            $0.condition("ExtensionRefused") == nil
        }
        #expect(unchanged.time("expiresAt") == end)

        let extended = end + .seconds(4)
        try await stage.annotate("lab", Self.annotation, extended.rfc3339)
        _ = try await stage.environment("lab", until: "is extended") { $0.time("expiresAt") == extended }
        try await stage.annotate("lab", Self.annotation, nil)
        let ended = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(ended.time("expiresAt") == extended, "a withdrawn extension stays")
        #expect(try ExpiryTests.lateness("lab", stage) >= .zero)
        try await stage.annotate("lab", Self.annotation, maximum.rfc3339)
        let late = try await stage.environment("lab", until: "refuses an extension after the end") {
            $0.conditionReason("ExtensionRefused") == "AlreadyExpired"
        }
        #expect(late.restingPlace == "Inactive/Expired" && late.time("expiresAt") == extended)
        try await stage.end()
    }

    @Test func `the end in the spec moves later`() async throws {
        let stage = try await EnvironmentStage.make("moved")
        let (end, later) = (ServerTime.fromNow(6), ServerTime.fromNow(10))
        try await stage.create("lab", [.workflow("up")], timeslot: "end: \(end.rfc3339)")
        try await stage.patch("lab", ["timeslot": ["end": .string(later.rfc3339)]])
        let ended = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(ended.time("expiresAt") == later)
        #expect(try ExpiryTests.lateness("lab", stage) >= .zero)
        try await stage.end()
    }

    @Test func `an environment without an end cannot be extended`() async throws {
        let stage = try await EnvironmentStage.make("endless")
        try await stage.create("lab", [.workflow("up")])
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.annotate("lab", Self.annotation, "2099-01-01T00:00:00Z")
        let refused = try await stage.environment("lab", until: "refuses") {
            $0.conditionReason("ExtensionRefused") == "NoExpiry"
        }
        #expect(refused.status("expiresAt") == nil)
        try await stage.end()
    }

    @Test func `the maximum limits a TTL`() async throws {
        let stage = try await EnvironmentStage.make("capped")
        let maximum = ServerTime.fromNow(8)
        try await stage.create("lab", [.workflow("up")], timeslot: "ttlSeconds: 600, maxEnd: \(maximum.rfc3339)")
        let ready = try await stage.environment("lab", reaches: "Active/Ready")
        #expect(ready.time("expiresAt") == maximum)
        _ = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(try ExpiryTests.lateness("lab", stage) >= .zero)
        try await stage.end()
    }
}
