import Testing

@testable import CommandLineOptions

@Suite struct ValueSyntaxTests {
    private func refusal<Value>(_ syntax: ValueSyntax<Value>, _ text: String) -> String? {
        do {
            _ = try syntax.parse(text)
            return nil
        } catch {
            return error.message
        }
    }

    @Test(arguments: ["0", "9", "four", "", "99999999999999999999", " 4", "4.0"])
    func `rejects numbers out of range`(_ text: String) {
        #expect(refusal(.wholeNumber(1...8), text) == "expected a whole number from 1 to 8, not \"\(text)\"")
    }

    @Test func `suggests the nearest word`() {
        let fruit = ValueSyntax<Samples.Fruit>.word("FRUIT")
        #expect(refusal(fruit, "chery") == "expected apple, pear or cherry, not \"chery\"; did you mean cherry?")
        #expect(refusal(fruit, "potatoes") == "expected apple, pear or cherry, not \"potatoes\"")
        #expect(refusal(fruit, "pear") == nil)
    }

    @Test(arguments: [
        ("10s", Duration.seconds(10)), ("500ms", .milliseconds(500)), ("1m30s", .seconds(90)), ("2h", .seconds(7200)),
    ])
    func `parses durations in Go notation`(text: String, expected: Duration) {
        #expect(Duration(argument: text) == expected)
    }

    @Test(arguments: ["", "10", "s", "-1s", "1.5s", "1d", "99999999999s", "1s "])
    func `rejects other durations`(_ text: String) {
        #expect(Duration(argument: text) == nil)
    }

    @Test func `an error about a duration names the range`() {
        let range = Duration.milliseconds(100)...(.seconds(3600))
        let message = "expected a duration such as 500ms, 10s or 1m30s, from 100ms to 1h, not \"2h\""
        #expect(refusal(.duration(range), "2h") == message)
    }

    @Test(arguments: [
        ("a", true), ("team-1", true), ("", false), ("-a", false), ("a-", false), ("A", false), ("a.b", false),
    ])
    func `a namespace is an RFC 1123 label`(_ text: String, _ isValid: Bool) {
        #expect((refusal(.namespace, text) == nil) == isValid)
        #expect(refusal(.namespace, String(repeating: "a", count: 64)) != nil)
    }
}
