import KubeClient
import Testing

/// What others say of an execution does not give away what it was started with.
@Suite struct MaskingTests {
    private func masked(_ text: String, _ values: String...) -> String {
        text.masking(values)
    }

    @Test func valuesAreMaskedLongestFirst() {
        #expect(
            masked("login with hunter22-and-more failed, hunter22 too", "hunter22", "hunter22-and-more")
                == "login with *** failed, *** too")
        #expect(masked("nothing to see", "hunter22") == "nothing to see")
        #expect(masked("3 tasks, of it 1", "3", "of", "") == "3 tasks, of it 1")
    }

    /// API servers quote what they refuse.
    @Test func quotedValuesAreMasked() {
        let value = "a \"quoted\"\nvalue\\"
        let quoted = JSONValue.string(value).encodedString
        #expect(masked("Invalid value: \(quoted): too long", value) == "Invalid value: \"***\": too long")
        #expect(masked("got \(value).", value) == "got ***.")
    }

    /// Webhooks are mostly written in Go, whose JSON escapes what HTML would take for its own, and whose `%q` is no JSON.
    @Test(arguments: [
        ("s3cr&t<pass>", #"s3cr\u0026t\u003cpass\u003e"#), ("a\u{2028}b&c", #"a\u2028b\u0026c"#),
        ("bell\u{7}and\u{1}", #"bell\aand\x01"#), ("tab\t\"q\"\\", #"tab\t\"q\"\\"#),
        ("gr\u{fc}n&\u{1f600}", #"gr\u00fcn&\U0001f600"#),
    ])
    func whatGoQuotesIsMasked(_ value: String, _ quoted: String) {
        #expect(masked("denied: {\"value\":\"\(quoted)\"}", value) == "denied: {\"value\":\"***\"}")
    }

    @Test func singleLinesAreMasked() {
        #expect(masked("line 2 is second-line", "first-line\nsecond-line\r\n") == "line 2 is ***")
    }

    @Test(arguments: 4...20) func theBeginningOfAValueIsMaskedWhereATextIsCut(_ length: Int) {
        let value = "0123456789abcdefghij"
        let text = "Invalid value: " + value.prefix(length) + "…"
        #expect(masked(text, value) == "Invalid value: ***…")
        #expect(masked("ends in \(value.prefix(length - 1))", value) == "ends in \(value.prefix(length - 1))")
    }

    @Test func whatIsCutElsewhereStays() {
        #expect(masked("012…", "0123456789") == "012…")
        #expect(masked("…", "0123456789") == "…")
        #expect(masked("", "0123456789") == "")
        #expect(masked("é…", "été2") == "é…")
    }

    @Test func severalValuesAreMaskedAtOnce() {
        let text = "hunter22-and-more, hunter22, \"two\\nlines\", two\nlines and abc"
        #expect(
            masked(text, "hunter22", "hunter22-and-more", "two\nlines", "abc", "") == "***, ***, \"***\", *** and abc")
        #expect(text.masking([]) == text)
    }
}
