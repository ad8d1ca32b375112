import KubeClient
import Testing

@Suite struct EncodingTests {
    @Test(arguments: [
        ("payment-api", "payment-api"), ("a/b c", "a%2Fb%20c"), ("é", "%C3%A9"), ("a=b,c!=d", "a%3Db%2Cc%21%3Dd"),
        ("100%", "100%25"), ("", ""),
    ])
    func encodingReversesDecoding(_ text: String, _ encoded: String) {
        #expect(text.percentEncodedPathSegment == encoded)
        #expect(text.percentEncodedQueryValue == encoded)
        #expect(encoded.percentDecoded() == text)
    }

    @Test func aSegmentCannotClimb() {
        #expect("..".percentEncodedPathSegment == "%2E%2E")
        #expect(".".percentEncodedPathSegment == "%2E")
    }

    @Test func malformedEscapesAreRefused() {
        for text in ["%", "%4", "%zz", "%FF", "%+1"] { #expect(text.percentDecoded() == nil) }
        #expect("a+b".percentDecoded(plusIsSpace: true) == "a b")
        #expect("a+b".percentDecoded() == "a+b")
    }

    @Test func base64() {
        #expect(Base64.encode([0, 1, 255]) == "AAH/")
        #expect(Base64.decode("AAH/") == [0, 1, 255])
        #expect(Base64.decode("YQ\r\n==\n") == [0x61])
        #expect(Base64.decode("") == [])
        for text in ["Y", "YQ=", "Y Q==", "Y*==", "YQ-_"] { #expect(Base64.decode(text) == nil) }
    }
}
