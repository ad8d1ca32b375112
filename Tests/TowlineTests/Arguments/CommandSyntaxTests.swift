import Testing

@testable import towline

@Suite struct CommandSyntaxTests {
    private let syntax = Samples.syntax

    @Test func valuesFollowTheFlagOrAnEqualsSign() throws {
        let settings = try Samples.settings(["--worker-count", "3", "--name=a", "--name", "b", "--quiet"])
        #expect(try settings.value(Samples.workers) == 3)
        #expect(try settings.value(Samples.names) == ["a", "b"])
        #expect(try settings.value(Samples.quiet))
        #expect(try settings.value(Samples.fruit) == .apple)
        #expect(try settings.value(Samples.title) == nil)
    }

    @Test func aSwitchCanBeTurnedOff() throws {
        #expect(try !Samples.settings(["--quiet=false"]).value(Samples.quiet))
        #expect(try Samples.settings(["--quiet=true"]).value(Samples.quiet))
    }

    @Test func aliasesMeanTheSame() throws {
        #expect(try Samples.settings(["--threads", "2"]).value(Samples.workers) == 2)
    }

    @Test(arguments: [
        (["--worker-coun", "4"], "unknown flag --worker-coun for 'towline sample'; did you mean --worker-count?"),
        (["--zzzzzzzzzz"], "unknown flag --zzzzzzzzzz for 'towline sample'; see 'towline sample --help'"),
        (["--colour", "red"], "--colour has no meaning for 'towline sample'; leave it out"),
        (["--worker-count"], "--worker-count needs a value: --worker-count N"),
        (["--pause", "1s", "--pause", "2s"], "--pause was given twice; give it once"),
        (["--threads", "1", "--worker-count", "1"], "--threads and --worker-count mean the same; give one of them"),
        (["--quiet=yes"], "--quiet: expected true or false, not \"yes\""),
        (["--quiet="], "--quiet: expected true or false, not \"\""),
        (["extra"], "unexpected argument \"extra\" for 'towline sample'; see 'towline sample --help'"),
        (["--name", "a", "--name", "a"], "--name: \"a\" stands twice; give it once"),
    ])
    func mistakesAreNamedWithTheirMend(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Samples.settings(arguments) }
        #expect(error?.description == message)
        #expect(error?.exitCode == 2)
    }

    @Test func helpListsEveryFlagWithItsDefault() {
        let lines = syntax.helpText.split(separator: "\n")
        for option in syntax.options {
            let line = lines.first { $0.contains("  \(option.usage)  ") || $0.hasSuffix("  \(option.usage)") }
            #expect(line?.contains(option.help) == true, "\(option.name)")
            guard option.placeholder != nil, let standard = option.standard else { continue }
            #expect(line?.contains("Default: \(standard).") == true)
        }
        #expect(syntax.helpText.contains("Also --threads."))
    }
}
