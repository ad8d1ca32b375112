import KubeClient
import Testing

@testable import towline_sandbox

@Suite struct DemoSummaryTests {
    private func execution(_ name: String, _ result: String, expect: String? = nil) -> JSONValue {
        let words = result.split(separator: "/").map(String.init)
        var object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "demo"],
            "status": ["phase": .string(words[0]), "message": .string("about \(name)")],
        ]
        object[path: ["status", "outcome"]] = words.count > 1 ? .string(words[1]) : nil
        object[path: ["status", "reason"]] = words.count > 2 ? .string(words[2]) : nil
        object[path: ["metadata", "annotations", "towline.dev/expect"]] = expect.map { .string($0) }
        return object
    }

    private func summary(_ executions: [JSONValue]) -> DemoSummary {
        var summary = DemoSummary()
        for execution in executions { summary.add(DemoRow(execution), expected: ExpectedResult(of: execution)) }
        return summary
    }

    @Test(arguments: [
        ("Failed/Timeout/TaskTimeout", "Failed/Timeout", true), ("Failed/Error/TaskTimeout", "Failed/Timeout", false),
        ("Failed/Timeout/TaskTimeout", "Failed/Timeout/TaskTimeout", true),
        ("Failed/Timeout/Other", "Failed/Timeout/TaskTimeout", false), ("Running", "Completed/Success", false),
        ("Completed/Success", "Refused/spec", false),
    ])
    func `compares a result with the expected one`(result: String, expect: String, isMet: Bool) throws {
        let execution = execution("a", result, expect: expect)
        #expect(try #require(ExpectedResult(of: execution)).isMet(by: DemoRow(execution)) == isMet)
    }

    @Test func `an example without the annotation expects nothing`() {
        #expect(ExpectedResult(of: execution("a", "Failed")) == nil)
        #expect(summary([execution("a", "Failed/Error")]).exitCode == 0)
    }

    @Test func `messages are printed only on request`() {
        var summary = summary([
            execution("a", "Completed/Success", expect: "Completed/Success"),
            execution("b", "Failed/Failed", expect: "Failed/Failed"),
        ])
        summary.add(rejectionOf: execution("c", "-", expect: "Refused/spec.engine"), message: "spec.engine is wrong")
        #expect(summary.exitCode == 0)
        let text = summary.text(isVerbose: false)
        #expect(text.contains("2 of 2 executions finished: 1 succeeded, 1 failed."))
        #expect(text.contains("1 invalid manifests were rejected."))
        #expect(text.contains("All results are as expected."))
        #expect(!text.contains("spec.engine is wrong"))
        let verbose = summary.text(isVerbose: true)
        #expect(verbose.contains("  b: about b"))
        #expect(verbose.contains("  spec.engine is wrong"))
    }

    @Test func `environments are counted apart, and a story can fail`() {
        func environment(_ name: String, _ reason: String) -> JSONValue {
            [
                "kind": "Environment",
                "metadata": ["name": .string(name), "annotations": ["towline.dev/expect": "Active/Ready"]],
                "status": ["phase": "Active", "reason": .string(reason)],
            ]
        }
        var summary = summary([environment("a", "Ready")])
        #expect(summary.exitCode == 0)
        #expect(summary.text(isVerbose: false).contains("0 of 0 executions finished: 0 succeeded, 0 failed."))
        #expect(
            summary.text(isVerbose: false).contains("1 of 1 environments are in the state that their examples name."))
        summary.add(problemsOf: ["env/lab is Active/Ready"])
        #expect(summary.exitCode == 1)
        #expect(summary.text(isVerbose: false).contains("UNEXPECTED: env/lab is Active/Ready"))
        let other = self.summary([environment("b", "PhaseRunning")])
        #expect(other.exitCode == 1)
        #expect(other.text(isVerbose: false).contains("env/b is Active/PhaseRunning, expected Active/Ready"))
    }

    @Test func `unexpected results are listed`() {
        var summary = summary([execution("a", "Failed/Error/Gone", expect: "Completed/Success")])
        summary.add(rejectionOf: execution("b", "-", expect: "Refused/spec.engine"), message: nil)
        #expect(summary.exitCode == 1)
        let text = summary.text(isVerbose: false)
        #expect(text.contains("UNEXPECTED: demo/a is Failed/Error/Gone, expected Completed/Success: about a"))
        #expect(text.contains("UNEXPECTED: b, expected a rejection that names spec.engine, was accepted"))
        #expect(text.contains("2 results are not as expected."))
    }

    @Test func `an interrupted demo has no unexpected results`() {
        var summary = summary([
            execution("a", "Completed/Success", expect: "Completed/Success"),
            execution("b", "Running", expect: "Completed/Success"),
        ])
        summary.isInterrupted = true
        #expect(summary.exitCode == 130)
        #expect(summary.text(isVerbose: true) == "Interrupted: 1 of 2 executions had finished.")
    }
}
