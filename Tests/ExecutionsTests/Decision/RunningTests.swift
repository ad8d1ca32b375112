import Engines
import KubeClient
import Status
import Testing
import TowlineAPI

@testable import Executions

/// What happens while the run lives, and when it ends.
@Suite struct RunningTests {
    private let running = Fixtures.condition(
        "Unknown", "Running", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0")

    @Test func `writes progress at most once an interval`() throws {
        let fresh = try Fixtures.pipelineRun()
        let run = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(fresh))
        let early = Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .milliseconds(500))
        guard case .idle(let pause?) = early.next() else { return #expect(Bool(false), "\(early.next())") }
        #expect(pause == .milliseconds(1500))
        let later = Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(2))
        let status = try #require(later.next().status)
        #expect(status.progress == "1/3")
        #expect(status.reason == .executing)
        #expect(status.startedAt == Fixtures.start)
    }

    @Test func `a clock that was set back does not stop progress writes`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(try Fixtures.pipelineRun()))
        let situation = Fixtures.situation(execution, run: .present(run), now: Fixtures.start - .seconds(3600))
        #expect(situation.next().name == "write")
    }

    @Test func `writes nothing if nothing changed`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let first = Fixtures.situation(Fixtures.execution(), run: .present(run))
        let execution = Fixtures.execution(status: try #require(first.next().status))
        #expect(
            Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(99)).next().name == "idle")
    }

    @Test func `writes the end at once`() throws {
        let fresh = try Fixtures.pipelineRun()
        let done = try Fixtures.pipelineRun(condition: Fixtures.condition("True", "Succeeded"))
        let execution = Fixtures.execution(status: try Fixtures.running(fresh))
        let status = try #require(Fixtures.situation(execution, run: .present(done)).next().status)
        #expect(status.phase == .completed)
        #expect(status.outcome == .success)
        #expect(status.finishedAt == Fixtures.start)
    }

    @Test func `reads the children of a failed run once`() throws {
        let child: JSONValue = ["kind": "TaskRun", "name": "restart-3f9c2a71d0-drain", "pipelineTaskName": "drain"]
        let failed = try Fixtures.pipelineRun(condition: Fixtures.condition("False", "Failed"), children: [child])
        let execution = Fixtures.execution(status: try Fixtures.running(try Fixtures.pipelineRun()))
        #expect(Fixtures.situation(execution, run: .present(failed)).next().name == "readChildren")
        // The cause can change the verdict, which is final.
        let soon = Fixtures.situation(execution, run: .present(failed)) {
            $0.children = .postponed
            $0.retryAfter = .seconds(3)
        }
        guard case .failed(.seconds(3)) = soon.next() else { return #expect(Bool(false), "\(soon.next())") }
        let blind = Fixtures.situation(execution, run: .present(failed)) { $0.children = .unreadable }
        #expect(try #require(blind.next().status).outcome == .failed)
    }

    @Test func `the status of an ended execution is final`() throws {
        let done = try Fixtures.pipelineRun(condition: Fixtures.condition("True", "Succeeded"))
        let first = Fixtures.situation(Fixtures.execution(), run: .present(done))
        let ended = Fixtures.execution(status: try #require(first.next().status))
        let failed = try Fixtures.pipelineRun(condition: Fixtures.condition("False", "Failed"))
        for run in [RunKnowledge.present(failed), .engineMissing] {
            #expect(Fixtures.situation(ended, run: run).next().name == "idle")
        }
    }

    @Test func `an ended execution still acknowledges its newest generation`() throws {
        let done = try Fixtures.pipelineRun(condition: Fixtures.condition("True", "Succeeded"))
        let first = Fixtures.situation(Fixtures.execution(), run: .present(done))
        let status = try #require(first.next().status)
        let changed = Fixtures.execution(status: status, generation: 2)
        let next = try #require(Fixtures.situation(changed, run: .present(done)).next().status)
        #expect(next.observedGeneration == 2)
        #expect(next.finishedAt == status.finishedAt)
        #expect(next.outcome == .success)
    }

    @Test func `a shutdown reaches the run and can be raised to Terminate`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let status = try Fixtures.running(run)
        let stopping = Fixtures.execution(spec: { $0.shutdown = .stop }, status: status, generation: 2)
        #expect(Fixtures.situation(stopping, run: .present(run)).next().name == "stopRun")
        let asked = try Fixtures.pipelineRun(
            condition: running, spec: ["pipelineRef": ["name": "restart"], "status": "StoppedRunFinally"])
        #expect(Fixtures.situation(stopping, run: .present(asked)).next().name == "write")
        let raised = Fixtures.execution(spec: { $0.shutdown = .terminate }, status: status, generation: 3)
        #expect(Fixtures.situation(raised, run: .present(asked)).next().name == "stopRun")
    }

    @Test func `reports a run as deleted only after a live read`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(run))
        for knowledge in [RunKnowledge.unknown, .deleted(last: run)] {
            #expect(Fixtures.situation(execution, run: knowledge).next().name == "readRun")
        }
        #expect(Fixtures.situation(execution, run: .unreadable).next().name == "failed")
        let status = try #require(Fixtures.situation(execution, run: .absent(last: run)).next().status)
        #expect(status.outcome == .error)
        #expect(status.reason == .runDeleted)
    }

    @Test func `reports a run that was pruned after its end from its last state`() throws {
        let run = try Fixtures.pipelineRun(condition: Fixtures.condition("True", "Succeeded"))
        let execution = Fixtures.execution(status: try Fixtures.running(try Fixtures.pipelineRun()))
        let status = try #require(Fixtures.situation(execution, run: .deleted(last: run)).next().status)
        #expect(status.outcome == .success)
    }

    @Test func `a missing engine sets a condition that is removed when it is back`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(run))
        let frozen = try #require(Fixtures.situation(execution, run: .engineMissing).next().status)
        #expect(frozen.phase == .running)
        #expect(frozen.condition(.engineUnavailable)?.status == .true)
        let thawed = Fixtures.situation(Fixtures.execution(status: frozen), run: .present(run))
        #expect(try #require(thawed.next().status).condition(.engineUnavailable) == nil)
    }

    /// A finalizer may hold it until it has ended, such as that of a hook of Argo CD.
    @Test func `an execution that is being deleted is mirrored and its run can be stopped`() throws {
        let live = try Fixtures.pipelineRun(condition: running)
        let done = try Fixtures.pipelineRun(condition: Fixtures.condition("True", "Succeeded"))
        let status = try Fixtures.running(try Fixtures.pipelineRun())
        func next(_ run: RunKnowledge, _ shutdown: Shutdown? = nil) -> Step {
            let execution = Fixtures.execution(
                spec: { $0.shutdown = shutdown }, status: status, deletion: Fixtures.start)
            return Fixtures.situation(execution, run: run).next()
        }
        #expect(try #require(next(.present(done)).status).outcome == .success)
        #expect(next(.present(live), .stop).name == "stopRun")
        // The garbage collector deletes the run too, which is not reported as its end.
        let leaving = try Fixtures.pipelineRun(metadata: ["deletionTimestamp": "2026-01-01T10:00:00Z"])
        for run in [RunKnowledge.absent(last: live), .deleted(last: live), .unknown, .engineMissing, .present(leaving)]
        {
            #expect(next(run).name == "idle", "\(run)")
        }
    }

    @Test func `does nothing about runs of an engine that the operator does not serve`() throws {
        let run = try Fixtures.pipelineRun(condition: running)
        let execution = Fixtures.execution(status: try Fixtures.running(run))
        let first = Fixtures.situation(execution, run: .engineNotFollowed).next()
        let reported = try #require(first.status)
        #expect(reported.phase == .running)
        #expect(reported.condition(.engineUnavailable)?.message.contains("--engine") == true)
        let rest = Fixtures.situation(Fixtures.execution(status: reported), run: .engineNotFollowed).next()
        guard case .idle(nil) = rest else { return #expect(Bool(false), "\(rest)") }
        let thawed = Fixtures.situation(Fixtures.execution(status: reported), run: .present(run))
        #expect(try #require(thawed.next().status).condition(.engineUnavailable) == nil)
    }

    @Test func `reports that the run was replaced while it was running`() throws {
        let run = try Fixtures.pipelineRun()
        let other = try Fixtures.pipelineRun(uid: "cccccccc-0000-4000-8000-000000000001")
        let execution = Fixtures.execution(status: try Fixtures.running(run))
        let status = try #require(Fixtures.situation(execution, run: .present(other)).next().status)
        #expect(status.reason == .runReplaced)
    }

    @Test func `reports an engine that does not respond`() throws {
        let run = try Fixtures.pipelineRun()
        let execution = Fixtures.execution(status: try Fixtures.running(run))
        guard case .idle(let pause?) = Fixtures.situation(execution, run: .present(run)).next() else {
            return #expect(Bool(false), "waits")
        }
        #expect(pause == .seconds(60))
        let late = Fixtures.situation(execution, run: .present(run), now: Fixtures.start + .seconds(60))
        #expect(try #require(late.next().status).reason == .engineNotResponding)
    }

    @Test func `reports a bundle digest that is not the pinned one`() throws {
        let run = try Fixtures.pipelineRun()
        let execution = Fixtures.execution(
            spec: {
                $0.workflowRef.containerImage = "registry.example/restart:1"
                $0.workflowRef.containerDigest = "sha256:" + String(repeating: "a", count: 64)
            }, status: try Fixtures.running(run))
        var object: JSONValue = [
            "metadata": ["name": "restart-3f9c2a71d0", "namespace": "payments", "uid": .string(run.uid)]
        ]
        object[path: ["metadata", "ownerReferences"]] = [
            [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "uid": .string(Fixtures.uid),
                "controller": true,
            ]
        ]
        object[path: ["status", "conditions"]] = [Fixtures.condition("True", "Succeeded")]
        object[path: ["status", "provenance", "refSource", "digest", "sha256"]] =
            .string(String(repeating: "b", count: 64))
        var cursor = JSONCursor(object.encoded)
        let other = try EngineRegistry.engine(.tekton).decodeRun(&cursor)
        let status = try #require(Fixtures.situation(execution, run: .present(other)).next().status)
        #expect(status.reason == .digestMismatch)
    }
}
