import KubeClient
import Testing

@testable import Engines

/// States beyond the recorded ones: what the engines' sources, documentation and issues say can be there.
@Suite struct FurtherStatesTests {
    private static let tables = [
        "PipelineRun": pipelineRunStates, "TaskRun": taskRunStates, "Workflow": workflowStates,
        "WorkflowNode": workflowNodeStates,
    ]
    private static let recorded = [recordedTektonStates, recordedArgoStates]

    @Test(arguments: ["PipelineRun", "TaskRun", "Workflow", "WorkflowNode"])
    func everyStateReadsAsWrittenDown(_ table: String) throws {
        for state in try FurtherState.table(try #require(Self.tables[table])) {
            let line = try state.line()
            #expect(line == state.expected, "\(state.source)")
        }
    }

    @Test func thereAreEnough() throws {
        let further = Set(Self.tables.values.flatMap { $0.split(separator: "\n").filter { $0.hasPrefix("{") } })
        #expect(further.count >= 190)
        let rows = try Self.tables.values.flatMap { try FurtherState.table($0) }
        #expect(rows.count >= further.count)
        #expect(rows.allSatisfy { $0.source.contains(" ") })
        let lines = Self.recorded.flatMap { $0.split(separator: "\n") }
        let recorded = Set(lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("  +") })
        // Many events of one run's life read alike.
        #expect(recorded.count >= 50)
    }

    // MARK: Every word

    /// The words of a PipelineRun's condition, by the constants of Tekton's API and controller.
    @Test(arguments: PipelineRunReason.allCases)
    func everyWordOfAPipelineRunOccurs(_ word: PipelineRunReason) {
        #expect(pipelineRunStates.contains(#""reason":"\#(word.rawValue)""#))
    }

    @Test(arguments: TaskRunReason.allCases)
    func everyWordOfAFailedTaskRunOccurs(_ word: TaskRunReason) {
        #expect(taskRunStates.contains(#""reason":"\#(word.rawValue)""#))
    }

    @Test(arguments: [
        "Started", "Running", "Succeeded", "ToBeRetried", "ResolvingTaskRef", "ResolvingStepActionRef",
        "TaskRunPending", "Pending", "PullImageFailed", "ExceededNodeResources", "ExceededResourceQuota",
    ])
    func everyWordOfATaskRunThatDidNotFailOccurs(_ word: String) {
        #expect(taskRunStates.contains(#""reason":"\#(word)""#))
    }

    @Test(arguments: ["", "Pending", "Running", "Succeeded", "Failed", "Error"])
    func everyPhaseOfAWorkflowOccurs(_ phase: String) {
        #expect((workflowStates + workflowNodeStates).contains(#""status":{"phase":"\#(phase)""#))
    }

    @Test(arguments: ["Pending", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted"])
    func everyPhaseOfANodeOccurs(_ phase: String) {
        #expect(workflowNodeStates.contains(#","phase":"\#(phase)","displayName""#))
    }

    @Test(arguments: [
        "Pod", "Container", "Steps", "StepGroup", "DAG", "TaskGroup", "Retry", "Skipped", "Suspend", "HTTP", "Plugin",
    ])
    func everyTypeOfANodeOccurs(_ type: String) {
        #expect(workflowNodeStates.contains(#"{"type":"\#(type)""#))
    }

    @Test(arguments: [
        "Workflow processing has been postponed because too many workflows are already running",
        "Waiting for n/Mutex/", "Waiting for a PVC to be created. ", "Waiting to acquire the synchronization lock. ",
        "invalid spec: spec.arguments.", "not found in workflow template", "must not be more than 63 characters long",
        "failed to set global parameters: ", "cannot unmarshall spec: ",
        "Failed to acquire the synchronization lock. ", "Failed to re-establish synchronization lock",
        #""workflowtemplates.argoproj.io \""#, #""clusterworkflowtemplates.argoproj.io \""#,
        "cannot get resource clusterWorkflowTemplate at cluster scope", "are not permitted",
        "Step exceeded its deadline", "Pod was active on the node longer than the specified deadline", #""timeout""#,
        "retry exceeded workflow deadline ", "Stopped with strategy 'Terminate'", "Stopped with strategy 'Stop'",
        "workflow shutdown with strategy:  Terminate", "main: Error (exit code", #""Error (exit code"#,
        "main: OOMKilled (exit code 137)", "Pod failed before main container starts due to ImagePullBackOff: ",
        "pod deleted", "omitted: depends condition not met", "compressedNodes", "offloadNodeStatusVersion",
    ])
    func everyKnownSentenceOfArgoOccurs(_ text: String) {
        #expect((workflowStates + workflowNodeStates).contains(text))
    }
}
