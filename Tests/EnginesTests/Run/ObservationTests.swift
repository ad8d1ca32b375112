import ExecutionStatus
import KubeClient
import Testing
import WorkflowAPI

@testable import Engines

/// What a look at a run tells about its execution.
@Suite struct ObservationTests {
    @Test func everyFactOfTheStateIsTold() throws {
        let run = try workflow(
            status: #"{"phase":"Failed","progress":"1/2","outputs":{"parameters":[{"name":"o","value":"1"}]},"nodes":{"a":{"type":"Pod","phase":"Failed","displayName":"a","message":"main: Error (exit code 3)"}}}"#)
        let link = Link(name: "UI", url: "https://ui.example")
        #expect(ArgoEngine().observation(of: run, links: [link]) == Observation(
            reason: .stepFailed, message: "task a failed: main: Error (exit code 3)", engine: .argo,
            engineReason: "Failed",
            runRef: RunReference(apiVersion: "argoproj.io/v1alpha1", kind: "Workflow", name: "w", uid: "u"),
            progress: "1/2", executed: true,
            failure: Failure(
                task: "a", step: "main", exitCode: 3, reason: "StepFailed", message: "main: Error (exit code 3)"),
            outputs: [Output(name: "o", value: "1")], links: [link]))
    }

    @Test func whatIsNotKnownIsAbsent() throws {
        let observation = TektonEngine().observation(of: try pipelineRun())
        #expect(observation.engineReason == nil)
        #expect(observation.progress == nil)
        #expect(observation.executed == false)
        #expect(observation.failure == nil)
    }
}
