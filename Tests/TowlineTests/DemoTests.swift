import KubeClient
import Testing

@testable import towline

@Suite struct DemoTests {
    private func execution(_ name: String, phase: String, outcome: String? = nil, expect: String? = nil) -> JSONValue {
        var object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "demo"], "status": ["phase": .string(phase)],
        ]
        object[path: ["status", "outcome"]] = outcome.map { .string($0) }
        object[path: ["metadata", "annotations", "towline.dev/expect"]] = expect.map { .string($0) }
        return object
    }

    @Test func expectationsAreReadAndChecked() throws {
        let met = execution("a", phase: "Failed", outcome: "Timeout", expect: "Failed/Timeout")
        #expect(try #require(Expectation(of: met)).isMet(by: ExecutionRow(met)))
        let missed = execution("a", phase: "Failed", outcome: "Error", expect: "Failed/Timeout")
        #expect(try !#require(Expectation(of: missed)).isMet(by: ExecutionRow(missed)))
        let exact = execution("a", phase: "Failed", outcome: "Timeout", expect: "Failed/Timeout/TaskTimeout")
        #expect(try !#require(Expectation(of: exact)).isMet(by: ExecutionRow(exact)))
        #expect(Expectation(of: execution("a", phase: "Failed")) == nil)
    }

    @Test func columnsLineUp() {
        #expect(
            TextTable.lines([["NAME", "AGE"], ["long-name", "1s"], ["b", ""]]) == [
                "NAME       AGE", "long-name  1s", "b",
            ])
    }

    @Test func aPipeGetsOneLineForEachChange() {
        var output = ""
        withoutActuallyEscaping({ output += $0 }) { write in
            var screen = DemoScreen(isTerminal: false, write: write)
            let running = ExecutionRow(execution("a", phase: "Running"))
            screen.show([running])
            screen.show([running])
            screen.show([ExecutionRow(execution("a", phase: "Completed", outcome: "Success"))])
        }
        #expect(output == "demo/a: Running\ndemo/a: Completed Success\n")
    }

    @Test func aTerminalIsDrawnOver() {
        var output = ""
        withoutActuallyEscaping({ output += $0 }) { write in
            var screen = DemoScreen(isTerminal: true, write: write)
            screen.show([ExecutionRow(execution("a", phase: "Running"))])
            screen.show([ExecutionRow(execution("a", phase: "Completed", outcome: "Success"))])
        }
        #expect(output.contains("\u{1B}[2A"))
    }
}
