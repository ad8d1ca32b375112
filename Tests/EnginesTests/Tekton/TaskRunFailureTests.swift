import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// Why a PipelineRun failed, according to its TaskRuns.
@Suite struct TaskRunFailureTests {
    private let engine = TektonEngine()

    private func failedRun(_ reason: String = "Failed", message: String = "") throws -> EngineRun {
        try pipelineRun(
            status:
                #"{"childReferences":[{"name":"x"}],"conditions":[{"type":"Succeeded","status":"False","reason":"\#(reason)","message":"\#(message)"}]}"#
        )
    }

    private func taskRun(
        _ task: String, _ reason: String, status: String = "False", at time: String = "2026-01-01T10:00:00Z",
        memberOf: String = "tasks", message: String = "said", steps: String = "[]", uid: String = "u",
        onError: String = "stopAndFail", statusMessage: String = "", sidecars: String = "[]"
    ) -> String {
        #"{"metadata":{"name":"r-\#(task)","annotations":{"pipeline.tekton.dev/pipeline-task-on-error":"\#(onError)"},"labels":{"tekton.dev/pipelineTask":"\#(task)","tekton.dev/memberOf":"\#(memberOf)","tekton.dev/pipelineRunUID":"\#(uid)"}},"spec":{"statusMessage":"\#(statusMessage)"},"status":{"completionTime":"\#(time)","steps":\#(steps),"sidecars":\#(sidecars),"conditions":[{"type":"Succeeded","status":"\#(status)","reason":"\#(reason)","message":"\#(message)"}]}}"#
    }

    private func state(_ run: EngineRun? = nil, _ taskRuns: String...) throws -> RunState {
        let list = #"{"kind":"TaskRunList","items":[\#(taskRuns.joined(separator: ","))]}"#
        return engine.state(of: try run ?? failedRun(), children: try children(list.utf8, by: engine))
    }

    @Test(arguments: [
        ("StepFailed", Reason.stepFailed), ("StepOOM", .oomKilled), ("SidecarFailed", .sidecarFailed),
        ("SidecarOOM", .oomKilled), ("InitContainerFailed", .initContainerFailed), ("InitContainerOOM", .oomKilled),
        ("PodEvicted", .podEvicted), ("Failed", .taskFailed), ("TaskRunTimeout", .taskTimeout),
        ("TaskRunImagePullFailed", .imagePullFailed), ("CreateContainerConfigError", .configError),
        ("PodCreationFailed", .podCreationFailed), ("PodAdmissionFailed", .podCreationFailed),
        ("TaskRunValidationFailed", .invalidWorkflow), ("TaskValidationFailed", .invalidWorkflow),
        ("TaskRunResultLargerThanAllowedLimit", .resultsFailed), ("InvalidParamValue", .invalidParameters),
        ("SomethingNew", .taskFailed),
    ])
    func `maps each reason of a failed TaskRun`(_ word: String, _ reason: Reason) throws {
        let state = try state(nil, taskRun("oom-check", word))
        #expect(state.reason == reason)
        #expect(state.failure == Failure(task: "oom-check", reason: reason.rawValue, message: "said"))
        #expect(state.message == "task oom-check failed: said")
    }

    /// A task that ended in an error of the engine does not change the outcome of a failed run.
    @Test(arguments: [
        ("TaskRunResolutionFailed", "ResolutionFailed"), ("TaskRunCancelled", "Cancelled"),
        ("ResourceVerificationFailed", "PolicyDenied"), ("CouldntCreateWorkspacePVC", "EngineError"),
        ("TaskRunStopSidecarFailed", "EngineError"),
    ])
    func `keeps the run failed regardless of its children`(_ word: String, _ expected: String) throws {
        let state = try state(nil, taskRun("a", word))
        #expect(state.reason == .taskFailed)
        #expect(state.failure?.reason == expected)
    }

    @Test func `tests every known reason`() {
        #expect(TaskRunReason.allCases.count == 23)
    }

