import KubeClient
import Testing

@testable import Engines

/// States that are not recorded but occur according to the engines' sources, documentation, and issues.
@Suite struct FurtherStatesTests {
    private static let tables = [
        "PipelineRun": pipelineRunStates, "TaskRun": taskRunStates, "Workflow": workflowStates,
        "WorkflowNode": workflowNodeStates,
    ]
    private static let recorded = [recordedTektonStates, recordedArgoStates]

    @Test(arguments: ["PipelineRun", "TaskRun", "Workflow", "WorkflowNode"])
    func `reads every written-down state as expected`(_ table: String) throws {
        for state in try FurtherState.table(try #require(Self.tables[table])) {
            let line = try state.line()
            #expect(line == state.expected, "\(state.source)")
        }
    }

    @Test func `covers a minimum number of states per engine`() throws {
        let further = Set(Self.tables.values.flatMap { $0.split(separator: "\n").filter { $0.hasPrefix("{") } })
        #expect(further.count >= 190)
        let rows = try Self.tables.values.flatMap { try FurtherState.table($0) }
        #expect(rows.count >= further.count)
        #expect(rows.allSatisfy { $0.source.contains(" ") })
        let lines = Self.recorded.flatMap { $0.split(separator: "\n") }
        let recorded = Set(lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("  +") })
        // Many events of a run have the same state.
        #expect(recorded.count >= 50)
    }

    // MARK: Coverage

    /// The reasons of a PipelineRun's condition, from the constants of Tekton's API and controller.
    @Test(arguments: PipelineRunReason.allCases)
    func `covers every reason of a PipelineRun`(_ word: PipelineRunReason) {
        #expect(pipelineRunStates.contains(#""reason":"\#(word.rawValue)""#))
    }

    @Test(arguments: TaskRunReason.allCases)
    func `covers every reason of a failed TaskRun`(_ word: TaskRunReason) {
        #expect(taskRunStates.contains(#""reason":"\#(word.rawValue)""#))
    }

    @Test(arguments: [
        "Started", "Running", "Succeeded", "ToBeRetried", "ResolvingTaskRef", "ResolvingStepActionRef",
        "TaskRunPending", "Pending", "PullImageFailed", "ExceededNodeResources", "ExceededResourceQuota",
    ])
    func `covers every reason of an unfinished or successful TaskRun`(_ word: String) {
        #expect(taskRunStates.contains(#""reason":"\#(word)""#))
    }

    @Test(arguments: ["", "Pending", "Running", "Succeeded", "Failed", "Error"])
    func `covers every phase of a Workflow`(_ phase: String) {
        #expect((workflowStates + workflowNodeStates).contains(#""status":{"phase":"\#(phase)""#))
    }

    @Test(arguments: ["Pending", "Running", "Succeeded", "Skipped", "Failed", "Error", "Omitted"])
    func `covers every phase of a node`(_ phase: String) {
        #expect(workflowNodeStates.contains(#","phase":"\#(phase)","displayName""#))
    }

    @Test(arguments: [
        "Pod", "Container", "Steps", "StepGroup", "DAG", "TaskGroup", "Retry", "Skipped", "Suspend", "HTTP", "Plugin",
    ])
    func `covers every type of node`(_ type: String) {
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
    func `covers every known message of Argo`(_ text: String) {
        #expect((workflowStates + workflowNodeStates).contains(text))
    }
}

/// One entry of a table of states: three or four lines.
struct FurtherState {
    let engine: any Engine
    /// The source: a file of the engine's source or documentation, an issue, or a description.
    let source: String
    /// The run's `spec` and `status`, and its TaskRuns if the test needs them.
    let run: JSONObject
    let children: JSONValue?
    /// The expected `RunState.line`.
    let expected: String

    static func table(_ text: String) throws -> [FurtherState] {
        try text.split(separator: "\n\n").map { block in
            let lines = block.split(separator: "\n").map(String.init)
            guard lines.count == 3 || lines.count == 4 else { throw Misprint(text: String(block)) }
            return try FurtherState(lines)
        }
    }

    private init(_ lines: [String]) throws {
        guard let word = lines[0].split(separator: " ").first,
            let engine = EngineRegistry.all.first(where: { $0.name.rawValue == word }),
            let run = try JSONValue(parsing: lines[1]).objectValue
        else { throw Misprint(text: lines[0]) }
        self.engine = engine
        self.run = run
        source = lines[0]
        children = lines.count == 4 ? try JSONValue(parsing: lines[2]) : nil
        expected = lines[lines.count - 1]
    }

    /// The state of the run, completed from its children.
    func line() throws -> String {
        var object = run
        object["metadata"] = ["name": "r", "namespace": "n", "uid": "u"]
        let run = try read(JSONValue.object(object).encoded, by: engine)
        var state = run.state
        if let list = children, !engine.childListings(for: run).isEmpty {
            let list = JSONValue(dictionaryLiteral: ("items", list)).encoded
            state = engine.state(of: run, children: try EnginesTests.children(list, by: engine))
        }
        return state.line.split(separator: "\n").joined(separator: "\\n")
    }

    struct Misprint: Error {
        let text: String
    }
}
