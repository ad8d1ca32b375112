import Testing

@testable import CommandLineOptions

/// Flags override the environment, which overrides the file.
@Suite struct PrecedenceTests {
    /// Each combination of sources that set the option.
    @Test(arguments: 0..<8) func `the strongest source wins`(_ mask: Int) throws {
        let (flag, variable, file) = (mask & 1 != 0, mask & 2 != 0, mask & 4 != 0)
        let settings = try Samples.settings(
            ["--config", "towline.yaml"] + (flag ? ["--worker-count", "1"] : []),
            environment: variable ? ["TOWLINE_WORKER_COUNT": "2"] : [:], file: file ? "workerCount: 3" : "quiet: true")
        #expect(try settings.value(Samples.workers) == (flag ? 1 : variable ? 2 : file ? 3 : 4))
        let origin = settings.values(Samples.workers.syntax).last?.origin.summary
        #expect(origin == (flag ? "--worker-count" : variable ? "TOWLINE_WORKER_COUNT" : file ? "towline.yaml:3" : nil))
    }

    @Test func `a list replaces the list of a weaker source`() throws {
        let settings = try Samples.settings(
            ["--name", "a"], environment: ["TOWLINE_NAME": "b,c", "TOWLINE_CONFIG": "f"], file: "names: [d]")
        #expect(try settings.value(Samples.names) == ["a"])
        let environment = try Samples.settings(
            environment: ["TOWLINE_NAME": "b,c", "TOWLINE_CONFIG": "f"], file: "names: [d]")
        #expect(try environment.value(Samples.names) == ["b", "c"])
    }

    @Test func `a flag turns off a switch of the file`() throws {
        #expect(try !Samples.settings(["--config=f", "--quiet=false"], file: "quiet: true").value(Samples.quiet))
    }

    @Test func `rejects an invalid value even if a stronger source overrides it`() {
        let error = #expect(throws: UsageError.self) {
            try Samples.settings(["--config", "f.yaml", "--worker-count", "1"], file: "workerCount: 99")
        }
        #expect(error?.description == "f.yaml:3:14: workerCount: expected a whole number from 1 to 8, not \"99\"")
        #expect(error?.exitCode == 1)
    }

    @Test func `a command with flags only ignores the environment`() throws {
        let syntax = CommandSyntax(program: "towline", name: "plain", abstract: "Do it.", options: [Samples.now.syntax])
        let settings = try syntax.settings(from: syntax.parse([]), environment: ["TOWLINE_NONSENSE": "1"]) {
            path throws(UsageError) in throw UsageError("read \(path)")
        }
        #expect(try !settings.value(Samples.now))
    }

    @Test func `names a configuration file that cannot be read`() {
        let error = #expect(throws: UsageError.self) { try Samples.settings(["--config", "/nowhere"]) }
        #expect(error?.description == "cannot read /nowhere")
    }
}