    @Test func `does not report ignored failures or successes`() throws {
        let state = try state(
            nil, taskRun("soft", "FailureIgnored", at: "2026-01-01T09:00:00Z"),
            taskRun("fine", "Succeeded", status: "True", at: "2026-01-01T09:00:00Z"),
            taskRun("live", "Running", status: "Unknown", at: "2026-01-01T09:00:00Z"), taskRun("hard", "StepFailed"))
        #expect(state.failure?.task == "hard")
    }

    @Test func `reports the earliest failure`() throws {
        let late = taskRun("late", "StepFailed", at: "2026-01-01T10:00:05Z")
        let early = taskRun("early", "StepOOM", at: "2026-01-01T10:00:01Z")
        let finally = taskRun("cleanup", "StepFailed", at: "2026-01-01T09:00:00Z", memberOf: "finally")
        let interrupted = taskRun("other", "TaskRunCancelled", at: "2026-01-01T08:00:00Z")
        let former = taskRun("former", "StepFailed", at: "2026-01-01T07:00:00Z", uid: "of-another-run")
        for order in [[late, early, finally, interrupted, former], [former, interrupted, finally, early, late]] {
            let list = #"{"items":[\#(order.joined(separator: ","))]}"#
            let state = engine.state(of: try failedRun(), children: try children(list.utf8, by: engine))
            #expect(state.failure?.task == "early")
            #expect(state.reason == .oomKilled)
        }
    }

    @Test func `names the failed step`() throws {
        let steps =
            #"[{"name":"soft","terminated":{"exitCode":4,"reason":"Error"},"terminationReason":"Continued"},{"name":"ok","terminated":{"exitCode":0}},{"name":"bad","terminated":{"exitCode":137,"reason":"OOMKilled"}},{"name":"after","terminated":{"exitCode":1,"reason":"Error"},"terminationReason":"Skipped"}]"#
        let failure = try state(nil, taskRun("a", "StepOOM", steps: steps)).failure
        #expect(failure?.step == "bad")
        #expect(failure?.exitCode == 137)
    }

