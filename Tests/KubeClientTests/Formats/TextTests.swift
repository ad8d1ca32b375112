import KubeClient
import Testing

@Suite struct TimestampTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0, 0), ("2026-01-01T10:00:00Z", 1_767_261_600, 0),
            ("2000-02-29T23:59:59Z", 951_868_799, 0), ("1969-12-31T23:59:59.5Z", -1, 500_000_000),
            ("2026-01-01T12:30:00.123456789+02:30", 1_767_261_600, 123_456_789),
            ("2026-01-01T05:00:00.1234567899-05:00", 1_767_261_600, 123_456_789),
            ("0001-01-01T00:00:00Z", -62_135_596_800, 0), ("9999-12-31T23:59:59Z", 253_402_300_799, 0),
            ("2026-01-01t10:00:00z", 1_767_261_600, 0),
        ] as [(String, Int64, Int32)])
    func `parses RFC 3339`(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) throws {
        let time = try #require(Timestamp(rfc3339: text))
        #expect(time.seconds == seconds)
        #expect(time.nanoseconds == nanoseconds)
    }

    @Test(arguments: [
        "", "2026-01-01", "2026-01-01T10:00:00", "2026-01-01 10:00:00Z", "2026-13-01T10:00:00Z", "2026-02-29T10:00:00Z",
        "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T10:60:00Z", "2026-01-01T10:00:60Z", "2026-01-01T10:00:00.Z", "2026-01-01T10:00:00+0200",
        "2026-01-01T10:00:00+24:00", "2026-01-01T10:00:00Zx", "26-01-01T10:00:00Z", "0000-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00", "2026-01-01T10:00:00,5Z", "-026-01-01T10:00:00Z",
    ])
    func `rejects invalid times`(_ text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    @Test func `formats as RFC 3339`() {
        let time = Timestamp(seconds: 1_767_261_600, nanoseconds: 123_456_789)
        #expect(time.rfc3339 == "2026-01-01T10:00:00Z")
        #expect(time.rfc3339Microseconds == "2026-01-01T10:00:00.123456Z")
        #expect(Timestamp(seconds: -1, nanoseconds: 5000).rfc3339Microseconds == "1969-12-31T23:59:59.000005Z")
        #expect(Timestamp.earliest.rfc3339 == "0001-01-01T00:00:00Z")
        #expect(Timestamp.latest.rfc3339 == "9999-12-31T23:59:59Z")
    }

    @Test func `formatted times parse to the same time`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let seconds = Int64.random(in: Timestamp.earliest.seconds...Timestamp.latest.seconds, using: &generator)
            let time = Timestamp(seconds: seconds, nanoseconds: 0)
            #expect(Timestamp(rfc3339: time.rfc3339) == time, "\(seconds)")
        }
    }

    @Test func `arithmetic is clamped to the range`() {
        let time = Timestamp(seconds: 10, nanoseconds: 900_000_000)
        #expect(time + .milliseconds(200) == Timestamp(seconds: 11, nanoseconds: 100_000_000))
        #expect(time - .milliseconds(950) == Timestamp(seconds: 9, nanoseconds: 950_000_000))
        #expect(time + .milliseconds(-950) == time - .milliseconds(950))
        #expect(time - Timestamp(seconds: 11) == .milliseconds(-100))
        #expect(time.roundedDownToSeconds == Timestamp(seconds: 10))
        for far in [Duration.seconds(Int64.max), .seconds(Int64.max / 2)] {
            #expect(time + far == .latest)
            #expect(time - far == .earliest)
        }
        #expect(time - .seconds(Int64.min) == .latest)
        #expect(Timestamp(seconds: .min, nanoseconds: .min) == .earliest)
        #expect(Timestamp(seconds: .max, nanoseconds: .max) == .latest)
        #expect(Timestamp.latest - .earliest > Timestamp.earliest - .latest)
        #expect(Timestamp(seconds: 0, nanoseconds: -1) < Timestamp(seconds: 0))
    }

    @Test func `parses the date of an HTTP header`() {
        #expect(ServerTime(httpDate: "Sun, 06 Nov 1994 08:49:37 GMT") == ServerTime(rfc3339: "1994-11-06T08:49:37Z"))
        #expect(ServerTime(rfc3339: "2026-11-30T23:59:59Z")?.httpDate == "Mon, 30 Nov 2026 23:59:59 GMT")
        for text in [
            "", "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC",
        ] {
            #expect(ServerTime(httpDate: text) == nil, "\(text)")
        }
    }

    @Test func `a formatted HTTP date parses to the same time`() {
        let seed = UInt64.random(in: 0...UInt64.max)
        var state = seed
        for _ in 0..<500 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let time = ServerTime(seconds: Int64(state >> 20) % 200_000_000_000 - 10_000_000_000)
            #expect(ServerTime(httpDate: time.httpDate) == time, "seed \(seed): \(time.httpDate)")
        }
    }
}

