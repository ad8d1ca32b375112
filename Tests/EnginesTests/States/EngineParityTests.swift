import KubeClient
import Testing
import TowlineAPI

@testable import Engines

/// The same situation reads the same on both engines.
@Suite struct EngineParityTests {
    // MARK: Progress

    /// Four tasks: what Tekton and Argo write, and how many are done.
    static let progress: [(name: String, tekton: Tekton, argo: Argo, expected: String, outcome: Outcome?)] = [
        (
            "one done, one running",
            Tekton("Unknown", "Running", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 3, Skipped: 0"),
            Argo("Running", pods: ["Succeeded", "Running", "Pending", "Pending"]), "1/4", nil
        ),
        (
            "one skipped by its own condition",
            Tekton(
                "Unknown", "Running", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 1",
                skips: ["When Expressions evaluated to false"]),
            Argo("Running", pods: ["Succeeded", "Running", "Pending"], skipped: ["Skipped"]), "2/4", nil
        ),
        (
            "all done", Tekton("True", "Succeeded", "Tasks Completed: 4 (Failed: 0, Cancelled 0), Skipped: 0"),
            Argo("Succeeded", pods: ["Succeeded", "Succeeded", "Succeeded", "Succeeded"]), "4/4", .success
        ),
        (
            "done, two left out by conditions",
            Tekton(
                "True", "Completed", "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 2",
                skips: ["When Expressions evaluated to false", "Parent Tasks were skipped"]),
            Argo("Succeeded", pods: ["Succeeded", "Succeeded"], skipped: ["Skipped", "Omitted"]), "4/4", .success
        ),
        (
            "done, a failure ignored",
            Tekton("True", "Succeeded", "Tasks Completed: 4 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0"),
            Argo("Succeeded", pods: ["Succeeded", "Failed", "Succeeded", "Succeeded"]), "3/4", .success
        ),
        (
            "one failed, the rest never started",
            Tekton(
                "False", "Failed", "Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 2",
                skips: ["PipelineRun was stopping", "PipelineRun was stopping"]),
            Argo("Failed", pods: ["Succeeded", "Failed"], skipped: ["Omitted", "Omitted"]), "1/4", .failed
        ),
        (
            "one failed, one skipped by its condition, one never started",
            Tekton(
                "False", "Failed", "Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 2",
                skips: ["When Expressions evaluated to false", "PipelineRun was stopping"]),
            Argo("Failed", pods: ["Succeeded", "Failed"], skipped: ["Skipped", "Omitted"]), "2/4", .failed
        ),
        (
            "cancelled on the way",
            Tekton(
                "False", "Cancelled", "PipelineRun \\\"r\\\" was cancelled", spec: #"{"status":"Cancelled"}"#,
                tasks: 4, children: ["True Succeeded", "False TaskRunCancelled"],
                skips: ["PipelineRun was stopping", "PipelineRun was stopping"]),
            Argo(
                "Failed", pods: ["Succeeded", "Failed"], message: "main: Error (exit code 143)",
                skipped: ["Omitted", "Omitted"], spec: #"{"shutdown":"Terminate"}"#), "1/4", .cancelled
        ),
        (
            "over its time",
            Tekton(
                "False", "PipelineRunTimeout", "PipelineRun \\\"r\\\" failed to finish within \\\"1m0s\\\"", tasks: 4,
                children: ["True Succeeded", "False TaskRunCancelled"],
                skips: ["PipelineRun timeout has been reached", "PipelineRun timeout has been reached"]),
            Argo(
                "Failed", pods: ["Succeeded", "Failed"], message: "Step exceeded its deadline",
                skipped: ["Omitted", "Omitted"], spec: #"{"activeDeadlineSeconds":5}"#), "1/4", .timeout
        ),
    ]

    @Test(arguments: progress.indices)
    func `counts the same tasks on both engines`(_ index: Int) throws {
        let row = Self.progress[index]
        for (engine, state) in [("tekton", try row.tekton.state()), ("argo", try row.argo.state())] {
            #expect(state.progress?.description == row.expected, "\(engine): \(row.name)")
            #expect(state.outcome == row.outcome, "\(engine): \(row.name)")
            #expect(state.executed == true, "\(engine): \(row.name)")
        }
    }

    @Test func `counts only the last attempt of a retried step`() throws {
        let tries =
            #""f":{"type":"Retry","phase":"Running","displayName":"f","boundaryID":"w","children":["t0","h","t1"]},"t0":{"type":"Pod","phase":"Failed","boundaryID":"w","nodeFlag":{"retried":true}},"h":{"type":"Pod","phase":"Succeeded","boundaryID":"w","nodeFlag":{"hooked":true}},"t1":{"type":"Pod","phase":"Running","boundaryID":"w"}"#
        #expect(
            try workflow(status: #"{"phase":"Running","nodes":{\#(tries)}}"#).state.progress?.description == "1/2")
        // In a step of steps, the parts of an earlier attempt do not count either.
        let nested =
            #""f":{"type":"Retry","phase":"Running","boundaryID":"w","children":["s0","s1"]},"s0":{"type":"Steps","phase":"Failed","boundaryID":"w"},"a":{"type":"Pod","phase":"Succeeded","boundaryID":"s0"},"b":{"type":"Pod","phase":"Failed","boundaryID":"s0"},"s1":{"type":"Steps","phase":"Running","boundaryID":"w"},"c":{"type":"Pod","phase":"Succeeded","boundaryID":"s1"},"d":{"type":"Pod","phase":"Running","boundaryID":"s1"}"#
        #expect(
            try workflow(status: #"{"phase":"Running","nodes":{\#(nested)}}"#).state.progress?.description == "1/2")
        let circle =
            #""a":{"type":"Retry","phase":"Running","boundaryID":"b","children":["x","b"]},"b":{"type":"Steps","phase":"Running","boundaryID":"a"},"c":{"type":"Pod","phase":"Running","boundaryID":"b"}"#
        #expect(
            try workflow(status: #"{"phase":"Running","nodes":{\#(circle)}}"#).state.progress?.description == "0/1")
    }

    /// The units that a pod reports are not tasks.
    @Test func `does not count units that pods report as tasks`() throws {
        let node = #""a":{"type":"Pod","phase":"Running","displayName":"train","progress":"40/100"}"#
        let state = try workflow(status: #"{"phase":"Running","progress":"40/100","nodes":{\#(node)}}"#).state
        #expect(state.progress?.description == "0/1")
        #expect(state.message == "0 of 1 task done")
        let hidden = try workflow(status: #"{"phase":"Running","progress":"40/100","compressedNodes":"x"}"#).state
        #expect(hidden.progress == nil)
        #expect(hidden.message == "Argo reports progress 40/100")
    }

    // MARK: Stops and cleanups

    /// How a stopped run ends, depending on how its task and its cleanup ended.
    @Test(
        arguments: [
            // The task was stopped and the cleanup failed: the run was canceled.
            (task: "stopped", cleanup: "failed", Reason.cancelled, "cleanup"),
            (task: "succeeded", cleanup: "failed", .cancelled, "cleanup"),
            (task: "stopped", cleanup: "succeeded", .cancelled, nil),
            // The task had failed before.
            (task: "failed", cleanup: "failed", .stepFailed, "work"),
            (task: "failed", cleanup: "succeeded", .stepFailed, "work"),
            (task: "failed", cleanup: "none", .stepFailed, "work"),
        ] as [(String, String, Reason, String?)])
    func `distinguishes a stop from failures before and after it`(
        _ task: String, _ cleanup: String, _ reason: Reason, _ failure: String?
    ) throws {
        for (engine, state) in [
            ("tekton", try stoppedPipelineRun(task, cleanup)), ("argo", try stoppedWorkflow(task, cleanup)),
        ] {
            #expect(state.reason == reason, "\(engine)")
            #expect(state.failure?.task == failure, "\(engine)")
            #expect(state.failure?.exitCode == (failure == nil ? nil : 4), "\(engine)")
        }
    }

    private func stoppedPipelineRun(_ task: String, _ cleanup: String) throws -> RunState {
        func taskRun(_ name: String, _ ending: String, _ memberOf: String) -> JSONValue? {
            let words = ["failed": ("False", "StepFailed"), "stopped": ("False", "TaskRunCancelled")]
            if ending == "none" { return nil }
            let (status, reason) = words[ending] ?? ("True", "Succeeded")
            let step: JSONValue = [
                "name": "run",
                "terminated": [
                    "exitCode": ending == "failed" ? 4 : 1, "reason": .string(ending == "failed" ? "Error" : reason),
                    "startedAt": "2026-01-01T10:00:01Z",
                ],
            ]
            return [
                "metadata": [
                    "name": .string("r-" + name),
                    "labels": [
                        "tekton.dev/pipelineTask": .string(name), "tekton.dev/memberOf": .string(memberOf),
                    ],
                ],
                "status": [
                    "podName": "p", "steps": ending == "succeeded" ? [] : [step],
                    "conditions": [["type": "Succeeded", "status": .string(status), "reason": .string(reason)]],
                ],
            ]
        }
        let children = [taskRun("work", task, "tasks"), taskRun("cleanup", cleanup, "finally")].compactMap { $0 }
        let failures = [task, cleanup].count { $0 == "failed" }
        let cancelled = task == "stopped" ? 1 : 0
        // Tekton writes Failed if any task failed, and Cancelled only if none did.
        let condition =
            failures > 0
            ? #""reason":"Failed","message":"Tasks Completed: \#(children.count) (Failed: \#(failures), Cancelled \#(cancelled)), Skipped: 0""#
            : #""reason":"Cancelled","message":"PipelineRun \"r\" was cancelled""#
        let references = children.map { _ in #"{"kind":"TaskRun"}"# }.joined(separator: ",")
        let run = try pipelineRun(
            status:
                #"{"childReferences":[\#(references)],"conditions":[{"type":"Succeeded","status":"False",\#(condition)}]}"#,
            spec: #"{"status":"CancelledRunFinally"}"#)
        let list = JSONValue(dictionaryLiteral: ("items", .array(children))).encoded
        return TektonEngine().state(of: run, children: try EnginesTests.children(list, by: TektonEngine()))
    }

    private func stoppedWorkflow(_ task: String, _ cleanup: String) throws -> RunState {
        func node(_ name: String, _ ending: String, _ more: String) -> String? {
            let words = ["failed": "main: Error (exit code 4)", "stopped": "main: Error (exit code 143)"]
            if ending == "none" { return nil }
            let message = words[ending].map { #""message":"\#($0)","phase":"Failed""# } ?? #""phase":"Succeeded""#
            return #""\#(name)":{"type":"Pod","displayName":"\#(name)",\#(message)\#(more)}"#
        }
        let root = #""w":{"type":"Steps","displayName":"w","phase":"\#(task == "succeeded" ? "Succeeded" : "Failed")"}"#
        let nodes = [
            root, node("work", task, #","boundaryID":"w""#), node("cleanup", cleanup, #","nodeFlag":{"hooked":true}"#),
        ].compactMap { $0 }
        return try workflow(
            status:
                #"{"phase":"Failed","message":"Stopped with strategy 'Stop'","nodes":{\#(nodes.joined(separator: ","))}}"#,
            spec: #"{"shutdown":"Stop"}"#
        ).state
    }
}

// MARK: - What the engines write

extension EngineParityTests {
    struct Tekton: Sendable {
        var status: String
        var reason: String
        var message: String
        var spec = "{}"
        var tasks = 0
        /// Condition and reason of each TaskRun; those that succeeded or were canceled had started.
        var children: [String] = []
        var skips: [String] = []

        init(
            _ status: String, _ reason: String, _ message: String, spec: String = "{}", tasks: Int = 0,
            children: [String] = [], skips: [String] = []
        ) {
            (self.status, self.reason, self.message, self.spec) = (status, reason, message, spec)
            (self.tasks, self.children, self.skips) = (tasks, children, skips)
        }

        func state() throws -> RunState {
            let engine = TektonEngine()
            let skipped = skips.map { #"{"name":"x","reason":"\#($0)"}"# }.joined(separator: ",")
            let references = max(1, children.count)
            let run = try pipelineRun(
                status:
                    #"{"pipelineSpec":{"tasks":[\#(Array(repeating: "{}", count: tasks).joined(separator: ","))]},"skippedTasks":[\#(skipped)],"childReferences":[\#(Array(repeating: #"{"kind":"TaskRun"}"#, count: references).joined(separator: ","))],"conditions":[{"type":"Succeeded","status":"\#(status)","reason":"\#(reason)","message":"\#(message)"}]}"#,
                spec: spec)
            guard !children.isEmpty else { return run.state }
            let items = children.enumerated().map { index, child in
                let words = child.split(separator: " ")
                return
                    #"{"metadata":{"name":"r-\#(index)"},"status":{"podName":"p","conditions":[{"type":"Succeeded","status":"\#(words[0])","reason":"\#(words[1])"}]}}"#
            }
            let list = #"{"items":[\#(items.joined(separator: ","))]}"#
            return engine.state(of: run, children: try EnginesTests.children(list.utf8, by: engine))
        }
    }

    struct Argo: Sendable {
        var phase: String
        var pods: [String]
        var message: String
        var skipped: [String]
        var spec: String

        init(
            _ phase: String, pods: [String], message: String = "main: Error (exit code 3)", skipped: [String] = [],
            spec: String = "{}"
        ) {
            (self.phase, self.pods, self.message, self.skipped, self.spec) = (phase, pods, message, skipped, spec)
        }

        func state() throws -> RunState {
            let pods = self.pods.enumerated().map { index, phase in
                let message = phase == "Failed" ? #","message":"\#(message)","finishedAt":"2026-01-01T10:00:06Z""# : ""
                return
                    #""p\#(index)":{"type":"Pod","phase":"\#(phase)","displayName":"p\#(index)","boundaryID":"w"\#(message)}"#
            }
            let skipped = self.skipped.enumerated().map { index, phase in
                #""s\#(index)":{"type":"Skipped","phase":"\#(phase)","displayName":"s\#(index)","boundaryID":"w"}"#
            }
            let root = #""w":{"type":"DAG","displayName":"w","phase":"\#(phase)"}"#
            let nodes = ([root] + pods + skipped).joined(separator: ",")
            return try workflow(
                status: #"{"phase":"\#(phase)","startedAt":"2026-01-01T10:00:00Z","nodes":{\#(nodes)}}"#, spec: spec
            ).state
        }
    }
}
