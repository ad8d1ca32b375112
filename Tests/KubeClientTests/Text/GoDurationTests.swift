import KubeClient
import Testing

/// Durations in the form of Go.
@Suite struct GoDurationTests {
    @Test(arguments: [
        (0, "0s"), (4, "4s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s"), (5430, "1h30m30s"), (-5, "0s"),
        (2_592_000, "720h0m0s"),
    ])
    func secondsAsGoWritesThem(_ seconds: Int64, _ text: String) {
        #expect(Duration.seconds(seconds).goText == text)
        if seconds >= 0 { #expect(Duration.goLimit(text)?.components.seconds == seconds) }
    }

    @Test(
        arguments: [
            ("0", 0), ("1.5h", 5400), ("300ms", 0), ("1m0.9s", 60), ("1h1h", 7200), ("", nil), ("5", nil), ("s", nil),
            ("5x", nil), ("-5s", nil), ("1..5s", nil), ("99999999999999999999h", nil), ("1h ", nil),
        ] as [(String, Int64?)])
    func durationsOfGo(_ text: String, _ seconds: Int64?) {
        #expect(Duration.goLimit(text)?.components.seconds == seconds)
    }
}