/// Durations in Go's notation.
@Suite struct GoDurationTests {
    @Test(arguments: [
        (0, "0s"), (4, "4s"), (60, "1m0s"), (90, "1m30s"), (3600, "1h0m0s"), (5430, "1h30m30s"), (-5, "0s"),
        (2_592_000, "720h0m0s"),
    ])
    func `formats durations like Go`(_ seconds: Int64, _ text: String) {
        #expect(Duration.seconds(seconds).goText == text)
        if seconds >= 0 { #expect(Duration.goLimit(text)?.components.seconds == seconds) }
    }

    @Test(
        arguments: [
            ("0", 0), ("1.5h", 5400), ("300ms", 0), ("1m0.9s", 60), ("1h1h", 7200), ("", nil), ("5", nil), ("s", nil),
            ("5x", nil), ("-5s", nil), ("1..5s", nil), ("99999999999999999999h", nil), ("1h ", nil),
        ] as [(String, Int64?)])
    func `parses durations of Go`(_ text: String, _ seconds: Int64?) {
        #expect(Duration.goLimit(text)?.components.seconds == seconds)
    }
}

@Suite struct EncodingTests {
    @Test(arguments: [
        ("payment-api", "payment-api"), ("a/b c", "a%2Fb%20c"), ("é", "%C3%A9"), ("a=b,c!=d", "a%3Db%2Cc%21%3Dd"),
        ("100%", "100%25"), ("", ""),
    ])
    func `decoding reverses percent-encoding`(_ text: String, _ encoded: String) {
        #expect(text.percentEncodedPathSegment == encoded)
        #expect(text.percentEncodedQueryValue == encoded)
        #expect(encoded.percentDecoded() == text)
    }

    @Test func `encodes dot segments`() {
        #expect("..".percentEncodedPathSegment == "%2E%2E")
        #expect(".".percentEncodedPathSegment == "%2E")
    }

    @Test func `rejects malformed escapes`() {
        for text in ["%", "%4", "%zz", "%FF", "%+1"] { #expect(text.percentDecoded() == nil) }
        #expect("a+b".percentDecoded(plusIsSpace: true) == "a b")
        #expect("a+b".percentDecoded() == "a+b")
    }

    @Test func `encodes and decodes base64`() {
        #expect(Base64.encode([0, 1, 255]) == "AAH/")
        #expect(Base64.decode("AAH/") == [0, 1, 255])
        #expect(Base64.decode("YQ\r\n==\n") == [0x61])
        #expect(Base64.decode("") == [])
        for text in ["Y", "YQ=", "Y Q==", "Y*==", "YQ-_"] { #expect(Base64.decode(text) == nil) }
    }
}

/// Foreign texts are truncated to a limit.
@Suite struct BoundedTextTests {
    @Test func `at most 30 combining marks in a row are safe to compare`() {
        let (marks, few) = (String(repeating: "\u{0301}\u{0323}", count: 50), String(repeating: "\u{0301}", count: 30))
        #expect("plain".streamSafe == nil && "größer 👩‍👩‍👧 é 한글".streamSafe == nil && "a\(few)b\(few)".streamSafe == nil)
        let safe = "a\(marks)b\(marks)c".streamSafe ?? ""
        #expect(safe.unicodeScalars.count == 63 && safe.unicodeScalars.first == "a" && safe.unicodeScalars.last == "c")
        #expect(marks.streamSafe?.unicodeScalars.count == 30)
        #expect(safe.streamSafe == nil)
    }

    @Test func `control characters and changes of direction are not displayed`() {
        #expect("plain\n\ttext, größer".displayable == "plain\n\ttext, größer")
        let hostile = "a\u{0}b\u{1B}[31mc\r\nd\u{9B}e\u{202E}f\u{2066}g\u{2028}h\u{7F}"
        let shown = "a\u{FFFD}b\u{FFFD}[31mc\u{FFFD}\nd\u{FFFD}e\u{FFFD}f\u{FFFD}g\u{FFFD}h\u{FFFD}"
        #expect(Array(hostile.displayable.unicodeScalars) == Array(shown.unicodeScalars))
        #expect(shown.displayable == shown)
    }

    @Test func `truncates texts between scalars`() {
        #expect("abc".bounded(to: 3) == "abc")
        #expect("abcdef".bounded(to: 5) == "ab…")
        #expect("aééé".bounded(to: 6) == "aé…")
        #expect("aé…é".bounded(to: 5) == "a…")
        #expect("abcdef".bounded(to: 3) == "…")
        #expect("abcdef".bounded(to: 2) == "")
        #expect("abcdef".bounded(to: -1) == "")
    }

    @Test func `truncates errors that quote long texts`() {
        let error = ConfigurationError(String(repeating: "x", count: 5000))
        #expect(error.message.utf8.count == 4096)
        #expect(error.message.hasSuffix("x…"))
    }
}
