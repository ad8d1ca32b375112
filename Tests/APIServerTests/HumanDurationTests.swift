import Testing

@testable import APIServer

@Suite struct HumanDurationTests {
    @Test(
        arguments: [
            (-5, "<invalid>"), (0, "0s"), (119, "119s"), (120, "2m"), (130, "2m10s"), (600, "10m"), (10_799, "179m"),
            (10_800, "3h"), (11_400, "3h10m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"), (180_000, "2d2h"),
            (691_200, "8d"), (63_072_000, "2y"), (64_000_000, "2y10d"), (252_288_000, "8y"),
        ] as [(Int64, String)])
    func `a duration has the short form of kubectl`(seconds: Int64, text: String) {
        #expect(HumanDuration.text(seconds: seconds) == text)
    }
}
