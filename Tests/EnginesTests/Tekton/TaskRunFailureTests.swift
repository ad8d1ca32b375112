import KubeClient
import Testing
import WorkflowAPI

@testable import Engines

/// Why a PipelineRun failed, told by its TaskRuns.
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
        memberOf: String = "tasks", message: String = "said", steps: String = "[]", uid: String = "u"
    ) -> String {
        #"{"metadata":{"name":"r-\#(task)","labels":{"tekton.dev/pipelineTask":"\#(task)","tekton.dev/memberOf":"\#(memberOf)","tekton.dev/pipelineRunUID":"\#(uid)"}},"status":{"completionTime":"\#(time)","steps":\#(steps),"conditions":[{"type":"Succeeded","status":"\#(status)","reason":"\#(reason)","message":"\#(message)"}]}}"#
    }

    private func state(_ run: EngineRun? = nil, _ taskRuns: String...) throws -> RunState {
        let list = #"{"kind":"TaskRunList","items":[\#(taskRuns.joined(separator: ","))]}"#
        return try engine.state(of: try run ?? failedRun(), children: Array(list.utf8))
    }

    @Test(arguments: [
        ("StepFailed", Reason.stepFailed), ("StepOOM", .oomKilled), ("SidecarFailed", .sidecarFailed),
        ("SidecarOOM", .oomKilled), ("InitContainerFailed", .initContainerFailed), ("InitContainerOOM", .oomKilled),
        ("PodEvicted", .podEvicted), ("Failed", .taskFailed), ("TaskRunTimeout", .taskTimeout),
        ("TaskRunImagePullFailed", .imagePullFailed), ("CreateContainerConfigError", .configError),
        ("PodCreationFailed", .podCreationFailed), ("PodAdmissionFailed", .podCreationFailed),
        ("TaskRunValidationFailed", .invalidWorkflow), ("TaskValidationFailed", .invalidWorkflow),
        ("TaskRunResultLargerThanAllowedLimit", .resultsFailed), ("SomethingNew", .taskFailed),
    ])
    func eachWordHasItsMeaning(_ word: String, _ reason: Reason) throws {
        let state = try state(nil, taskRun("oom-check", word))
        #expect(state.reason == reason)
        #expect(state.failure == Failure(task: "oom-check", reason: reason.rawValue, message: "said"))
        #expect(state.message == "task oom-check failed: said")
    }

    /// What ends a task without a verdict does not turn a failed run into one without a verdict.
    @Test(arguments: [("TaskRunResolutionFailed", "ResolutionFailed"), ("TaskRunCancelled", "Cancelled")])
    func theRunStaysFailed(_ word: String, _ told: String) throws {
        let state = try state(nil, taskRun("a", word))
        #expect(state.reason == .taskFailed)
        #expect(state.failure?.reason == told)
    }

    @Test func everyKnownWordIsTested() {
        #expect(TaskRunReason.allCases.count == 19)
    }

    @Test func ignoredFailuresAndSuccessesAreNoCause() throws {
        let state = try state(
            nil, taskRun("soft", "FailureIgnored", at: "2026-01-01T09:00:00Z"),
            taskRun("fine", "Succeeded", status: "True", at: "2026-01-01T09:00:00Z"),
            taskRun("live", "Running", status: "Unknown", at: "2026-01-01T09:00:00Z"), taskRun("hard", "StepFailed"))
        #expect(state.failure?.task == "hard")
    }

    @Test func theFirstFailureInTimeWins() throws {
        let late = taskRun("late", "StepFailed", at: "2026-01-01T10:00:05Z")
        let early = taskRun("early", "StepOOM", at: "2026-01-01T10:00:01Z")
        let finally = taskRun("cleanup", "StepFailed", at: "2026-01-01T09:00:00Z", memberOf: "finally")
        let interrupted = taskRun("other", "TaskRunCancelled", at: "2026-01-01T08:00:00Z")
        let former = taskRun("former", "StepFailed", at: "2026-01-01T07:00:00Z", uid: "of-another-run")
        for order in [[late, early, finally, interrupted, former], [former, interrupted, finally, early, late]] {
            let list = #"{"items":[\#(order.joined(separator: ","))]}"#
            let state = try engine.state(of: try failedRun(), children: Array(list.utf8))
            #expect(state.failure?.task == "early")
            #expect(state.reason == .oomKilled)
        }
    }

    @Test func theFailedStepIsNamed() throws {
        let steps =
            #"[{"name":"soft","terminated":{"exitCode":4,"reason":"Error"},"terminationReason":"Continued"},{"name":"ok","terminated":{"exitCode":0}},{"name":"bad","terminated":{"exitCode":137,"reason":"OOMKilled"}},{"name":"after","terminated":{"exitCode":1,"reason":"Error"},"terminationReason":"Skipped"}]"#
        let failure = try state(nil, taskRun("a", "StepOOM", steps: steps)).failure
        #expect(failure?.step == "bad")
        #expect(failure?.exitCode == 137)
    }

    /// Before v1.12.0 Tekton had one word for all of these.
    @Test(arguments: [
        (#"[{"name":"s","terminated":{"exitCode":137,"reason":"OOMKilled"}}]"#, "m", Reason.oomKilled),
        (#"[{"name":"s","terminated":{"exitCode":2,"reason":"Error"}}]"#, "m", .stepFailed),
        (#"[{"name":"s","terminated":{"exitCode":2}}]"#, "OOMKilled, said the task named oom", .stepFailed),
        (#"[{"name":"s","waiting":{"reason":"ImagePullBackOff"}}]"#, "m", .imagePullFailed),
        (#"[{"name":"s","waiting":{"reason":"CreateContainerConfigError"}}]"#, "m", .configError),
        ("[]", "The node was low on resource: memory.", .podEvicted),
        ("[]", "task evicted failed", .taskFailed),
    ])
    func olderReleasesLeaveItToTheSteps(_ steps: String, _ message: String, _ reason: Reason) throws {
        #expect(try state(nil, taskRun("a", "Failed", message: message, steps: steps)).reason == reason)
    }

    @Test func aTimedOutRunStaysTimedOut() throws {
        let run = try failedRun("PipelineRunTimeout", message: "over")
        let interrupted = try state(run, taskRun("a", "TaskRunCancelled"))
        #expect(interrupted.reason == .pipelineTimeout)
        #expect(interrupted.message == "over")
        #expect(interrupted.failure?.reason == "PipelineTimeout")
        let failed = try state(run, taskRun("a", "StepFailed"))
        #expect(failed.reason == .pipelineTimeout)
        #expect(failed.failure?.reason == "StepFailed")
    }

    /// Before v1.2.0 a run over its tasks' time limit was plainly Failed.
    @Test func interruptedTasksTellOfATimeoutWhereTheRunDoesNot() throws {
        let message = "TaskRun r-a was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out."
        #expect(try state(nil, taskRun("a", "TaskRunCancelled", message: message)).reason == .pipelineTimeout)
        #expect(try state(nil, taskRun("a", "StepFailed", message: message)).reason == .stepFailed)
    }

    @Test func whatTheRunSaidItselfStays() throws {
        let state = try state(failedRun("CouldntGetPipelineResult", message: "no result"), taskRun("a", "StepFailed"))
        #expect(state.reason == .resultsFailed)
        #expect(state.message == "no result")
    }

    @Test func onlyFailuresNeedTheChildren() throws {
        #expect(
            engine.childListing(for: try failedRun())
                == ChildListing(
                    type: TaskRun.resource, namespace: "n", labelSelector: "tekton.dev/pipelineRun=r", limit: 500))
        #expect(engine.childListing(for: try pipelineRun()) == nil)
        #expect(engine.childListing(for: try failedRun("Cancelled")) == nil)
        var explained = try failedRun()
        explained.state = try state(explained, taskRun("a", "StepFailed"))
        #expect(engine.childListing(for: explained) == nil)
    }

    @Test func oddListsAreReadOrRefused() throws {
        let run = try failedRun()
        for text in ["{}", #"{"items":null}"#, #"{"items":[null,1,{"status":7}]}"#] {
            #expect(try engine.state(of: run, children: Array(text.utf8)) == run.state)
        }
        #expect(throws: JSONError.self) { try engine.state(of: run, children: Array("404 page".utf8)) }
    }
}
