import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// States of PipelineRuns that are not recorded, from Tekton's documentation and source.
@Suite struct PipelineRunStateTests {
    private let children = #"[{"kind":"TaskRun","name":"r-a","pipelineTaskName":"a"}]"#

    private func state(_ status: String, _ reason: String, _ message: String = "m", children: String = "[]") throws
        -> RunState
    {
        let condition = JSONValue(
            dictionaryLiteral: ("type", "Succeeded"), ("status", .string(status)), ("reason", .string(reason)),
            ("message", .string(message)))
        return try pipelineRun(
            status: #"{"conditions":[\#(condition.encodedString)],"childReferences":\#(children)}"#
        ).state
    }

    /// Each of Tekton's reasons with its status, and the expected reason without and with children.
    @Test(arguments: [
        ("Unknown", "PipelineRunPending", Reason.queued, Reason.queued),
        ("Unknown", "Started", .resolving, .executing),
        ("Unknown", "ResolvingPipelineRef", .resolving, .executing),
        ("Unknown", "ResolvingTaskRef", .resolving, .executing),
        ("Unknown", "Running", .executing, .executing),
        ("Unknown", "PipelineRunStopping", .stopping, .stopping),
        ("Unknown", "CancelledRunningFinally", .cancelling, .cancelling),
        ("Unknown", "StoppedRunningFinally", .cancelling, .cancelling),
        ("Unknown", "PipelineRunTimeoutRunningFinally", .timingOut, .timingOut),
        ("Unknown", "PipelineRunCouldntCancel", .cancelling, .cancelling),
        ("Unknown", "PipelineRunCouldntTimeOut", .timingOut, .timingOut),
        ("Unknown", "SomethingNew", .resolving, .executing),
        ("True", "Succeeded", .succeeded, .succeeded),
        ("True", "Completed", .completedWithSkips, .completedWithSkips),
        ("True", "SomethingNew", .succeeded, .succeeded),
        ("False", "Failed", .taskFailed, .taskFailed),
        ("False", "PipelineRunTimeout", .pipelineTimeout, .pipelineTimeout),
        ("False", "Cancelled", .cancelled, .cancelled),
        ("False", "CouldntGetPipelineResult", .resultsFailed, .resultsFailed),
        ("False", "CouldntGetPipeline", .resolutionFailed, .resolutionFailed),
        ("False", "CouldntGetTask", .resolutionFailed, .resolutionFailed),
        ("False", "ResourceVerificationFailed", .policyDenied, .policyDenied),
        ("False", "ParameterMissing", .invalidParameters, .invalidParameters),
        ("False", "ParameterTypeMismatch", .invalidParameters, .invalidParameters),
        ("False", "ObjectParameterMissKeys", .invalidParameters, .invalidParameters),
        ("False", "ParamArrayIndexingInvalid", .invalidParameters, .invalidParameters),
        ("False", "InvalidParamValue", .invalidParameters, .invalidParameters),
        ("False", "InvalidMatrixParameterTypes", .invalidParameters, .invalidParameters),
        ("False", "PipelineValidationFailed", .invalidWorkflow, .invalidWorkflow),
        ("False", "PipelineInvalidGraph", .invalidWorkflow, .invalidWorkflow),
        ("False", "InvalidWorkspaceBindings", .invalidWorkflow, .invalidWorkflow),
        ("False", "InvalidTaskRunSpecs", .invalidWorkflow, .invalidWorkflow),
        ("False", "InvalidTaskResultReference", .invalidWorkflow, .invalidWorkflow),
        ("False", "InvalidPipelineResultReference", .invalidWorkflow, .invalidWorkflow),
        ("False", "RequiredWorkspaceMarkedOptional", .invalidWorkflow, .invalidWorkflow),
        ("False", "InvalidPipelineResourceBindings", .invalidWorkflow, .invalidWorkflow),
        ("False", "CELEvaluationFailed", .invalidWorkflow, .invalidWorkflow),
        ("False", "CreateRunFailed", .invalidWorkflow, .invalidWorkflow),
        ("False", "CouldntCreateWorkspacePVC", .engineError, .engineError),
        ("False", "ReasonCouldntCreateOrUpdateAffinityAssistantStatefulSet", .engineError, .engineError),
        ("False", "SomethingNew", .invalidWorkflow, .taskFailed),
        // An incomplete condition counts as Unknown.
        ("", "", .resolving, .executing),
        ("Perhaps", "Succeeded", .resolving, .executing),
    ])
    func `maps each reason of a PipelineRun to Towline's`(
        _ status: String, _ word: String, _ without: Reason, _ with: Reason
    ) throws {
        let idle = try state(status, word)
        #expect(idle.reason == without)
        #expect(idle.executed == (idle.isFinished ? false : nil))
        #expect(idle.engineReason == word)
        let started = try state(status, word, children: children)
        #expect(started.reason == with)
        // A TaskRun can wait for its pod indefinitely.
        #expect(started.executed == nil)
    }

    /// The table above contains every reason in the code.
    @Test func `maps every known reason`() {
        for word in PipelineRunReason.allCases where ![.succeeded, .completed, .failed].contains(word) {
            let meanings = [word.reasonWhileRunning, word.failureReason].compactMap { $0 }
            #expect(meanings.count == 1, "\(word.rawValue)")
        }
    }

