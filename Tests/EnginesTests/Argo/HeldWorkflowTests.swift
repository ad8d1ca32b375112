import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// Workflows that `spec.suspend` holds: Argo looks at nothing else of them, not even at a shutdown.
@Suite struct HeldWorkflowTests {
    private func patch(_ spec: String, _ shutdown: Shutdown, phase: String = "Running") throws -> String {
        let run = try workflow(status: #"{"phase":"\#(phase)"}"#, spec: spec)
        return ArgoEngine().shutdownPatch(shutdown, for: run).map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    @Test func aHeldWorkflowIsLetGoWhenItIsAskedToEnd() throws {
        let both = #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Terminate","suspend":null}}"#
        #expect(try patch(#"{"suspend":true}"#, .stop) == both)
        #expect(try patch(#"{"suspend":true}"#, .terminate) == both)
        // Somebody has asked already, in vain.
        #expect(
            try patch(#"{"suspend":true,"shutdown":"Terminate"}"#, .stop)
                == #"{"metadata":{"resourceVersion":"7"},"spec":{"suspend":null}}"#)
        #expect(try patch(#"{"suspend":true}"#, .stop, phase: "Failed") == "-")
        #expect(
            try patch(#"{"suspend":false}"#, .stop)
                == #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Stop"}}"#)
    }

    /// One blank: the pod was never made. Two blanks: it was there, and was deleted, maybe while it was pending.
    @Test(
        arguments: [
            ("workflow shutdown with strategy: Terminate", false), ("workflow shutdown with strategy: Stop", false),
            ("workflow shutdown with strategy:  Terminate", nil), ("main: Error (exit code 143)", true),
            ("workflow shutdown with strategy: Whatever", nil),
        ] as [(String, Bool?)])
    func aPodThatWasNeverMadeDidNothing(_ message: String, _ executed: Bool?) throws {
        let node = #"{"w":{"id":"w","type":"Pod","phase":"Failed","message":"\#(message)"}}"#
        let run = try workflow(
            status: #"{"phase":"Failed","message":"Stopped with strategy 'Terminate'","nodes":\#(node)}"#,
            spec: #"{"shutdown":"Terminate"}"#)
        #expect(run.state.reason == .cancelled)
        #expect(run.state.executed == executed)
    }
}
