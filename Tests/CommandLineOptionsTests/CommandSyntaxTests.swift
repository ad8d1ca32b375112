import Testing

@testable import CommandLineOptions

@Suite struct CommandSyntaxTests {
    private let syntax = Samples.syntax

    @Test func `a value follows its flag or an equals sign`() throws {
        let settings = try Samples.settings(["--worker-count", "3", "--name=a", "--name", "b", "--quiet"])
        #expect(try settings.value(Samples.workers) == 3)
        #expect(try settings.value(Samples.names) == ["a", "b"])
        #expect(try settings.value(Samples.quiet))
        #expect(try settings.value(Samples.fruit) == .apple)
        #expect(try settings.value(Samples.title) == nil)
    }

    @Test func `a switch can be turned off`() throws {
        #expect(try !Samples.settings(["--quiet=false"]).value(Samples.quiet))
        #expect(try Samples.settings(["--quiet=true"]).value(Samples.quiet))
    }

    @Test func `an alias sets the same option`() throws {
        #expect(try Samples.settings(["--threads", "2"]).value(Samples.workers) == 2)
    }

    @Test(arguments: [
        (["--worker-coun", "4"], "unknown flag --worker-coun for 'towline sample'; did you mean --worker-count?"),
        (["--zzzzzzzzzz"], "unknown flag --zzzzzzzzzz for 'towline sample'; see 'towline sample --help'"),
        (["--color", "red"], "--color has no effect in 'towline sample'; remove it"),
        (["--worker-count"], "--worker-count needs a value: --worker-count N"),
        (["--pause", "1s", "--pause", "2s"], "--pause is repeated; give it once"),
        (
            ["--threads", "1", "--worker-count", "1"],
            "--threads and --worker-count are the same option; give one of them"
        ),
        (["--quiet=yes"], "--quiet: expected true or false, not \"yes\""),
        (["--quiet="], "--quiet: expected true or false, not \"\""),
        (["extra"], "unexpected argument \"extra\" for 'towline sample'; see 'towline sample --help'"),
        (["--name", "a", "--name", "a"], "--name: \"a\" is repeated; give it once"),
    ])
    func `an error says how to fix the command line`(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try Samples.settings(arguments) }
        #expect(error?.description == message)
        #expect(error?.exitCode == 2)
    }

    @Test func `help lists every flag with its text and default`() {
        let words = syntax.helpText.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for option in syntax.options {
            #expect(words.contains("\(option.usage) \(option.help)"), "\(option.name)")
            guard option.value.placeholder != nil, let text = option.defaultValue else { continue }
            #expect(words.contains("Default: \(text)."))
        }
        #expect(words.contains("Alias: --threads."))
    }

    @Test func `help wraps long texts and keeps verbatim lines`() {
        let long = String(repeating: "word ", count: 40) + "end."
        let syntax = CommandSyntax(
            program: "towline", name: "sample", abstract: "Do it.", discussion: "\(long)\n\n  towline  sample",
            options: [
                Option("a-flag-with-a-very-long-name", .toggle, default: "false", help: long).syntax,
                Option("short", .toggle, default: "false", aliases: ["s"], help: "Say less.").syntax,
            ])
        let lines = syntax.helpText.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.contains("  towline  sample"))
        #expect(lines.contains("  --a-flag-with-a-very-long-name"))
        #expect(lines.contains("  -s, --short               Say less."))
    }

    @Test func `an operand is checked against its words`() throws {
        let syntax = CommandSyntax(
            program: "towline", name: "completion", abstract: "Do it.",
            operand: OperandSyntax("SHELL", words: ["bash", "zsh"], isRequired: true))
        #expect(try syntax.parse(["zsh"]).operand == "zsh")
        for (arguments, message) in [
            ([], "SHELL is missing; use 'towline completion bash or zsh'"),
            (["bsh"], "unknown SHELL \"bsh\" for 'towline completion'; did you mean bash?"),
            (["bash", "zsh"], "unexpected argument \"zsh\" for 'towline completion'; see 'towline completion --help'"),
        ] {
            #expect(throws: UsageError.self) { try syntax.parse(arguments) }
            do { _ = try syntax.parse(arguments) } catch { #expect(error.description == message) }
        }
    }
}
