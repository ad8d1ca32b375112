import Testing

@testable import KubeClient

/// Texts of other programs must not reveal the parameters of an execution.
@Suite struct MaskTests {
    private func masked(_ text: String, _ values: String...) -> String {
        Mask(values).applied(to: text)
    }

    @Test func `masks the longest value first`() {
        #expect(
            masked("login with hunter22-and-more failed, hunter22 too", "hunter22", "hunter22-and-more")
                == "login with *** failed, *** too")
        #expect(masked("nothing to see", "hunter22") == "nothing to see")
        #expect(masked("3 tasks, of it 1", "3", "of", "") == "3 tasks, of it 1")
    }

    /// API servers quote rejected values.
    @Test func `masks quoted values`() {
        let value = "a \"quoted\"\nvalue\\"
        let quoted = JSONValue.string(value).encodedString
        #expect(masked("Invalid value: \(quoted): too long", value) == "Invalid value: \"***\": too long")
        #expect(masked("got \(value).", value) == "got ***.")
    }

    /// Most webhooks are written in Go, whose JSON escapes HTML characters and whose `%q` is not JSON.
    @Test(arguments: [
        ("s3cr&t<pass>", #"s3cr\u0026t\u003cpass\u003e"#), ("a\u{2028}b&c", #"a\u2028b\u0026c"#),
        ("bell\u{7}and\u{1}", #"bell\aand\x01"#), ("tab\t\"q\"\\", #"tab\t\"q\"\\"#),
        ("gr\u{fc}n&\u{1f600}", #"gr\u00fcn&\U0001f600"#),
    ])
    func `masks values quoted by Go`(_ value: String, _ quoted: String) {
        #expect(masked("denied: {\"value\":\"\(quoted)\"}", value) == "denied: {\"value\":\"***\"}")
    }

    @Test func `masks each line of a value`() {
        #expect(masked("line 2 is second-line", "first-line\nsecond-line\r\n") == "line 2 is ***")
    }

    @Test(arguments: 4...20) func `masks the beginning of a value at the end of a truncated text`(_ length: Int) {
        let value = "0123456789abcdefghij"
        let text = "Invalid value: " + value.prefix(length) + "…"
        #expect(masked(text, value) == "Invalid value: ***…")
        #expect(masked("ends in \(value.prefix(length - 1))", value) == "ends in \(value.prefix(length - 1))")
    }

    @Test func `does not mask parts of a value elsewhere`() {
        #expect(masked("012…", "0123456789") == "012…")
        #expect(masked("…", "0123456789") == "…")
        #expect(masked("", "0123456789") == "")
        #expect(masked("é…", "été2") == "é…")
    }

    @Test func `masks several values`() {
        let text = "hunter22-and-more, hunter22, \"two\\nlines\", two\nlines and abc"
        #expect(
            masked(text, "hunter22", "hunter22-and-more", "two\nlines", "abc", "") == "***, ***, \"***\", *** and abc")
        #expect(Mask([]).applied(to: text) == text)
    }

    @Test func `masks overlapping values completely`() {
        #expect(masked("xabcdefghx", "abcd", "cdefgh") == "x***x")
        #expect(masked("hunter22hunter22", "hunter22") == "***")
        #expect(masked("aaaaaaa", "aaaa") == "***")
    }

    @Test func `masks control characters as old and new JSON encoders quote them`() {
        #expect(masked(#"a\u0008b\u000cc & a\bb\fc"#, "a\u{8}b\u{c}c") == "*** & ***")
    }

    @Test func `does not mask a value inside a public name`() {
        let mask = Mask(
            ["search", "payments"], keeping: ["restart-search-2cdc", "restart-search", "payments"])
        #expect(mask.applied(to: "run restart-search-2cdc-pod") == "run restart-search-2cdc-pod")
        #expect(mask.applied(to: "research, prestart-search, restart-search2") == "re***, prestart-***, restart-***2")
        #expect(mask.applied(to: "restart-search/search") == "restart-search/***")
        // A value that contains more than the name is masked completely.
        #expect(Mask(["search-me"], keeping: ["search"]).applied(to: "to search-me, search") == "to ***, search")
    }

    @Test func `masks values in random texts`() {
        var random = SystemRandomNumberGenerator()
        func word(_ lengths: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: lengths, using: &random)).map { _ in
                    "abé\n\"<\u{8}".randomElement(using: &random) ?? "a"
                })
        }
        for _ in 0..<2000 {
            let values = (0..<3).map { _ in word(4...9) }
            let text = word(0...12) + (values.randomElement(using: &random) ?? "") + word(0...12)
            let result = Mask(values).applied(to: text)
            for value in values { #expect(!result.contains(value), "\(value) in \(text)") }
        }
    }

    /// The longest of several values that begin alike, regardless of their number and order.
    @Test func `masks the longest of many values that begin alike`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            let lengths = (0..<Int.random(in: 1...12, using: &random)).map { _ in Int.random(in: 4...40, using: &random)
            }
            let values = lengths.map { length in
                String((0..<length).map { _ in Int.random(in: 0..<8, using: &random) == 0 ? "b" : "a" })
            }
            let text = String((0..<60).map { _ in Int.random(in: 0..<8, using: &random) == 0 ? "b" : "a" })
            #expect(Mask(values).applied(to: text) == expected(text, values), "\(values) in \(text)")
        }
    }

    /// The obvious algorithm.
    private func expected(_ text: String, _ values: [String]) -> String {
        let bytes = Array(text.utf8)
        var isCovered = [Bool](repeating: false, count: bytes.count)
        for value in values.map({ Array($0.utf8) }) where value.count <= bytes.count {
            for start in 0...(bytes.count - value.count) where bytes[start...].starts(with: value) {
                for index in start..<(start + value.count) { isCovered[index] = true }
            }
        }
        // Values that touch are covered as one.
        var result = ""
        for (index, byte) in bytes.enumerated() {
            if !isCovered[index] {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else if index == 0 || !isCovered[index - 1] {
                result += "***"
            }
        }
        return result
    }

    // MARK: Cost

    /// The steps for masking a text.
    private func steps(_ text: String, _ values: [String], keeping names: [String] = []) -> Int {
        var steps = 0
        _ = Mask(values, keeping: names).applied(to: text, counting: &steps)
        return steps
    }

    /// Expects that four times the size takes at most five times the steps.
    private func expectLinear(
        _ name: String, sourceLocation: SourceLocation = #_sourceLocation, _ steps: (_ factor: Int) -> Int
    ) {
        let (small, large) = (steps(1), steps(4))
        #expect(small > 100, "\(name)", sourceLocation: sourceLocation)
        #expect(large <= 5 * small, "\(name): \(small) and \(large) steps", sourceLocation: sourceLocation)
    }

    /// All values differ in length and start with the same four bytes.
    private func alike(_ count: Int) -> [String] {
        (1...count).map { String(repeating: "a", count: $0 + 3) + "b" }
    }

    @Test func `the cost of masking is proportional to the text`() {
        let text = { String(repeating: "a", count: 1_000 * $0) }
        expectLinear("one value") { steps(text($0), ["aaaa"]) }
        expectLinear("values that begin alike") { steps(text($0), alike(100)) }
        expectLinear("a truncated text") { steps(text($0) + "…", alike(100)) }
        let name = "restart-search"
        expectLinear("names") { factor in
            steps(String(repeating: "restart-search ", count: 100 * factor), ["search"], keeping: [name, "restart"])
        }
    }

    @Test func `the cost of masking hardly depends on the values`() {
        let text = String(repeating: "a", count: 1_000)
        let (few, many) = (steps(text, alike(16)), steps(text, alike(16 * 16)))
        #expect(many <= 3 * few, "\(few) and \(many) steps")
        // A truncated text is compared with the beginning of each value.
        expectLinear("a truncated text") { factor in
            steps("aaaab…", (0..<(100 * factor)).map { "aaaa" + String($0) })
        }
    }

    /// The maximum number and size of parameters, each with a character to quote.
    @Test func `the index of large values is small`() {
        let values = (0..<64).map { number in
            (0..<200).map { line in "line \(line) of value \(number) & \"more\"" }.joined(separator: "\n")
        }
        let mask = Mask(values)
        let text =
            "Invalid value: " + JSONValue.string(values[7]).encodedString + "; " + String(repeating: "ab &", count: 500)
        for _ in 0..<10 {
            #expect(mask.applied(to: text) == "Invalid value: \"***\"; " + String(repeating: "ab &", count: 500))
        }
        #expect(mask.size < 4 << 20)
    }

    @Test func `masks the beginning of a value that resembles the text`() {
        let text = String(repeating: "a", count: 8 << 10)
        let mask = Mask(alike(100))
        #expect(mask.applied(to: text) == text)
        #expect(mask.applied(to: text + "…").hasSuffix("a***…"))
    }
}
