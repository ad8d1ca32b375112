import Foundation
import KubeClient
import TestSupport
import Testing

/// Events as shown by `kubectl describe` and `kubectl events`.
@Suite struct EventsTests {
    private func events(of execution: String, in workspace: Workspace) async throws -> [JSONValue] {
        try await workspace.access.list(Types.event, workspace.namespace).filter {
            $0[path: ["regarding", "name"]]?.stringValue == execution
        }
    }

    /// Waits for the event with this reason.
    private func event(_ reason: String, of execution: String, in workspace: Workspace) async throws -> JSONValue {
        try await poll("the event \(reason) of \(execution)") {
            try await events(of: execution, in: workspace).first { $0["reason"]?.stringValue == reason }
        }
    }

    @Test(arguments: MainJobTests.engines)
    func `sends an event at the start and the end`(_ engine: String) async throws {
        let workspace = try await Workspace.make("events")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(
            Templates.execution("reported", engine: engine, more: "parameters: {TARGET: \"a-secret-value\"}"))
        let execution = try await workspace.finished("reported")

        let created = try await event("RunCreated", of: "reported", in: workspace)
        let ended = try await event("Succeeded", of: "reported", in: workspace)
        for event in [created, ended] {
            #expect(event["type"]?.stringValue == "Normal")
            #expect(event[path: ["regarding", "uid"]]?.stringValue == execution.uid)
            #expect(event[path: ["regarding", "kind"]]?.stringValue == "WorkflowExecution")
            for field in ["apiVersion", "kind", "name", "uid"] {
                #expect(event[path: ["related", field]] == execution[path: ["status", "runRef", field]])
            }
            #expect(event["reportingController"]?.stringValue == "towline.dev/operator")
            #expect(event["series"] == nil || event["series"] == .null)
        }
        #expect(ended["note"]?.stringValue?.hasPrefix("Completed with outcome Success: ") == true)
        #expect(try await process.stop() == 0)
        let all = try await events(of: "reported", in: workspace)
        #expect(all.count == 2, "\(all.map { $0["reason"]?.stringValue ?? "" })")
        #expect(!all.contains { $0.encodedString.contains("a-secret-value") })
    }

    @Test func `sends an event for a shutdown and its end`() async throws {
        let workspace = try await Workspace.make("events")
        let process = try workspace.startOperator()
        try await workspace.create(Templates.all)
        try await workspace.create(Templates.execution("long", engine: "tekton", workflow: "takes-long"))
        _ = try await workspace.execution("long", until: "executes") { $0.status("reason") == "Executing" }
        try await workspace.access.merge(
            Types.execution, workspace.namespace, "long", ["spec": ["shutdown": "Terminate"]])
        let asked = try await event("ShutdownRequested", of: "long", in: workspace)
        #expect(asked["note"]?.stringValue?.contains("Terminate") == true)
        let ended = try await event("Cancelled", of: "long", in: workspace)
        #expect(ended["type"]?.stringValue == "Normal")
        #expect(try await process.stop() == 0)
    }

    @Test func `counts repeated events as one series`() async throws {
        let troubled = try await TroubledWorkspace.make("held")
        let workspace = troubled.workspace
        try await troubled.raise(.quota)
        try await workspace.create(Templates.execution("held", engine: "tekton"))

        let held: JSONValue = try await poll("the series") {
            try await events(of: "held", in: workspace).first {
                ($0[path: ["series", "count"]]?.integerValue ?? 0) > 1
            }
        }
        #expect(held["reason"]?.stringValue == "QuotaExceeded")
        #expect(held["type"]?.stringValue == "Warning")
        #expect(held["note"]?.stringValue?.contains("exceeded quota: runs") == true)
        #expect(held["related"] == nil || held["related"] == .null)
        let first = try #require(held["eventTime"]?.stringValue.flatMap(Timestamp.init(rfc3339:)))
        let last = held[path: ["series", "lastObservedTime"]]?.stringValue.flatMap(Timestamp.init(rfc3339:))
        #expect(try #require(last) > first)
        #expect(try await events(of: "held", in: workspace).count == 1)

        try await troubled.remove(.quota)
        #expect(try await workspace.finished("held").verdict == "Completed/Success/Succeeded")
        _ = try await event("RunCreated", of: "held", in: workspace)
        _ = try await event("Succeeded", of: "held", in: workspace)
        try await troubled.end()
        #expect(!troubled.process.errorOutput.contains("Could not publish events"))
    }

    @Test(.enabled(if: Kubectl.installed != nil, "kubectl is not installed"))
    func `shows events in kubectl describe`() async throws {
        let bench = try await KubectlTests.Bench.make("shown")
        try await bench.workspace.create(Templates.execution("shown", engine: "argo", workflow: "breaks"))
        _ = try await bench.workspace.finished("shown")
        _ = try await event("StepFailed", of: "shown", in: bench.workspace)

        let listed = try await bench.kubectl(
            "get", "events", "-n", bench.namespace, "--field-selector", "involvedObject.name=shown")
        let reported = try await bench.kubectl("events", "-n", bench.namespace, "--for", "wfe/shown")
        let described = try await bench.kubectl("describe", "-n", bench.namespace, "wfe", "shown")
        for text in [listed, reported, described] {
            #expect(text.contains("RunCreated"), "\(text)")
            #expect(text.contains("Warning") && text.contains("StepFailed"), "\(text)")
            #expect(text.contains("Failed with outcome Failed"), "\(text)")
        }
        try await bench.process.stop()
    }
}
