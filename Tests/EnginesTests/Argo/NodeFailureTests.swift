import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// Which node of a failed Workflow is reported, and how its message is interpreted.
@Suite struct NodeFailureTests {
    private func state(_ nodes: (String, String)..., phase: String = "Failed") throws -> RunState {
        let text = nodes.map { #""\#($0.0)":{\#($0.1)}"# }.joined(separator: ",")
        return try workflow(status: #"{"phase":"\#(phase)","nodes":{\#(text)}}"#).state
    }

    private func pod(
        _ name: String, _ phase: String = "Failed", at second: Int = 1, message: String = "main: Error (exit code 3)",
        more: String = ""
    ) -> String {
        #""type":"Pod","phase":"\#(phase)","displayName":"\#(name)","message":"\#(message)","finishedAt":"2026-01-01T10:00:0\#(second)Z""#
            + more
    }

    @Test(
        arguments: [
            ("main: Error (exit code 3)", Reason.stepFailed, "main", 3),
            ("Error (exit code 1)", .stepFailed, nil, 1),
            ("main: Error (exit code 64): the task oom-check said OOMKilled (exit code 137)", .stepFailed, "main", 64),
            ("main: OOMKilled (exit code 137)", .oomKilled, "main", 137),
            ("OOMKilled (exit code 137)", .oomKilled, nil, 137),
            ("side: ContainerCannotRun (exit code 128)", .configError, "side", 128),
            ("main: StartError (exit code 128)", .configError, "main", 128),
            ("main: SomethingNew (exit code 2)", .stepFailed, "main", 2),
            (
                "Pod failed before main container starts due to ImagePullBackOff: Back-off pulling", .imagePullFailed,
                "main", nil
            ),
            ("Pod failed before main container starts due to ErrImagePull: x", .imagePullFailed, "main", nil),
            ("Pod failed before main container starts due to InvalidImageName: x", .imagePullFailed, "main", nil),
            (
                "Pod failed before main container starts due to CreateContainerConfigError: secret", .configError,
                "main",
                nil
            ),
            ("Pod failed before main container starts due to SomethingNew: x", .taskFailed, "main", nil),
            ("The node was low on resource: ephemeral-storage. Container main was using 1Gi", .podEvicted, nil, nil),
            ("pod deleted", .podEvicted, nil, nil),
            ("", .taskFailed, nil, nil),
            ("Pod was active on the node longer than the specified deadline", .taskTimeout, nil, nil),
            ("Step exceeded its deadline", .taskTimeout, nil, nil),
            ("timeout", .taskTimeout, nil, nil),
            ("the timeout", .taskFailed, nil, nil),
            ("init: Error (exit code 64): artifact not found", .initContainerFailed, "init", 64),
            ("wait: Error (exit code 64): failed to save outputs", .sidecarFailed, "wait", 64),
            ("supervisor: Error (exit code 65)", .sidecarFailed, "supervisor", 65),
            ("init: OOMKilled (exit code 137)", .oomKilled, "init", 137),
            ("Pod failed before side container starts due to ErrImagePull: x", .imagePullFailed, "side", nil),
            ("Pod failed before the OOMKilled container starts due to ErrImagePull: x", .taskFailed, nil, nil),
            ("main: Error (exit code 1): Step exceeded its deadline", .stepFailed, "main", 1),
            ("he said: OOMKilled (exit code 137)", .taskFailed, nil, nil),
            ("(exit code 1)", .taskFailed, nil, nil),
            (" (exit code 99999999999)", .taskFailed, nil, nil),
        ] as [(String, Reason, String?, Int64?)])
    func `maps each message of a node to its reason`(
        _ message: String, _ reason: Reason, _ step: String?, _ exitCode: Int64?
    ) throws {
        let state = try state(("w", pod("oom-check", message: message)))
        #expect(state.reason == reason)
        #expect(state.failure?.task == "oom-check")
        #expect(state.failure?.step == step)
        #expect(state.failure?.exitCode == exitCode)
    }

    @Test func `reports the earliest failure, exit handlers last`() throws {
        let state = try state(
            ("a", pod("late", at: 5)), ("b", pod("early", at: 2)),
            ("h", pod("w.onExit", at: 1, more: #","nodeFlag":{"hooked":true}"#)),
            ("i", pod("inside", at: 1, more: #","boundaryID":"h2""#)),
            ("h2", #""type":"Steps","phase":"Failed","nodeFlag":{"hooked":true}"#))
        #expect(state.failure?.task == "early")
    }

    @Test func `reports a failed exit handler if nothing else failed`() throws {
        let handler = pod("w.onExit", more: #","nodeFlag":{"hooked":true}"#)
        #expect(try state(("a", pod("fine", "Succeeded")), ("h", handler)).failure?.task == "w.onExit")
    }

    /// A failure that the workflow tolerates (`continueOn`, `depends: a.Failed`) is not why it failed.
    @Test func `does not report tolerated failures`() throws {
        let followed = try state(
            ("a", pod("soft", at: 1, more: #","children":["n"]"#)), ("n", pod("next", "Succeeded", at: 2)),
            ("z", pod("hard", at: 3)))
        #expect(followed.failure?.task == "hard")
        let omitted = try state(
            ("a", pod("hard", at: 1, more: #","children":["n"]"#)), ("n", #""type":"Skipped","phase":"Omitted""#),
            ("z", pod("later", at: 3)))
        #expect(omitted.failure?.task == "hard")
        let inGroup = try state(
            ("g", #""type":"StepGroup","phase":"Succeeded","children":["a"]"#), ("a", pod("soft", at: 1)),
            ("z", pod("hard", at: 3)))
        #expect(inGroup.failure?.task == "hard")
        let inTemplate = try state(
            ("g", #""type":"StepGroup","phase":"Succeeded","children":["s"]"#),
            ("s", #""type":"Steps","phase":"Failed""#), ("a", pod("soft", at: 1, more: #","boundaryID":"s""#)),
            ("z", pod("hard", at: 3)))
        #expect(inTemplate.failure?.task == "hard")
        let alone = try state(("a", pod("soft", more: #","children":["n"]"#)), ("n", pod("next", "Succeeded")))
        #expect(alone.failure?.task == "soft")
    }

    @Test func `reports the last attempt of a retried step`() throws {
        let step = #""type":"Retry","displayName":"flaky","children":["t0","t1"],"phase":"#
        let first = (
            "t0", pod("flaky(0)", at: 1, message: "main: Error (exit code 1)", more: #","nodeFlag":{"retried":true}"#)
        )
        let second = ("t1", pod("flaky(1)", at: 4, message: "main: OOMKilled (exit code 137)"))
        let failed = try state(("r", step + #""Failed""#), first, second)
        #expect(failed.reason == .oomKilled)
        #expect(failed.failure?.task == "flaky")
        let other = try state(
            ("r", step + #""Succeeded""#), first, ("t1", pod("flaky(1)", "Succeeded", at: 4)), ("z", pod("hard", at: 5))
        )
        #expect(other.failure?.task == "hard")
    }

    @Test func `survives nodes that refer to each other in a cycle`() throws {
        let state = try state(
            ("a", pod("a", more: #","boundaryID":"b","children":["a"]"#)),
            ("b", #""type":"Retry","phase":"Failed","boundaryID":"a","children":["a","b"]"#))
        #expect(state.outcome == .failed)
    }

    @Test func `keeps EngineError for an error of the engine`() throws {
        let state = try state(("a", pod("a", "Error", message: "pods is forbidden")), phase: "Error")
        #expect(state.reason == .engineError)
        #expect(state.message == "task a failed: pods is forbidden")
        #expect(state.executed == nil)
    }

    @Test func `prefers the exit code in the node's outputs`() throws {
        let failure = try state(("a", pod("a", more: #","outputs":{"exitCode":"7","parameters":[]}"#))).failure
        #expect(failure?.exitCode == 7)
    }

    // MARK: Nodes that are not pods

    @Test func `reports a step whose pod could not be created`() throws {
        let broken =
            #""type":"Skipped","phase":"Error","displayName":"b","boundaryID":"w","message":"failed to resolve {{x}}","finishedAt":"2026-01-01T10:00:02Z""#
        let root = #""type":"DAG","phase":"Failed","displayName":"w""#
        let state = try state(("w", root), ("a", pod("a", "Succeeded", more: #","boundaryID":"w""#)), ("b", broken))
        #expect(state.failure == Failure(task: "b", reason: "TaskFailed", message: "failed to resolve {{x}}"))
        #expect(state.message == "task b failed: failed to resolve {{x}}")
    }

    @Test func `reports a group only if no node inside it failed`() throws {
        let root = #""type":"Steps","phase":"Failed","displayName":"w""#
        let group = #""type":"StepGroup","phase":"Error","displayName":"[0]","boundaryID":"w","message":"no steps""#
        #expect(try state(("w", root), ("g", group)).failure?.task == "[0]")
        let failed = pod("a", more: #","boundaryID":"w""#)
        #expect(try state(("w", root), ("g", group + #","children":["a"]"#), ("a", failed)).failure?.task == "a")
        #expect(try state(("w", root)).failure == nil)
    }

    /// All containers of a set start at once; those that waited for the failed one end in an error, too.
    @Test func `reports the first failed container of a container set`() throws {
        let inner = #","boundaryID":"p""#
        let state = try state(
            ("p", pod("build", at: 2, message: "b: Error (exit code 64)")),
            ("x", container("b", "Error", "b: Error (exit code 64): ") + inner),
            ("y", container("a", "Failed", "a: OOMKilled (exit code 137): ") + inner + #","children":["x"]"#))
        #expect(state.reason == .oomKilled)
        #expect(state.failure?.task == "build")
        #expect(state.failure?.step == "a")
        #expect(state.failure?.exitCode == 137)
        let silent = try self.state(
            ("p", pod("build", message: "The node was low on resource: memory.")),
            ("y", container("a", "Failed", "Pod Failed whilst container running") + inner))
        #expect(silent.failure?.task == "build")
        #expect(silent.failure?.step == "a")
        #expect(silent.reason == .podEvicted)
    }

    private func container(_ name: String, _ phase: String, _ message: String) -> String {
        #""type":"Container","phase":"\#(phase)","displayName":"\#(name)","message":"\#(message)","finishedAt":"2026-01-01T10:00:02Z""#
    }

    @Test func `treats a retry prevented by the deadline as a timeout`() throws {
        let nodes =
            #""r":{"type":"Retry","phase":"Failed","displayName":"flaky","children":["t"],"message":"retry exceeded workflow deadline 2026-01-01 10:01:00 +0000 UTC","finishedAt":"2026-01-01T10:01:00Z"},"t":{"type":"Pod","phase":"Failed","displayName":"flaky(0)","message":"main: Error (exit code 3)","finishedAt":"2026-01-01T10:00:50Z"}"#
        let status = #"{"phase":"Failed","startedAt":"2026-01-01T10:00:00Z","nodes":{\#(nodes)}}"#
        let state = try workflow(status: status, spec: #"{"activeDeadlineSeconds":60}"#).state
        #expect(state.reason == .deadlineExceeded)
        #expect(
            state.failure
                == Failure(
                    task: "flaky", step: "main", exitCode: 3, reason: "StepFailed", message: "main: Error (exit code 3)"
                ))
    }

    /// Names that look like messages, and messages that look like names.
    @Test(arguments: [
        "OOMKilled", "timeout", "Step exceeded its deadline", "Error (exit code 137)", "pod deleted", "w",
    ])
    func `is not misled by names that contain engine messages`(_ name: String) throws {
        let failure = try state(("a", pod(name, message: "main: Error (exit code 3): \(name)")))
        #expect(failure.reason == .stepFailed)
        #expect(failure.failure?.task == name)
    }
}
