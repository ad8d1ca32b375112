import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// States of Workflows that are not recorded, from Argo's documentation and source.
@Suite struct WorkflowStateTests {
    /// A Workflow without nodes: phase, message, and the expected reason.
    @Test(arguments: [
        ("", "", Reason.awaitingEngine),
        ("Pending", "Workflow processing has been postponed because too many workflows are already running", .queued),
        ("Pending", "Waiting for n/Mutex/deploy lock. Lock status: 0/1", .queued),
        ("Pending", "Waiting for a PVC to be created. data", .queued),
        ("Running", "", .executing),
        ("Succeeded", "", .succeeded),
        (
            "Failed", "invalid spec: spec.arguments.TARGET.value or spec.arguments.TARGET.valueFrom is required",
            .invalidParameters
        ),
        ("Failed", "invalid spec: template X not found in workflow template Y", .invalidWorkflow),
        (
            "Failed", #"invalid spec: workflow name "x" must not be more than 63 characters long (currently 64)"#,
            .invalidWorkflow
        ),
        ("Failed", "failed to set global parameters: configmap c not found", .invalidParameters),
        ("Failed", "cannot unmarshall spec: json: cannot unmarshal string", .invalidWorkflow),
        ("Failed", "Failed to acquire the synchronization lock. config map not found", .engineError),
        ("Failed", "something new", .invalidWorkflow),
        ("Failed", "", .invalidWorkflow),
        ("Error", #"workflowtemplates.argoproj.io "x" not found"#, .templateNotFound),
        ("Error", #"clusterworkflowtemplates.argoproj.io "x" not found"#, .templateNotFound),
        ("Error", "cannot get resource clusterWorkflowTemplate at cluster scope", .resolutionFailed),
        ("Error", "fields [ServiceAccountName] are not permitted in workflow spec", .policyDenied),
        ("Error", "runtime error: invalid memory address", .engineError),
        ("Error", #"pod "not found" said workflowtemplates.argoproj.io "x" not found"#, .engineError),
        ("Wandering", "", .executing),
    ])
    func `reads a workflow without nodes by its phase and message`(
        _ phase: String, _ message: String, _ reason: Reason
    ) throws {
        let status = JSONValue(dictionaryLiteral: ("phase", .string(phase)), ("message", .string(message)))
        let state = try workflow(status: status.encodedString).state
        #expect(state.reason == reason)
        #expect(state.executed == (state.isFinished && phase != "Succeeded" ? false : nil))
        #expect(state.engineReason == phase)
        #expect(!state.message.isEmpty)
        // A missing template adds what the user should do.
        if reason == .templateNotFound {
            #expect(state.message.hasPrefix(message + ". Create the template first"))
        } else if !message.isEmpty {
            #expect(state.message == message)
        }
    }

    /// Without nodes, it is unknown whether a step started.
    @Test func `takes progress without nodes as proof of a started step`() throws {
        #expect(try workflow(status: #"{"phase":"Failed","progress":"1/2"}"#).state.executed == true)
        #expect(try workflow(status: #"{"phase":"Failed","progress":"0/0"}"#).state.executed == false)
        #expect(try workflow(status: #"{"phase":"Succeeded"}"#).state.executed == nil)
    }

    @Test(arguments: [
        ("null", Reason.awaitingEngine), ("[]", .awaitingEngine), (#"{"phase":7}"#, .awaitingEngine),
        (#"{"phase":"Running","startedAt":null,"finishedAt":null,"nodes":null,"progress":"many"}"#, .executing),
        (#"{"phase":"Failed","nodes":{"a":null,"b":3,"c":{"type":"Pod","phase":"Failed"}}}"#, .taskFailed),
        (#"{"nodes":{"c":{"type":"Pod","phase":"Running"}}}"#, .executing),
    ])
    func `reads incomplete statuses`(_ status: String, _ reason: Reason) throws {
        #expect(try workflow(status: status).state.reason == reason)
    }

    // MARK: Waiting

    @Test func `distinguishes a suspended workflow from a working one`() throws {
        let suspended = #""a":{"type":"Suspend","phase":"Running"}"#
        let working = #""b":{"type":"Pod","phase":"Running"}"#
        #expect(try workflow(status: running(suspended)).state.reason == .suspended)
        #expect(try workflow(status: running(suspended + "," + working)).state.reason == .executing)
        let done = #""b":{"type":"Pod","phase":"Succeeded"}"#
        #expect(try workflow(status: running(done), spec: #"{"suspend":true}"#).state.reason == .suspended)
        #expect(try workflow(status: running(working), spec: #"{"suspend":true}"#).state.reason == .executing)
        #expect(try workflow(status: running(""), spec: #"{"suspend":true}"#).state.reason == .queued)
    }

    @Test func `does not count pending pods as executed`() throws {
        let pod = #""b":{"type":"Pod","phase":"Pending","displayName":"b","message":"Unschedulable: no node"}"#
        let state = try workflow(status: running(pod)).state
        #expect(state.executed == nil)
        #expect(state.message == "task b is waiting: Unschedulable: no node")
        let skipped = #""b":{"type":"Skipped","phase":"Skipped"},"c":{"type":"Pod","phase":"Omitted"}"#
        #expect(try workflow(status: running(skipped)).state.executed == nil)
        #expect(try workflow(status: #"{"phase":"Succeeded","nodes":{\#(skipped)}}"#).state.executed == false)
        for type in ["Pod", "Container", "HTTP", "Plugin"] {
            #expect(try workflow(status: running(#""b":{"type":"\#(type)","phase":"Running"}"#)).state.executed == true)
        }
    }

    private func running(_ nodes: String) -> String { #"{"phase":"Running","nodes":{\#(nodes)}}"# }

    // MARK: Deadline

    private func failed(
        deadline: String, finished: String, nodes: String, message: String = ""
    ) throws -> RunState {
        try workflow(
            status:
                #"{"phase":"Failed","message":"\#(message)","startedAt":"2026-01-01T10:00:00Z","finishedAt":"\#(finished)","nodes":{\#(nodes)}}"#,
            spec: deadline.isEmpty ? "{}" : #"{"activeDeadlineSeconds":\#(deadline)}"#
        ).state
    }

    private func pod(_ message: String, at time: String) -> String {
        #""w-1":{"type":"Pod","phase":"Failed","displayName":"a","message":"\#(message)","finishedAt":"\#(time)"}"#
    }

    @Test(arguments: ["Step exceeded its deadline", "Pod was active on the node longer than the specified deadline"])
    func `reports an exceeded deadline as a timeout`(_ message: String) throws {
        let nodes = pod(message, at: "2026-01-01T10:00:59Z")
        let whole = try failed(deadline: "60", finished: "2026-01-01T10:01:05Z", nodes: nodes)
        #expect(whole.reason == .deadlineExceeded)
        #expect(whole.message == "the workflow exceeded its deadline of 1m0s")
        #expect(whole.failure?.task == "a")
        let own = try failed(deadline: "600", finished: "2026-01-01T10:01:05Z", nodes: nodes)
        #expect(own.reason == .taskTimeout)
        #expect(try failed(deadline: "", finished: "2026-01-01T10:01:05Z", nodes: nodes).reason == .taskTimeout)
    }

    @Test func `reports a timeout only for failures after the deadline`() throws {
        let text = "main: Error (exit code 143)"
        let after = pod(text, at: "2026-01-01T10:01:01Z")
        #expect(try failed(deadline: "60", finished: "2026-01-01T10:01:05Z", nodes: after).reason == .deadlineExceeded)
        let before = pod(text, at: "2026-01-01T10:00:05Z")
        #expect(try failed(deadline: "60", finished: "2026-01-01T10:01:05Z", nodes: before).reason == .stepFailed)
        #expect(try failed(deadline: "60", finished: "2026-01-01T10:01:05Z", nodes: "").reason == .deadlineExceeded)
        #expect(try failed(deadline: "0", finished: "2026-01-01T10:00:00Z", nodes: "").reason == .deadlineExceeded)
    }

    @Test func `falls back to the template's deadline`() throws {
        let run = try workflow(
            status:
                #"{"phase":"Failed","startedAt":"2026-01-01T10:00:00Z","finishedAt":"2026-01-01T10:00:10Z","storedWorkflowTemplateSpec":{"activeDeadlineSeconds":10},"nodes":{"w":{"type":"DAG","phase":"Failed"}}}"#
        )
        #expect(run.timeoutSeconds == 10)
        #expect(run.state.reason == .deadlineExceeded)
    }

    // MARK: Shutdown

    @Test func `reports a stopped workflow as Cancelled unless it had succeeded`() throws {
        for (word, shutdown) in [("Stop", Shutdown.stop), ("Terminate", .terminate), ("Other", .stop)] {
            let spec = #"{"shutdown":"\#(word)"}"#
            #expect(try workflow(spec: spec).requestedShutdown == shutdown)
            #expect(try workflow(status: #"{"phase":"Failed","message":"m"}"#, spec: spec).state.reason == .cancelled)
            #expect(try workflow(status: #"{"phase":"Succeeded"}"#, spec: spec).state.reason == .succeeded)
            #expect(try workflow(status: #"{"phase":"Running"}"#, spec: spec).state.reason == .cancelling)
        }
        #expect(try workflow(status: #"{"phase":"Pending"}"#, spec: #"{"shutdown":"Stop"}"#).state.reason == .queued)
        #expect(
            try workflow(status: #"{"phase":"Pending"}"#, spec: #"{"shutdown":"Terminate"}"#).state.reason
                == .cancelling)
        #expect(try workflow(spec: #"{"shutdown":""}"#).requestedShutdown == nil)
    }

    /// Killed pods may leave an error behind; the workflow still ended because of the shutdown.
    @Test func `reports an error after a stop as Cancelled`() throws {
        let status =
            #"{"phase":"Error","message":"Stopped with strategy 'Terminate'","nodes":{"w":{"type":"Pod","phase":"Error","message":"pod deleted"}}}"#
        #expect(try workflow(status: status, spec: #"{"shutdown":"Terminate"}"#).state.reason == .cancelled)
        // An evicted pod is a failure of the run, not of the engine, on Tekton, too.
        #expect(try workflow(status: status).state.reason == .podEvicted)
        let other = #"{"phase":"Error","message":"runtime error"}"#
        #expect(try workflow(status: other, spec: #"{"shutdown":"Stop"}"#).state.reason == .engineError)
    }

    @Test func `reports a lost lock as EngineError`() throws {
        let message = "Failed to re-establish synchronization lock at controller startup: it is held by another"
        let nodes = #""nodes":{"w":{"type":"DAG","phase":"Running"}}"#
        let state = try workflow(status: #"{"phase":"Failed","message":"\#(message)",\#(nodes)}"#).state
        #expect(state.reason == .engineError)
        #expect(state.message == message)
    }

    // MARK: Time limits and progress while running

    @Test func `distinguishes a step's time limit from the workflow's`() throws {
        func reason(_ finished: String) throws -> Reason {
            let nodes =
                #""a":{"type":"Pod","phase":"Failed","boundaryID":"w","message":"Step exceeded its deadline","finishedAt":"\#(finished)"},"b":{"type":"Pod","phase":"Running"}"#
            let status = #"{"phase":"Running","startedAt":"2026-01-01T10:00:00Z","nodes":{\#(nodes)}}"#
            return try workflow(status: status, spec: #"{"activeDeadlineSeconds":60}"#).state.reason
        }
        #expect(try reason("2026-01-01T10:00:05Z") == .executing)
        #expect(try reason("2026-01-01T10:00:59Z") == .timingOut)
    }

    /// Argo's own count includes units that pods report; a task that its condition skipped is done, too.
    @Test func `counts skipped tasks as done`() throws {
        func progress(_ nodes: String) throws -> String? {
            try workflow(status: #"{"phase":"Running","progress":"1/3","nodes":{\#(nodes)}}"#).state.progress?
                .description
        }
        #expect(try progress(#""a":{"type":"Skipped","phase":"Skipped"}"#) == "1/1")
        #expect(
            try progress(#""a":{"type":"Skipped","phase":"Omitted"},"b":{"type":"Skipped","phase":"Skipped"}"#) == "1/2"
        )
        #expect(try progress(#""a":{"type":"Skipped","phase":"Error"}"#) == "0/1")
        #expect(try progress(#""a":{"type":"Pod","phase":"Omitted"}"#) == "0/1")
    }

    // MARK: Hidden nodes

    @Test func `does not report readable nodes as hidden`() throws {
        let nodes =
            #""nodes":{"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 3)"}}"#
        let state = try workflow(status: #"{"phase":"Failed","compressedNodes":"H4sI",\#(nodes)}"#).state
        #expect(state.message == "task a failed: main: Error (exit code 3)")
    }

    @Test(arguments: [
        (#""compressedNodes":"H4sIAAAA""#, "compressed"), (#""offloadNodeStatusVersion":"fnv:1""#, "in a database"),
    ])
    func `says why nodes cannot be read`(_ field: String, _ word: String) throws {
        let failed = try workflow(status: #"{"phase":"Failed","message":"child 'x' failed",\#(field)}"#).state
        #expect(failed.reason == .taskFailed)
        #expect(failed.executed == nil)
        #expect(failed.failure == nil)
        #expect(failed.message == "child 'x' failed; the failed task is unknown because Argo stores its nodes \(word)")
        let done = try workflow(status: #"{"phase":"Succeeded","progress":"5/5",\#(field)}"#).state
        #expect(done.reason == .succeeded)
        #expect(done.executed == true)
        #expect(done.progress == nil)
        #expect(done.message == "the run succeeded")
        #expect(try workflow(status: #"{"phase":"Error",\#(field)}"#).state.reason == .engineError)
        #expect(
            try workflow(status: #"{"phase":"Running","progress":"2/5",\#(field)}"#).state.message
                == "Argo reports progress 2/5")
    }
}

/// Workflows with `spec.suspend`: Argo ignores everything else, even a shutdown.
@Suite struct HeldWorkflowTests {
    private func patch(_ spec: String, _ shutdown: Shutdown, phase: String = "Running") throws -> String {
        let run = try workflow(status: #"{"phase":"\#(phase)"}"#, spec: spec)
        return ArgoEngine().shutdownPatch(shutdown, for: run).map { String(decoding: $0, as: UTF8.self) } ?? "-"
    }

    @Test func `clears spec.suspend when it stops a suspended workflow`() throws {
        let both = #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Terminate","suspend":null}}"#
        #expect(try patch(#"{"suspend":true}"#, .stop) == both)
        #expect(try patch(#"{"suspend":true}"#, .terminate) == both)
        // A user has already requested a stop, without effect.
        #expect(
            try patch(#"{"suspend":true,"shutdown":"Terminate"}"#, .stop)
                == #"{"metadata":{"resourceVersion":"7"},"spec":{"suspend":null}}"#)
        #expect(try patch(#"{"suspend":true}"#, .stop, phase: "Failed") == "-")
        #expect(
            try patch(#"{"suspend":false}"#, .stop)
                == #"{"metadata":{"resourceVersion":"7"},"spec":{"shutdown":"Stop"}}"#)
    }

    /// One space means that the pod was never created, two that it was deleted, perhaps while it was pending.
    @Test(
        arguments: [
            ("workflow shutdown with strategy: Terminate", false), ("workflow shutdown with strategy: Stop", false),
            ("workflow shutdown with strategy:  Terminate", nil), ("main: Error (exit code 143)", true),
            ("workflow shutdown with strategy: Other", nil),
        ] as [(String, Bool?)])
    func `reports executed false if no pod was created`(_ message: String, _ executed: Bool?) throws {
        let node = #"{"w":{"id":"w","type":"Pod","phase":"Failed","message":"\#(message)"}}"#
        let run = try workflow(
            status: #"{"phase":"Failed","message":"Stopped with strategy 'Terminate'","nodes":\#(node)}"#,
            spec: #"{"shutdown":"Terminate"}"#)
        #expect(run.state.reason == .cancelled)
        #expect(run.state.executed == executed)
    }
}
