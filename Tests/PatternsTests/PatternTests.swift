import Patterns
import Testing

@Suite struct PatternTests {
    @Test(arguments: [
        ("abc", "xabcx", true), ("^abc$", "xabc", false), ("", "anything", true), ("^$", "", true), ("^$", "x", false),
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "restart-payment-api", true),
        ("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "-x", false),
        ("^(a|bc)+$", "abcbca", true), ("^(a|bc)+$", "abcb", false), ("^a{2,3}$", "aa", true),
        ("^a{2,3}$", "aaaa", false),
        ("^a{2,}$", "aaaaa", true), ("^a{2}$", "a", false), ("a{,2}", "a{,2}", true), (#"^\d+\.\d+$"#, "1.25", true),
        (#"^\w+$"#, "é", false),
        (#"^\S+$"#, "a b", false), ("^.$", "\n", false), ("(?s)^.$", "\n", true), ("(?i)^straße$", "STRAßE", true),
        ("(?i:a)b", "Ab", true), ("(?i:a)b", "AB", false), ("(?m)^b$", "a\nb\nc", true), (#"\bfoo\b"#, "a foo b", true),
        (#"\bfoo\b"#, "afoob", false), ("^[^/]+$", "a/b", false), ("^[]a]+$", "]a", true), ("^[a\\-z]+$", "-", true),
        ("^[a-]+$", "-a", true),
        ("^[[:alpha:]_]+$", "aZ_", true), ("^[[:^digit:]]$", "1", false), (#"^\p{Lu}\pL*$"#, "Élan", true),
        (#"^\P{L}$"#, "x", false),
        (#"^\x41\x{1F600}$"#, "A😀", true), (#"^\Qa.b\E$"#, "a.b", true), (#"^\Qa.b\E$"#, "axb", false),
        ("^(?P<name>x)y$", "xy", true),
        ("^a*?b$", "aab", true), ("^(a*)*$", "aaaa", true), ("^(?:)+$", "", true), ("^é$", "e\u{301}", false),
        (#"^sha256:[0-9a-f]{64}$"#, "sha256:" + String(repeating: "a", count: 64), true),
        ("^(|a)+$", "aaa", true), ("x*", "", true), ("a|^b", "cb", false), ("a|^b", "ca", true),
    ])
    func `a pattern matches like Go's regexp`(pattern: String, text: String, result: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == result)
    }

    @Test(arguments: [
        ("(", "missing closing )"), (")", "unexpected )"), ("[a", "missing closing ]"), ("*a", "missing argument"),
        ("a**", "nested repetition"),
        ("a{1001}", "invalid repeat count"), ("a{3,2}", "invalid repeat count"),
        ("[z-a]", "invalid character class range"), (#"\"#, "trailing backslash"),
        (#"\y"#, "invalid escape"), ("(?=a)", "unsupported Perl syntax"), (#"\1"#, "invalid escape"),
        (#"\p{Greek}"#, "unsupported character class"),
        ("[[:foo:]]", "invalid character class"), (#"\xZ"#, "invalid escape"), ("(?P<n", "missing >"),
        ("((a{1000}){1000}){1000}", "too large"), ("(((){1000}){1000}){1000}", "too large"),
    ])
    func `an invalid pattern is rejected with its reason`(pattern: String, reason: String) {
        let error = #expect(throws: PatternError.self) { try Pattern(pattern) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test func `a pattern is rejected if it is larger than the limit`() throws {
        #expect(try Pattern("^a{90}$", sizeLimit: 100).matches(String(repeating: "a", count: 90)))
        #expect(throws: PatternError.self) { try Pattern("^a{110}$", sizeLimit: 100) }
    }

    /// Backtracking engines need exponential time for these patterns.
    @Test func `matching takes time linear in the text`() throws {
        let text = String(repeating: "a", count: 20_000)
        #expect(try !Pattern("^(a+)+$").matches(text + "!"))
        #expect(try !Pattern("(a|a)*b").matches(text))
    }
}
