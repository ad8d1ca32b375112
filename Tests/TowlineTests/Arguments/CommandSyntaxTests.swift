import Testing

@testable import towline

@Suite struct CommandSyntaxTests {
    enum Level: String, CaseIterable {
        case debug, info
    }

    let syntax = CommandSyntax(
        name: "operator", abstract: "Run it.",
        flags: [
            Flag("--namespace", value: "NS", repeats: true, help: "Serve NS."),
            Flag("--workers", value: "N", help: "Workers."),
            Flag("--poll-interval", value: "DURATION", help: "Interval."),
            Flag("--log-level", value: "LEVEL", help: "Level."),
            Flag("--quiet", help: "Say less."),
        ])

    @Test func valuesFollowTheFlagOrAnEqualsSign() throws {
        let parsed = try syntax.parse(["--workers", "4", "--namespace=a", "--namespace", "b", "--quiet"])
        #expect(try parsed.integer("--workers", in: 1...8) == 4)
        #expect(parsed.all("--namespace") == ["a", "b"])
        #expect(parsed.contains("--quiet"))
        #expect(!parsed.wantsHelp)
    }

    @Test(arguments: [
        (["--worker", "4"], "unknown flag --worker for 'towline operator'; did you mean --workers?"),
        (["--zzzzzzzzzz"], "unknown flag --zzzzzzzzzz for 'towline operator'; see 'towline operator --help'"),
        (["--workers"], "--workers needs a value: --workers N"),
        (["--workers", "1", "--workers", "2"], "--workers was given twice; give it once"),
        (["--quiet=yes"], "--quiet takes no value"),
        (["extra"], "unexpected argument \"extra\" for 'towline operator'; see 'towline operator --help'"),
    ])
    func mistakesAreNamedWithTheirMend(arguments: [String], message: String) {
        let error = #expect(throws: UsageError.self) { try syntax.parse(arguments) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["0", "9", "four", "", "99999999999999999999"])
    func numbersOutOfRangeAreRefused(_ text: String) throws {
        let parsed = try syntax.parse(["--workers", text])
        #expect(throws: UsageError.self) { try parsed.integer("--workers", in: 1...8) }
    }

    @Test func wordsOutsideTheSetAreRefusedWithTheNearest() throws {
        let parsed = try syntax.parse(["--log-level", "debugg"])
        let error = #expect(throws: UsageError.self) { try parsed.choice("--log-level", of: Level.self) }
        #expect(error?.description == "--log-level debugg: expected one of debug, info; did you mean debug?")
    }

    @Test(arguments: [
        ("10s", Duration.seconds(10)), ("500ms", .milliseconds(500)), ("1m30s", .seconds(90)), ("2h", .seconds(7200)),
    ])
    func durationsAreReadInGoNotation(text: String, expected: Duration) {
        #expect(Duration(argument: text) == expected)
    }

    @Test(arguments: ["", "10", "s", "-1s", "1.5s", "1d", "99999999999s", "1s "])
    func otherDurationsAreRefused(_ text: String) {
        #expect(Duration(argument: text) == nil)
    }

    @Test func helpListsEveryFlag() {
        for flag in syntax.flags { #expect(syntax.helpText.contains(flag.usage)) }
    }
}
