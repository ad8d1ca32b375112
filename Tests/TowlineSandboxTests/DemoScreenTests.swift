import KubeClient
import Testing

@testable import towline_sandbox

@Suite struct DemoScreenTests {
    private func row(_ name: String, phase: String, outcome: String? = nil, reason: String = "", at time: String = "")
        -> DemoRow
    {
        var object: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "demo"],
            "status": [
                "phase": .string(phase), "reason": .string(reason), "engine": "tekton", "progress": "1/2",
                "finishedAt": .string(time),
            ],
        ]
        object[path: ["status", "outcome"]] = outcome.map { .string($0) }
        return DemoRow(object)
    }

    /// As many executions as the demo has, the even ones finished.
    private var rows: [DemoRow] {
        (0..<23).map { index in
            let name = "rotate-certificate-\(index < 10 ? "0" : "")\(index)"
            return index.isMultiple(of: 2)
                ? row(
                    name, phase: "Failed", outcome: "Timeout", reason: "PipelineTimeout",
                    at: "2026-01-01T00:00:\(10 + index)Z")
                : row(name, phase: "Running", reason: "Executing")
        }
    }

    @Test func `columns line up`() {
        let table = DemoTable(rows: [
            row("a-long-name", phase: "Running", reason: "Executing"), row("b", phase: ""),
        ])
        #expect(
            table.lines(columns: 100) == [
                "NAMESPACE  NAME         ENGINE  PHASE      OUTCOME    REASON              PROGRESS",
                "demo       a-long-name  tekton  Running               Executing           1/2",
                "demo       b            tekton                                            1/2",
            ])
    }

    @Test(arguments: [
        (120, ["NAMESPACE", "NAME", "ENGINE", "PHASE", "OUTCOME", "REASON", "PROGRESS"]),
        (80, ["NAME", "PHASE", "OUTCOME", "REASON", "PROGRESS"]),
        (60, ["NAME", "PHASE", "REASON"]),
        (40, ["NAME", "PHASE"]),
        (10, ["NAME"]),
    ])
    func `a narrow terminal drops columns by priority`(width: Int, titles: [String]) throws {
        let lines = DemoTable(rows: rows).lines(columns: width)
        #expect(lines[0].split(separator: " ").map(String.init) == titles)
        #expect(lines.count == 24)
    }

    @Test(arguments: [60, 80, 120, 20, 3, 1], [15, 24, 40, 5, 2, 1])
    func `a screen never exceeds the terminal`(width: Int, height: Int) {
        let lines = DemoTable(rows: rows).screen(columns: width, height: height)
        #expect(lines.count <= height)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(DemoTable(rows: []).screen(columns: width, height: height).count <= height)
    }

    @Test func `a low terminal shows unfinished executions, then the last ones that finished`() {
        let lines = DemoTable(rows: rows).screen(columns: 80, height: 15)
        #expect(lines.count == 15)
        let names = lines.dropFirst().dropLast().map { $0.split(separator: " ")[0].suffix(2) }
        // Eleven run; the two that finished last fill the screen.
        #expect(names == ["01", "03", "05", "07", "09", "11", "13", "15", "17", "19", "20", "21", "22"])
        #expect(lines.last == "12 of 23 examples finished, 10 not shown")
        #expect(DemoTable(rows: rows).screen(columns: 80, height: 40).last == "12 of 23 examples finished")
    }

    @Test func `an environment is finished where its example says`() {
        func environment(_ phase: String, _ reason: String) -> DemoRow {
            DemoRow([
                "kind": "Environment",
                "metadata": [
                    "name": "lab", "namespace": "demo", "annotations": ["towline.dev/expect": "Degraded/PhaseFailed"],
                ],
                "status": [
                    "phase": .string(phase), "reason": .string(reason),
                    "phases": [["state": "Succeeded"], ["state": "Failed"], ["state": "Waiting"]],
                ],
            ])
        }
        #expect(!environment("Active", "PhaseRunning").isFinished)
        #expect(environment("Degraded", "PhaseFailed").isFinished)
        let lines = DemoTable(rows: [environment("Degraded", "PhaseFailed")]).lines(columns: 100)
        #expect(lines[1] == "demo       env/lab          Degraded              PhaseFailed         2/3")
    }

    @Test func `a pipe gets one line for each change`() {
        var output = ""
        withoutActuallyEscaping({ output += $0 }) { write in
            var screen = DemoScreen(isTerminal: false, size: { nil }, write: write)
            let running = row("a", phase: "Running")
            screen.show([running])
            screen.show([running])
            screen.show([row("a", phase: "Completed", outcome: "Success")])
            screen.finish()
        }
        #expect(output == "demo/a: Running 1/2\ndemo/a: Completed Success 1/2\n")
    }

    @Test func `a terminal is redrawn when something changes, a resize included`() {
        var output = ""
        withoutActuallyEscaping({ output += $0 }) { write in
            var size = (columns: 80, rows: 24)
            withoutActuallyEscaping({ size }) { current in
                var screen = DemoScreen(isTerminal: true, size: current, write: write)
                let running = row("a", phase: "Running")
                screen.show([running])
                #expect(output.hasPrefix("\u{1B}[?1049h"))
                output = ""
                screen.show([running])
                #expect(output == "")
                size = (columns: 20, rows: 10)
                screen.show([running])
                #expect(output.hasPrefix("\u{1B}[H"))
                #expect(!output.contains("\u{1B}[?1049h"))
                output = ""
                screen.finish()
            }
        }
        #expect(output.hasPrefix("\u{1B}[?25h\u{1B}[?1049l"))
        #expect(output.contains("\na  "))
    }
}
