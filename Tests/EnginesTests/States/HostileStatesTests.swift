import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import Engines

/// Statuses that are small as JSON, and would take much memory or time to read without a bound.
@Suite(.timeLimit(.minutes(2))) struct HostileStatesTests {
    private static let limit = Duration.seconds(10)

    private func time(_ body: () throws -> Void) rethrows -> Duration {
        let start = ContinuousClock.now
        try body()
        return start.duration(to: .now)
    }

    /// A failed workflow with these nodes, as the members of an object.
    private func failed(_ nodes: [String]) -> String {
        #"{"phase":"Failed","message":"child failed","nodes":{\#(nodes.joined(separator: ","))}}"#
    }

    @Test func `a retried step that contains itself costs no more than its size`() throws {
        let unknown = Array(repeating: #""""#, count: 60_000).joined(separator: ",")
        var nodes = [#""r":{"type":"Retry","phase":"Failed","children":["r",\#(unknown)]}"#]
        for number in 0..<4_000 {
            nodes.append(#""p\#(number)":{"type":"Pod","phase":"Failed","boundaryID":"r","message":"x"}"#)
        }
        let text = failed(nodes)
        let duration = try time {
            let run = try workflow(status: text)
            #expect(run.state.isFinished && run.state.outcome == .failed)
        }
        #expect(duration < Self.limit)
    }

    @Test func `steps that contain each other many levels deep are read once`() throws {
        var nodes = [#""p":{"type":"Pod","phase":"Failed","boundaryID":"0","message":"Error (exit code 3)"}"#]
        for number in 0..<8_000 {
            nodes.append(
                #""\#(number)":{"type":"DAG","phase":"Failed","boundaryID":"\#((number + 1) % 8_000)","children":["p"]}"#
            )
        }
        let text = failed(nodes)
        let duration = try time {
            let state = try workflow(status: text).state
            #expect(state.failure?.task == "p" && state.failure?.exitCode == 3)
        }
        #expect(duration < Self.limit)
    }

    @Test(arguments: ["nodes", "edges"])
    func `more nodes than Argo can store are not read, and the status says so`(_ kind: String) throws {
        let pod = #""type":"Pod","phase":"Failed","message":"main: Error (exit code 3)""#
        let nodes =
            kind == "nodes"
            ? (0...Workflow.maximumNodes).map { #""\#($0)":{\#(pod)}"# }
            : [
                #""a":{\#(pod),"children":[\#(Array(repeating: "\"\"", count: 40_000).joined(separator: ","))]}"#,
                #""b":{\#(pod),"children":[\#(Array(repeating: "\"\"", count: 40_000).joined(separator: ","))]}"#,
            ]
        let state = try workflow(status: failed(nodes)).state
        #expect(state.outcome == .failed)
        #expect(state.failure == nil && state.progress == nil)
        #expect(state.executed == nil, "whether a step started is unknown")
        #expect(state.message.contains("the failed task is unknown because it has more than 8192 nodes"))
    }

    @Test func `as many nodes as Argo can store are read`() throws {
        var nodes = (1..<Workflow.maximumNodes).map { #""\#($0)":{"type":"Pod","phase":"Succeeded"}"# }
        nodes.append(#""last":{"type":"Pod","phase":"Failed","message":"main: Error (exit code 3)"}"#)
        let state = try workflow(status: failed(nodes)).state
        #expect(state.failure?.task == "last")
        #expect(state.progress == Progress(done: 8_191, total: 8_192))
    }

    @Test func `the end of a long message is not read`() throws {
        let text = String(repeating: "x", count: 1_000_000) + " (exit code 3)"
        let nodes = (0..<3).map { #""\#($0)":{"type":"Pod","phase":"Failed","message":"\#(text)"}"# }
        let duration = try time {
            let state = try workflow(status: failed(nodes)).state
            #expect(state.failure?.exitCode == nil)
            #expect((state.failure?.message?.utf8.count ?? 0) <= 1_024)
        }
        #expect(duration < Self.limit)
    }

    /// 120,000 combining marks in an order that is not canonical. Comparing them took minutes.
    private static let marks = String(repeating: "\u{0301}\u{0323}", count: 60_000)

    @Test(arguments: [
        #"{"phase":"M"}"#, #"{"phase":"Failed","message":"M"}"#, #"{"M":1}"#, #"{"progress":"M"}"#,
        #"{"phase":"Failed","nodes":{"M":{"type":"Pod","phase":"Failed","message":"M"}}}"#,
        #"{"phase":"Failed","nodes":{"a":{"type":"M","phase":"M","displayName":"M","boundaryID":"M","children":["M"]}}}"#,
        #"{"phase":"Succeeded","outputs":{"parameters":[{"name":"M","value":["M"]}]}}"#,
    ])
    func `a Workflow with many combining marks is read in linear time`(_ status: String) throws {
        let text = status.replacing("M", with: Self.marks)
        let duration = try time {
            let run = try workflow(status: text, spec: "{\"\(Self.marks)\":\"\(Self.marks)\"}")
            #expect(run.state.message.unicodeScalars.count <= 1_024)
        }
        #expect(duration < Self.limit)
    }

    @Test(arguments: [
        #"{"conditions":[{"type":"M","status":"M","reason":"M","message":"M"}]}"#,
        #"{"conditions":[{"type":"Succeeded","status":"False","reason":"M","message":"M"}]}"#,
        #"{"childReferences":[{"kind":"M","name":"M","pipelineTaskName":"M"}],"results":[{"name":"M","value":"M"}]}"#,
    ])
    func `a PipelineRun with many combining marks is read in linear time`(_ status: String) throws {
        let text = status.replacing("M", with: Self.marks)
        let duration = try time { _ = try pipelineRun(status: text).state }
        #expect(duration < Self.limit)
    }

    @Test func `a TaskRun with more steps than a pod can have proves nothing about them`() throws {
        func taskRun(_ steps: Int) throws -> EngineChild {
            let step = #"{"name":"s","waiting":{"reason":"PodInitializing"}}"#
            let list = Array(repeating: step, count: steps).joined(separator: ",")
            let condition =
                #"{"type":"Succeeded","status":"False","reason":"PodCreationFailed","message":"no pod"}"#
            let item =
                #"{"metadata":{"name":"t"},"status":{"podName":"p","steps":[\#(list)],"conditions":[\#(condition)]}}"#
            return try #require(try children(#"{"items":[\#(item)]}"#.utf8, by: TektonEngine()).first)
        }
        #expect(try taskRun(256).hasStarted == false)
        #expect(try taskRun(257).hasStarted == nil)
        #expect(try taskRun(50_000).hasStarted == nil)
    }

    @Test func `attempts inside attempts are not read`() throws {
        var status = #"{"steps":[{"running":{}}]}"#
        for _ in 0..<80 { status = #"{"retriesStatus":[\#(status)]}"# }
        let item = #"{"metadata":{"name":"t"},"status":\#(status)}"#
        let child = try #require(try children(#"{"items":[\#(item)]}"#.utf8, by: TektonEngine()).first)
        #expect(child.hasStarted != true)
    }

    @Test func `a child keeps a bounded part of its failure`() {
        let long = String(repeating: "ä", count: 100_000)
        let child = EngineChild(
            .taskRun, .failed, name: long, task: long, runUID: long, hasStarted: true,
            failure: TaskFailure(reason: .taskFailed, task: long, step: long, exitCode: 1, message: long),
            waiting: long)
        let texts = [
            child.name, child.task, child.waiting ?? "", child.failure?.task ?? "", child.failure?.step ?? "",
            child.failure?.message ?? "",
        ]
        #expect(texts.allSatisfy { $0.utf8.count <= 1_024 && !$0.isEmpty })
    }

    /// Pages come in any order, and details that cannot be reported are dropped after each of them.
    @Test(arguments: 0..<20) func `children without their details give the same state`(round: Int) throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(seed: seed)
        let phases: [EngineChild.Phase] = [.unfinished, .succeeded, .failed, .tolerated]
        let all = (0..<60).map { number in
            let phase = phases[random.below(4)]
            return EngineChild(
                .taskRun, phase, name: "c\(number)", task: "t\(number % 7)", runUID: "u",
                hasStarted: [true, false, nil][random.below(3)], isFinally: random.below(4) == 0,
                isInterrupted: random.below(3) == 0, awaitsPerson: phase == .unfinished && random.below(5) == 0,
                failure: phase == .failed
                    ? TaskFailure(reason: .stepFailed, task: "t\(number % 7)", exitCode: 1, message: "m\(number)")
                    : nil,
                waiting: phase == .unfinished ? "w\(number)" : nil)
        }
        var kept: [EngineChild] = []
        for start in stride(from: 0, to: all.count, by: 7) {
            kept += all[start..<min(start + 7, all.count)]
            EngineChild.dropUnreportedDetails(of: &kept)
            #expect(kept.count { $0.failure != nil } <= 1 || kept.count { $0.waiting != nil } <= 1, "seed \(seed)")
        }
        #expect(kept.count { $0.failure != nil || $0.waiting != nil } <= 2, "seed \(seed)")
        for reason in [Reason.executing, .taskFailed, .cancelled] {
            var state = RunState(reason)
            state.children.taskRuns = 60
            var other = state
            state.complete(with: all)
            other.complete(with: kept)
            #expect(state == other, "seed \(seed)")
        }
    }
}
