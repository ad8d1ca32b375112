import Foundation
import KubeClient
import TestSupport
import Testing

/// Events and metrics of environments.
@Suite(.serialized, .timeLimit(.minutes(10))) struct EnvironmentReportTests {
    @Test func `publishes events about its life`() async throws {
        let stage = try await EnvironmentStage.make("events")
        try await stage.setFailure("exit=3")
        try await stage.create(
            "lab", [.workflow("up", "works", "retry: {limit: 1, backoffSeconds: 1}"), .teardown("breaks")],
            timeslot:
                "end: \(ServerTime.fromNow(120).rfc3339), maxEnd: \(ServerTime.fromNow(600).rfc3339), teardownSeconds: 10"
        )
        let failed = try await stage.environment("lab", reaches: "Failed/PhaseFailed")
        try await stage.setFailure(nil)
        try await stage.retry("lab", "now")
        _ = try await stage.environment("lab", reaches: "Active/Ready")
        try await stage.annotate("lab", "towline.dev/extended-until", ServerTime.fromNow(700).rfc3339)
        _ = try await stage.environment("lab", until: "refuses") { $0.condition("ExtensionRefused") == "True" }
        let later = ServerTime.fromNow(300)
        try await stage.annotate("lab", "towline.dev/extended-until", later.rfc3339)
        _ = try await stage.environment("lab", until: "is extended") { $0.time("expiresAt") == later }
        try await stage.patch("lab", ["desired": "Inactive"])
        _ = try await stage.environment("lab", reaches: "Inactive/TeardownFailed")
        let expected = [
            "PhaseStarted": "Normal", "PhaseRetrying": "Normal", "PhaseFailed": "Warning", "RetryRequested": "Normal",
            "PhaseSucceeded": "Normal", "Ready": "Normal", "ExpiringSoon": "Warning", "ExtensionRefused": "Warning",
            "Extended": "Normal", "TerminationStarted": "Normal", "TeardownFailed": "Warning",
        ]
        @Sendable func missing(from events: [JSONValue]) -> Set<String> {
            Set(expected.keys).subtracting(events.compactMap { $0["reason"]?.stringValue })
        }
        try? await poll("all events") { try await missing(from: stage.events(of: failed)).isEmpty }
        let events = try await stage.events(of: failed)
        #expect(missing(from: events).isEmpty)
        for event in events {
            let reason = event["reason"]?.stringValue ?? ""
            #expect(expected[reason] == event["type"]?.stringValue, "\(reason)")
            #expect(event[path: ["regarding", "kind"]] == "Environment")
            #expect(event["reportingController"] == "towline.dev/operator")
            #expect(event["note"]?.stringValue?.isEmpty == false)
        }
        try await stage.end()
    }

    @Test func `says that it expires soon`() async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("soon")
        try await stage.startOperator(arguments: ["--metrics-bind-address", "0", "--expiry-warning", "5s"])
        let end = ServerTime.fromNow(12)
        try await stage.create("lab", [.workflow("up")], timeslot: "end: \(end.rfc3339)")
        _ = try await stage.environment("lab", until: "warns") { $0.condition("ExpiringSoon") == "True" }
        let versions = try stage.history.versions(of: "lab")
        let warned = try #require(versions.first { $0.condition("ExpiringSoon") == "True" })
        let before = end - (try #require(warned.time("updatedAt")))
        #expect(before <= .seconds(5) && before > .seconds(1))
        #expect(versions.contains { $0.condition("Ready") == "True" && $0.condition("ExpiringSoon") == nil })
        let ended = try await stage.environment("lab", reaches: "Inactive/Expired")
        #expect(ended.condition("ExpiringSoon") == nil)
        try await poll("the events") {
            Set(try await stage.events(of: ended).compactMap { $0["reason"]?.stringValue })
                .isSuperset(of: ["ExpiringSoon", "Expired"])
        }
        try await stage.end()
    }

    @Test func `counts environments by phase, attempts and teardowns`() async throws {
        let stage = try await EnvironmentStage.makeWithoutOperator("measured")
        let port = try FreePort.find()
        try await stage.startOperator(arguments: [
            "--metrics-bind-address", "127.0.0.1:\(port)", "--expiry-warning", "1h",
        ])
        try await stage.create("ready", [.workflow("up")], timeslot: "ttlSeconds: 600")
        try await stage.create("failed", [.workflow("up", "breaks")])
        try await stage.create("gone", [.workflow("up"), .teardown()], timeslot: "teardownSeconds: 60")
        _ = try await stage.environment("ready", reaches: "Active/Ready")
        _ = try await stage.environment("failed", reaches: "Failed/PhaseFailed")
        _ = try await stage.environment("gone", reaches: "Active/Ready")
        try await stage.patch("gone", ["desired": "Inactive"])
        _ = try await stage.environment("gone", reaches: "Inactive/Deactivated")
        let expected = [
            "towline_environments{phase=\"Active\"} 1", "towline_environments{phase=\"Failed\"} 1",
            "towline_environments{phase=\"Inactive\"} 1", "towline_environments{phase=\"Provisioning\"} 0",
            "towline_environments_expiring_soon 1",
            "towline_environment_phase_attempts_total{result=\"succeeded\"} 3",
            "towline_environment_phase_attempts_total{result=\"failed\"} 1",
            "towline_environment_teardowns_total{result=\"succeeded\"} 1", "towline_environment_ready_seconds_count 2",
        ]
        let seen = Locked("")
        do {
            try await poll("the metrics") {
                let page = try await Page.fetch(port, "/metrics").body
                seen.withLock {
                    $0 = page.split(separator: "\n").filter { $0.contains("environment") }.joined(separator: "\n")
                }
                return expected.allSatisfy { page.contains("\($0)\n") }
            }
        } catch {
            Issue.record("\(error): \(seen.withLock { $0 })")
        }
        try await stage.end()
    }
}
