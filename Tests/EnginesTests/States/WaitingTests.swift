import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// What an unfinished run waits for and what the user can do about it, on both engines.
@Suite struct WaitingTests {
    private let tekton = TektonEngine()

    // MARK: Tekton

    /// A run with one child of each of these kinds.
    private func executing(_ kinds: String..., tally: String = "0 (Failed: 0, Cancelled 0), Incomplete: 2") throws
        -> EngineRun
    {
        let references = kinds.map { #"{"kind":"\#($0)","name":"r-a","pipelineTaskName":"a"}"# }
        return try pipelineRun(
            status:
                #"{"childReferences":[\#(references.joined(separator: ","))],"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running","message":"Tasks Completed: \#(tally), Skipped: 0"}]}"#
        )
    }

    private func taskRun(_ task: String, _ reason: String, _ message: String, more: String = "") -> String {
        #"{"kind":"TaskRun","metadata":{"name":"r-\#(task)","labels":{"tekton.dev/pipelineTask":"\#(task)"}},"status":{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"\#(reason)","message":"\#(message)"}]\#(more)}}"#
    }

    private func customRun(_ task: String, _ kind: String, status: String = "{}") -> String {
        #"{"apiVersion":"tekton.dev/v1beta1","kind":"CustomRun","metadata":{"name":"r-\#(task)","labels":{"tekton.dev/pipelineTask":"\#(task)"}},"spec":{"customRef":{"apiVersion":"example.com/v1","kind":"\#(kind)"}},"status":\#(status)}"#
    }

    private func state(_ run: EngineRun, _ items: String...) throws -> RunState {
        let list = #"{"items":[\#(items.joined(separator: ","))]}"#
        return tekton.state(of: run, children: try children(list.utf8, by: tekton))
    }

    /// Tekton's reasons for a waiting TaskRun (pkg/pod/status.go, pkg/reconciler/taskrun/taskrun.go).
    @Test(arguments: [
        (
            "ExceededResourceQuota",
            "TaskRun Pod exceeded available resources: pods r-a is forbidden: exceeded quota: team"
        ),
        ("ExceededNodeResources", "TaskRun Pod exceeded available resources"),
        ("PullImageFailed", "build step step-run is pending with reason Back-off pulling image"),
        ("Pending", "pod status PodScheduled:False; message: 0/3 nodes are available"),
        ("TaskRunPending", "TaskRun r-a is pending"),
    ])
    func `names a TaskRun that waits and its reason`(_ word: String, _ message: String) throws {
        let run = try executing("TaskRun")
        #expect(tekton.childListings(for: run).map(\.type) == [TaskRun.resource])
        let state = try state(run, taskRun("a", word, message))
        #expect(state.reason == .executing)
        #expect(state.message == "task a is waiting: \(message)")
        #expect(state.executed == nil)
        #expect(state.progress?.description == "0/2")
    }

    @Test func `reports executed once a TaskRun runs`() throws {
        let running = #","podName":"p","steps":[{"name":"run","running":{"startedAt":"2026-01-01T10:00:00Z"}}]"#
        let state = try state(
            executing("TaskRun", "TaskRun"), taskRun("a", "Running", "Not all Steps", more: running),
            taskRun("b", "ExceededResourceQuota", "exceeded quota"))
        #expect(state.executed == true)
        #expect(state.reason == .executing)
        #expect(state.message == "task b is waiting: exceeded quota")
        // A pod that is just starting is not reported.
        let young = try self.state(executing("TaskRun"), taskRun("a", "Pending", "Pending"))
        #expect(young.message == "0 of 2 tasks done")
        #expect(young.executed == nil)
    }

    /// The kinds of OpenShift's manual-approval-gate and of automatiko-approval-task.
    @Test func `is Suspended while a Tekton approval is pending`() throws {
        let run = try executing("CustomRun")
        #expect(tekton.childListings(for: run).map(\.type) == [CustomRun.resource])
        #expect(tekton.childListings(for: run).allSatisfy { $0.isOptional })
        let waiting =
            #"{"startTime":"2026-01-01T10:00:00Z","conditions":[{"type":"Succeeded","status":"Unknown","reason":"wait"}]}"#
        let approval = try state(run, customRun("a", "ApprovalTask", status: waiting))
        #expect(approval.reason == .suspended)
        #expect(approval.message == "task a is waiting for approval: approve or reject ApprovalTask r-a")
        #expect(approval.executed == nil)
        // While another task works, the run is not suspended.
        let both = try state(
            executing("CustomRun", "TaskRun"), customRun("a", "ApprovalTask", status: waiting),
            taskRun("b", "Running", "Not all Steps"))
        #expect(both.reason == .executing)
        #expect(both.message == approval.message)
        let two = try state(
            executing("CustomRun", "CustomRun"), customRun("b", "ApprovalTask", status: waiting),
            customRun("a", "ApprovalTask", status: waiting))
        #expect(two.reason == .suspended)
        #expect(two.message == "task a (and 1 more) is waiting for approval: approve or reject ApprovalTask r-a")
    }

    @Test func `says how to start a pending PipelineRun`() throws {
        let status =
            #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"PipelineRunPending","message":"PipelineRun \"r\" is pending"}]}"#
        let held = try pipelineRun(status: status, spec: #"{"status":"PipelineRunPending"}"#).state
        #expect(held.reason == .queued)
        #expect(
            held.message
                == #"PipelineRun "r" is pending; to start it, run: kubectl patch pipelinerun r -n n --type merge -p '{"spec":{"status":null}}'"#
        )
        // Tekton uses the same reason while it waits for a volume; then there is nothing to patch.
        #expect(try pipelineRun(status: status).state.message == #"PipelineRun "r" is pending"#)
    }

    @Test func `says that a missing template needs a new execution`() throws {
        let advice = ". Create the template first; this execution has ended, so create a new one."
        let missing = #"workflowtemplates.argoproj.io \"x\" not found"#
        let argo = try workflow(status: #"{"phase":"Error","message":"\#(missing)"}"#).state
        #expect(argo.reason == .templateNotFound)
        #expect(argo.message == #"workflowtemplates.argoproj.io "x" not found"# + advice)
        let long = String(repeating: "x", count: 5000)
        let sentence = #"error when getting Pipeline: \#(long): pipelines.tekton.dev \"x\" not found"#
        let pipeline = try pipelineRun(
            status:
                #"{"conditions":[{"type":"Succeeded","status":"False","reason":"CouldntGetPipeline","message":"\#(sentence)"}]}"#
        ).state
        #expect(pipeline.reason == .templateNotFound)
        #expect(pipeline.message.hasPrefix("error when getting Pipeline: xxx"))
        #expect(pipeline.message.hasSuffix(advice))
        #expect(pipeline.message.utf8.count <= Bounds.message)
    }

    @Test func `names a CustomRun that no controller has picked up`() throws {
        let working =
            #"{"startTime":"2026-01-01T10:00:00Z","conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running"}]}"#
        let state = try state(executing("CustomRun"), customRun("a", "PipelineLoop", status: working))
        #expect(state.reason == .executing)
        #expect(state.message == "0 of 2 tasks done")
        #expect(state.executed == true)
        let unseen = try self.state(executing("CustomRun"), customRun("a", "PipelineLoop"))
        #expect(unseen.message == "task a is waiting: no controller has picked up CustomRun r-a")
        #expect(unseen.executed == nil)
    }

    /// Without nodes, or with only the root node.
    @Test(arguments: ["", #","nodes":{"w":{"id":"w","displayName":"w","type":"Steps","phase":"Running"}}"#])
    func `a workflow without tasks says so`(_ nodes: String) throws {
        let state = try workflow(status: #"{"phase":"Running"\#(nodes)}"#).state
        #expect(state.reason == .executing)
        #expect(state.message.contains("not created a task yet"))
        #expect(state.message.contains("events"))
        #expect(state.executed == nil)
        let packed = try workflow(status: #"{"phase":"Running","compressedNodes":"H4sIAAAA"}"#).state
        #expect(!packed.message.contains("no task"))
    }

    /// The pipeline was fetched, but its first TaskRun cannot be created.
    @Test func `says that a fetched pipeline has no task yet`() throws {
        let status =
            #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Started","message":""}],"pipelineSpec":{"tasks":[{"name":"main"}]}}"#
        let run = try pipelineRun(status: status)
        let state = run.state
        #expect(state.reason == .executing)
        #expect(
            state.message
                == "Tekton has fetched the pipeline but has not created a task yet; if this persists, check the run's events"
        )
        #expect(state.executed == nil)
        #expect(tekton.childListings(for: run).isEmpty)
        let before = #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Started","message":""}]}"#
        #expect(try pipelineRun(status: before).state.reason == .resolving)
    }

    // MARK: Argo

    private func running(_ nodes: String, more: String = "") throws -> RunState {
        try workflow(status: #"{"phase":"Running","nodes":{\#(nodes)}\#(more)}"#).state
    }

    @Test(arguments: ["Pod", "Steps", "DAG", "Retry", "HTTP", "Plugin", "Suspend"])
    func `names a node of any type that waits for a lock`(_ type: String) throws {
        let lock = "Waiting for n/Mutex/db lock. Lock status: 0/1"
        let state = try running(
            #""w":{"type":"Steps","phase":"Running","displayName":"w"},"s":{"type":"\#(type)","phase":"Pending","displayName":"migrate","boundaryID":"w","message":"\#(lock)"}"#
        )
        #expect(state.reason == .executing)
        #expect(state.message == "task migrate is waiting: \(lock)")
        #expect(state.executed == nil)
    }

    @Test func `names a step in backoff before a retry`() throws {
        let state = try running(
            #""r":{"type":"Retry","phase":"Running","displayName":"flaky","message":"Backoff for 1 minutes 0 seconds"}"#
        )
        #expect(state.message == "task flaky is waiting: Backoff for 1 minutes 0 seconds")
    }

    private static let pause =
        #""p":{"type":"Suspend","phase":"Running","displayName":"cool-down","templateName":"pause"}"#

    @Test(arguments: [
        ("25s", "is paused for 25s"), ("10", "is paused for 10s"), ("2d", "is paused for 48h0m0s"),
        ("1h30m", "is paused for 1h30m0s"),
        ("{{inputs.parameters.time}}", "is paused for a fixed time"), ("999999999d", "is paused for"),
    ])
    func `is not Suspended during a timed pause`(_ duration: String, _ text: String) throws {
        let templates = #"[{"name":"pause","suspend":{"duration":"\#(duration)"}}]"#
        for more in [
            #","storedWorkflowTemplateSpec":{"templates":\#(templates)}"#,
            #","storedTemplates":{"namespaced/x/pause":{"name":"pause","suspend":{"duration":"\#(duration)"}}}"#,
        ] {
            let state = try running(Self.pause, more: more)
            #expect(state.reason == .executing)
            #expect(state.message.hasPrefix("task cool-down \(text)"))
        }
        let inline = try workflow(
            status: #"{"phase":"Running","nodes":{\#(Self.pause)}}"#, spec: #"{"templates":\#(templates)}"#)
        #expect(inline.state.reason == .executing)
    }

    @Test func `says when a timed pause ends`() throws {
        let node =
            #""p":{"type":"Suspend","phase":"Running","displayName":"cool-down","templateRef":{"name":"x","template":"pause"},"startedAt":"2026-01-01T10:00:00Z"}"#
        let state = try running(
            node, more: #","storedWorkflowTemplateSpec":{"templates":[{"name":"pause","suspend":{"duration":"25s"}}]}"#)
        #expect(state.message == "task cool-down is paused for 25s, until 2026-01-01T10:00:25Z")
    }

    @Test func `is Suspended while an Argo suspend node waits`() throws {
        let approval = #""a":{"type":"Suspend","phase":"Running","displayName":"approve","templateName":"wait"}"#
        let templates =
            #","storedWorkflowTemplateSpec":{"templates":[{"name":"wait","suspend":{}},{"name":"pause","suspend":{"duration":"25s"}}]}"#
        let state = try running(approval + "," + Self.pause, more: templates)
        #expect(state.reason == .suspended)
        #expect(state.message == "task approve is suspended; to resume it, run: argo resume w -n n")
        // A running daemon does not count as work.
        let daemon = #""d":{"type":"Pod","phase":"Running","daemoned":true,"displayName":"db"}"#
        let beside = try running(approval + "," + daemon, more: templates)
        #expect(beside.reason == .suspended)
        #expect(beside.executed == true)
        let work = try running(approval + #","b":{"type":"Pod","phase":"Running"}"#, more: templates)
        #expect(work.reason == .executing)
        #expect(work.message == state.message)
    }

    @Test func `names the suspend nodes and the command that resumes them`() throws {
        func node(_ index: Int, _ name: String) -> String {
            #""a\#(index)":{"type":"Suspend","phase":"Running","displayName":"\#(name)","templateName":"wait"}"#
        }
        let two = try running(node(0, "approve") + "," + node(1, "check"))
        #expect(two.reason == .suspended)
        #expect(two.message == "tasks approve, check are suspended; to resume them, run: argo resume w -n n")
        let many = try running(
            (0..<9).map { node($0, "\($0)" + String(repeating: "x", count: 500)) }.joined(separator: ","))
        #expect(many.message.hasSuffix(" and 6 more are suspended; to resume them, run: argo resume w -n n"))
        #expect(many.message.utf8.count < 400)
    }

    @Test func `says how to resume a workflow that spec.suspend holds`() throws {
        let done = #"{"phase":"Running","nodes":{"a":{"type":"Pod","phase":"Succeeded","displayName":"a"}}}"#
        let halted = try workflow(status: done, spec: #"{"suspend":true}"#).state
        #expect(halted.reason == .suspended)
        #expect(halted.message == "the workflow is suspended (spec.suspend); to resume it, run: argo resume w -n n")
        let unstarted = try workflow(status: #"{"phase":"Running"}"#, spec: #"{"suspend":true}"#).state
        #expect(unstarted.reason == .queued)
        #expect(unstarted.message == "the workflow is suspended (spec.suspend); to start it, run: argo resume w -n n")
    }
}
