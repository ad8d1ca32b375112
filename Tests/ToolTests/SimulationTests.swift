import Foundation
import TestSupport
import Testing

/// Runs a fixed set of seeds; `make simulate` runs any number of others.
@Suite struct SimulationTests {
    /// The simulator that was built with the tests.
    private static let program = Repository.builtProgram("towline-simulate")

    private func simulate(_ arguments: String...) throws -> (output: String, code: Int32) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = Self.program
        process.arguments = arguments
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (output, process.terminationStatus)
    }

    @Test func `no seed of the fixed set violates a rule`() throws {
        let (output, code) = try simulate("--first", "1", "--count", "200", "--jobs", "2")
        #expect(code == 0, "\(output)")
    }

    @Test func `a seed replays exactly`() throws {
        let first = try simulate("--first", "7", "--count", "1", "--verbose")
        let second = try simulate("--first", "7", "--count", "1", "--verbose")
        #expect(first.output.contains("operator-0 POST"))
        #expect(lines(first.output) == lines(second.output))
    }

    /// The output without the speed.
    private func lines(_ output: String) -> [String] {
        output.split(separator: "\n").map { line in
            line.contains("seeds per second") ? String(line.suffix(16)) : String(line)
        }
    }

    @Test func `rejects invalid arguments`() throws {
        #expect(try simulate("--count", "none").code == 2)
        #expect(try simulate("--speed", "3").code == 2)
        #expect(try simulate("--faults", "clocks,weather").code == 2)
        #expect(try simulate("--rules").code == 2)
    }
}