    @Test(arguments: [
        (#"{}"#, Reason.awaitingEngine),
        (#"{"conditions":null}"#, .awaitingEngine),
        (#"{"conditions":{}}"#, .awaitingEngine),
        (#"{"conditions":[null,1,{"type":"Other","status":"False"}]}"#, .awaitingEngine),
        (#"{"conditions":[],"childReferences":[{}]}"#, .executing),
        (#"{"conditions":[{"type":"Succeeded"}]}"#, .resolving),
        (#"{"conditions":[{"type":"Succeeded","status":true,"reason":3}]}"#, .resolving),
        (#"null"#, .awaitingEngine),
        (#"[1,2]"#, .awaitingEngine),
    ])
    func `reads incomplete statuses`(_ status: String, _ reason: Reason) throws {
        #expect(try pipelineRun(status: status).state.reason == reason)
    }

    /// Messages contain names that users chose, which must not affect the result.
    @Test(arguments: [
        #"PipelineRun "cancelled" is missing some parameters required by Pipeline n/oom-killed"#,
        #"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 0, Failed Validation: 1 (OOMKilled)"#,
        #"Pipeline n/could-not-find-object: pipelines.tekton.dev-forbidden not found"#,
    ])
    func `is not misled by names that contain engine messages`(_ message: String) throws {
        #expect(try state("False", "ParameterMissing", message).reason == .invalidParameters)
        #expect(try state("False", "CouldntGetPipeline", message).reason == .resolutionFailed)
        #expect(try state("False", "Failed", message, children: children).reason == .taskFailed)
    }

    @Test(arguments: [
        (
            #"tekton client cannot get pipeline x from local cluster: pipelines.tekton.dev "x" not found"#,
            Reason.templateNotFound
        ),
        (
            "error requesting remote resource: error getting \"bundleresolver\" \"n/b\": could not find object in image with kind: pipeline and name: x",
            .templateNotFound
        ),
        (#"pipelines.tekton.dev "x" is forbidden: User "s" cannot get resource"#, .resolutionFailed),
        ("dial tcp: lookup registry: no such host", .resolutionFailed),
    ])
    func `distinguishes a missing Pipeline from an unreachable one`(_ message: String, _ reason: Reason) throws {
        #expect(try state("False", "CouldntGetPipeline", message).reason == reason)
    }

    /// The counts become the progress; the text after them becomes the message.
    @Test func `reports why a task was refused`() throws {
        let message =
            "Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0, Failed Validation: 1 (invalid result reference in a)"
        let state = try state("False", "PipelineValidationFailed", message, children: children)
        #expect(state.reason == .invalidWorkflow)
        #expect(state.message == message)
        #expect(state.progress?.description == "1/2")
    }

    /// If the timeout skips a `finally` task, Tekton says only that the run failed.
    @Test func `reports a timeout if tasks were skipped for it and none failed`() throws {
        func state(_ failed: Int, _ word: String) throws -> RunState {
            let message = "Tasks Completed: 2 (Failed: \(failed), Cancelled 0), Skipped: 1"
            return try pipelineRun(
                status:
                    #"{"conditions":[{"type":"Succeeded","status":"False","reason":"Failed","message":"\#(message)"}],"childReferences":\#(children),"skippedTasks":[{"name":"PipelineRun timeout has been reached","reason":"\#(word)"}]}"#
            ).state
        }
        for word in ["timeout", "Tasks timeout", "Finally timeout"] {
            let timeout = try state(0, "PipelineRun \(word) has been reached")
            #expect(timeout.reason == .pipelineTimeout)
            #expect(timeout.message == "the timeout expired before all tasks had started")
            #expect(try state(1, "PipelineRun \(word) has been reached").reason == .taskFailed)
        }
        #expect(try state(0, "When Expressions evaluated to false").reason == .taskFailed)
    }

    @Test func `is Cancelling before Tekton acts on a stop`() throws {
        for (word, shutdown) in [
            ("Cancelled", Shutdown.terminate), ("CancelledRunFinally", .stop), ("StoppedRunFinally", .stop),
        ] {
            let run = try pipelineRun(
                status: #"{"conditions":[{"type":"Succeeded","status":"Unknown","reason":"Running"}]}"#,
                spec: #"{"status":"\#(word)"}"#)
            #expect(run.requestedShutdown == shutdown)
            #expect(run.state.reason == .cancelling)
        }
        let pending = try pipelineRun(spec: #"{"status":"PipelineRunPending"}"#)
        #expect(pending.requestedShutdown == nil)
        #expect(pending.state.reason == .awaitingEngine)
    }

    @Test func `keeps times, limits, and digest of the run`() throws {
        let run = try pipelineRun(
            status:
                #"{"startTime":"2026-01-01T10:00:00Z","completionTime":"2026-01-01T10:01:00Z","provenance":{"refSource":{"uri":"x","digest":{"sha256":"abc","sha1":"d"}}}}"#,
            spec: #"{"timeouts":{"pipeline":"1h30m0s","tasks":"1h"}}"#)
        #expect(run.state.startedAt?.rfc3339 == "2026-01-01T10:00:00Z")
        #expect(run.state.finishedAt?.rfc3339 == "2026-01-01T10:01:00Z")
        #expect(run.state.resolvedDigest == "sha256:abc")
        #expect(run.timeoutSeconds == 5400)
        #expect(try pipelineRun(spec: #"{"timeouts":{"pipeline":"0"}}"#).timeoutSeconds == nil)
        #expect(try pipelineRun(spec: #"{"timeouts":{"pipeline":"soon"}}"#).timeoutSeconds == nil)
    }
}