    /// Before v1.12.0, Tekton had one reason for all of these.
    @Test(arguments: [
        (#"[{"name":"s","terminated":{"exitCode":137,"reason":"OOMKilled"}}]"#, "m", Reason.oomKilled),
        (#"[{"name":"s","terminated":{"exitCode":2,"reason":"Error"}}]"#, "m", .stepFailed),
        (#"[{"name":"s","terminated":{"exitCode":2}}]"#, "OOMKilled, said the task named oom", .stepFailed),
        (#"[{"name":"s","waiting":{"reason":"ImagePullBackOff"}}]"#, "m", .imagePullFailed),
        (#"[{"name":"s","waiting":{"reason":"CreateContainerConfigError"}}]"#, "m", .configError),
        ("[]", "The node was low on resource: memory.", .podEvicted),
        ("[]", "task evicted failed", .taskFailed),
    ])
    func `reads the cause from the steps with older Tekton releases`(
        _ steps: String, _ message: String, _ reason: Reason
    ) throws {
        #expect(try state(nil, taskRun("a", "Failed", message: message, steps: steps)).reason == reason)
    }

    @Test func `keeps a timed-out run timed out`() throws {
        let run = try failedRun("PipelineRunTimeout", message: "over")
        let interrupted = try state(run, taskRun("a", "TaskRunCancelled"))
        #expect(interrupted.reason == .pipelineTimeout)
        #expect(interrupted.message == "over")
        #expect(interrupted.failure?.reason == "PipelineTimeout")
        let failed = try state(run, taskRun("a", "StepFailed"))
        #expect(failed.reason == .pipelineTimeout)
        #expect(failed.failure?.reason == "StepFailed")
    }

    /// Before v1.2.0, a run whose tasks timed out was just Failed.
    @Test func `infers a timeout from interrupted tasks`() throws {
        let message = "TaskRun r-a was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out."
        #expect(try state(nil, taskRun("a", "TaskRunCancelled", message: message)).reason == .pipelineTimeout)
        #expect(try state(nil, taskRun("a", "StepFailed", message: message)).reason == .stepFailed)
        // Since v1.13.0, the condition adds the previous state, and the spec repeats the message.
        let longer = message + "\\nPrevious status: [ExceededResourceQuota] no room"
        #expect(try state(nil, taskRun("a", "TaskRunCancelled", message: longer)).reason == .pipelineTimeout)
        let statusMessage = "TaskRun cancelled as the PipelineRun it belongs to has timed out."
        #expect(
            try state(nil, taskRun("a", "TaskRunCancelled", message: "m", statusMessage: statusMessage)).reason
                == .pipelineTimeout)
        let asked = "TaskRun cancelled as the PipelineRun it belongs to has been cancelled."
        #expect(
            try state(nil, taskRun("a", "TaskRunCancelled", message: "m", statusMessage: asked)).reason == .taskFailed)
    }

    /// Tekton writes `FailureIgnored` only if the pod failed, but also ignores timeouts and image errors.
    @Test(arguments: ["TaskRunTimeout", "TaskRunImagePullFailed", "PodCreationFailed", "StepFailed"])
    func `does not report tolerated failures`(_ word: String) throws {
        let soft = taskRun("soft", word, at: "2026-01-01T09:00:00Z", onError: "continue")
        #expect(try state(nil, soft, taskRun("hard", "StepFailed")).failure?.task == "hard")
        #expect(try state(nil, soft).failure == nil)
    }

    // MARK: Which container

    @Test func `reports a step's time limit as TaskTimeout`() throws {
        let steps =
            #"[{"name":"slow","terminated":{"exitCode":1,"reason":"Error"},"terminationReason":"TimeoutExceeded"}]"#
        for word in ["StepFailed", "Failed"] {
            let state = try state(nil, taskRun("a", word, steps: steps))
            #expect(state.reason == .taskTimeout)
            #expect(state.outcome == .timeout)
            #expect(state.failure?.step == "slow")
        }
        #expect(try state(nil, taskRun("a", "StepOOM", steps: steps)).reason == .oomKilled)
    }

    @Test func `does not blame a step for a failed sidecar or init container`() throws {
        let steps = #"[{"name":"run","terminated":{"exitCode":137,"reason":"Error"}}]"#
        let sidecars =
            #"[{"name":"ok","terminated":{"exitCode":0}},{"name":"db","terminated":{"exitCode":2,"reason":"Error"}}]"#
        for word in ["SidecarFailed", "SidecarOOM"] {
            let failure = try state(nil, taskRun("a", word, steps: steps, sidecars: sidecars)).failure
            #expect(failure?.step == "db")
            #expect(failure?.exitCode == 2)
        }
        for word in ["InitContainerFailed", "InitContainerOOM"] {
            let failure = try state(nil, taskRun("a", word, steps: steps, sidecars: sidecars)).failure
            #expect(failure?.step == nil)
            #expect(failure?.exitCode == nil)
        }
    }

    @Test func `names the step that ran out of memory`() throws {
        let steps =
            #"[{"name":"a","terminated":{"exitCode":1,"reason":"Error"}},{"name":"b","terminated":{"exitCode":137,"reason":"OOMKilled"}}]"#
        #expect(try state(nil, taskRun("t", "StepOOM", steps: steps)).failure?.step == "b")
    }

    /// Tekton ends every step of a pod that cannot start in the same way; only the message names the cause.
    @Test(arguments: ["step", "sidecar"])
    func `names the container that could not start`(_ kind: String) throws {
        let containers =
            #"[{"name":"a","terminated":{"exitCode":1,"reason":"TaskRunImagePullFailed"}},{"name":"b","terminated":{"exitCode":1,"reason":"TaskRunImagePullFailed"}}]"#
        let message =
            #"the \#(kind) \"b\" in TaskRun \"r-t\" failed to pull the image \"\". the step \"a\" in TaskRun \""#
        let run = taskRun(
            "t", "TaskRunImagePullFailed", message: message, steps: containers, sidecars: containers)
        let failure = try state(nil, run).failure
        #expect(failure?.step == "b")
        #expect(failure?.exitCode == nil)
        #expect(failure?.reason == "ImagePullFailed")
    }

    // MARK: Children that are not TaskRuns

    private func run(_ children: [(kind: String, task: String)]) throws -> EngineRun {
        let references = children.map {
            #"{"kind":"\#($0.kind)","name":"r-\#($0.task)","pipelineTaskName":"\#($0.task)"}"#
        }
        return try pipelineRun(
            status:
                #"{"childReferences":[\#(references.joined(separator: ","))],"conditions":[{"type":"Succeeded","status":"False","reason":"Failed"}]}"#
        )
    }

    @Test(arguments: ["CustomRun", "PipelineRun", "Run"])
    func `names the only unread child as the cause`(_ kind: String) throws {
        let mixed = try run([("TaskRun", "a"), (kind, "approve")])
        let fine = taskRun("a", "Succeeded", status: "True")
        let completed = try state(mixed, fine)
        #expect(completed.reason == .taskFailed)
        #expect(completed.executed == true)
        #expect(completed.failure == Failure(task: "approve", reason: "TaskFailed", message: "see \(kind) r-approve"))
        #expect(completed.message == "task approve failed: see \(kind) r-approve")
        #expect(!engine.childListings(for: mixed).isEmpty)
        // A failed TaskRun is the cause; an unread one might be.
        #expect(try state(mixed, taskRun("a", "StepFailed")).failure?.task == "a")
        #expect(try state(mixed).failure == nil)
        #expect(try state(run([(kind, "approve")])).failure?.task == "approve")
        #expect(try state(run([(kind, "m"), (kind, "m")])).failure?.task == "m")
    }

    @Test func `names no cause among several unread children`() throws {
        let completed = try state(run([("CustomRun", "a"), ("CustomRun", "b"), ("CustomRun", "c")]))
        #expect(completed.failure == nil)
        #expect(completed.message == "a task failed: see CustomRun r-a and 2 more")
    }

    @Test func `keeps the run's own message`() throws {
        let state = try state(failedRun("CouldntGetPipelineResult", message: "no result"), taskRun("a", "StepFailed"))
        #expect(state.reason == .resultsFailed)
        #expect(state.message == "no result")
    }

    @Test func `lists children only if the run leaves something open`() throws {
        #expect(
            engine.childListings(for: try failedRun()) == [
                ChildListing(
                    type: TaskRun.resource, namespace: "n", labelSelector: "tekton.dev/pipelineRun=r", pageSize: 50,
                    isOptional: false)
            ])
        #expect(engine.childListings(for: try pipelineRun()).isEmpty)
        #expect(!engine.childListings(for: try failedRun("Cancelled")).isEmpty)
        var explained = try failedRun()
        explained.state = try state(explained, taskRun("a", "StepFailed"))
        #expect(engine.childListings(for: explained).isEmpty)
        // A run that did not fail has no cause, regardless of its children.
        let success = try pipelineRun(
            status:
                #"{"childReferences":[{}],"conditions":[{"type":"Succeeded","status":"True","reason":"Succeeded"}]}"#)
        #expect(try state(success, taskRun("a", "StepFailed")).failure == nil)
    }

    @Test func `reads or rejects malformed lists of children`() throws {
        let run = try failedRun()
        for text in ["{}", #"{"items":null}"#, #"{"items":[null,1,{"status":7}]}"#] {
            let state = engine.state(of: run, children: try children(text.utf8, by: engine))
            #expect(state.failure == nil && state.reason == .taskFailed)
        }
        #expect(throws: JSONError.self) { try children(#"{"items":[{"status":tru}]}"#.utf8, by: engine) }
    }
}
