import Faults
import KubeClient
import Testing

/// If the history missed a violation, every test with faults would pass.
@Suite struct ExecutionHistoryTests {
    private func execution(_ status: JSONValue) -> JSONValue {
        ["metadata": ["uid": "e-1", "name": "one"], "status": status]
    }

    private func run(_ uid: String, isControlled: Bool = true) -> JSONValue {
        let owner: JSONValue = ["kind": "WorkflowExecution", "uid": "e-1", "controller": .bool(isControlled)]
        return ["metadata": ["uid": .string(uid), "ownerReferences": [owner]]]
    }

    @Test func `accepts a valid history`() {
        var history = ExecutionHistory()
        history.observe(execution: execution(["phase": "Pending"]))
        history.observe(run: run("r-1"))
        history.observe(run: run("r-1"))
        history.observe(run: run("r-2", isControlled: false))
        history.observe(execution: execution(["phase": "Running", "startedAt": "1"]))
        let end: JSONValue = ["phase": "Failed", "outcome": "Error", "startedAt": "1", "finishedAt": "2"]
        history.observe(execution: execution(end))
        #expect(history.violations == [])
        #expect(history.runs == ["e-1": ["r-1"]])
        #expect(history.executions["e-1"]?.isFinished == true)
    }

    @Test func `reports a second run`() {
        var history = ExecutionHistory()
        history.observe(run: run("r-1"))
        history.observe(run: run("r-2"))
        #expect(history.violations == ["e-1: 2 runs were created"])
    }

    @Test(
        arguments: [
            (["startedAt": "3"], "startedAt 1 became 3"), (["startedAt": .null], "startedAt 1 became nothing"),
            (["finishedAt": "3"], "finishedAt 2 became 3"),
            (["outcome": "Timeout"], "Failed/Error/ became Failed/Timeout/"),
            (["phase": "Running"], "Failed/Error/ became Running/Error/"),
        ] as [(JSONValue, String)]) func `reports changes of final values`(_ change: JSONValue, _ violation: String)
    {
        var history = ExecutionHistory()
        var status: JSONValue = ["phase": "Failed", "outcome": "Error", "startedAt": "1", "finishedAt": "2"]
        history.observe(execution: execution(status))
        for member in change.objectValue?.members ?? [] { status[member.key] = member.value }
        history.observe(execution: execution(status))
        #expect(history.violations == ["one: \(violation)"])
    }
}
