import KubeClient
import Testing

/// Texts that somebody else wrote, cut to what there is room for.
@Suite struct BoundedTextTests {
    @Test func textsAreCutBetweenScalars() {
        #expect("abc".bounded(to: 3) == "abc")
        #expect("abcdef".bounded(to: 5) == "ab…")
        #expect("aééé".bounded(to: 6) == "aé…")
        #expect("aé…é".bounded(to: 5) == "a…")
        #expect("abcdef".bounded(to: 3) == "…")
        #expect("abcdef".bounded(to: 2) == "")
        #expect("abcdef".bounded(to: -1) == "")
    }

    @Test func anErrorThatQuotesALongTextIsCut() {
        let error = ConfigurationError(String(repeating: "x", count: 5000))
        #expect(error.message.utf8.count == 4096)
        #expect(error.message.hasSuffix("x…"))
    }
}
