import Foundation
import TestSupport
import Testing

@testable import towline_fuzz

/// Fuzzes every parser of external input with a limited number of cases; `make fuzz` runs any number.
@Suite(.serialized) struct FuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    private let cases = environment["FUZZ_CASES"].flatMap(Int.init) ?? 300
    private let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...(.max))

    @Test func `every parser of external input withstands damaged texts`() throws {
        for (index, target) in try FuzzTarget.all().enumerated() {
            var tally = Fuzzer.Tally()
            try CurrentCase.reportingCrashes {
                try Fuzzer(target: target, index: index).run(cases: cases, seed: seed, into: &tally)
            }
            #expect(tally.cases == cases)
            // If too few damaged texts are accepted, the cases test little.
            #expect(cases < 100 || tally.readable > cases / 20, "\(target.name), seed \(seed)")
        }
    }

    @Test func `the corpus is accepted`() throws {
        for target in try FuzzTarget.all() {
            var random = SplitMix(seed: 1)
            #expect(!target.corpus.isEmpty)
            let readable = try target.corpus.filter { try target.read($0, &random) }
            #expect(readable.count * 2 >= target.corpus.count, "\(target.name)")
        }
    }

    @Test func `a case depends only on its seed`() throws {
        let damage = Damage(corpus: FuzzTarget.json.corpus)
        for seed in 0..<50 as Range<UInt64> {
            var (first, second) = (SplitMix(seed: seed), SplitMix(seed: seed))
            #expect(damage.text(isJSON: true, &first) == damage.text(isJSON: true, &second))
        }
    }

    @Test func `a failure names its case`() throws {
        let broken = FuzzTarget(name: "broken", corpus: [[1]]) { _, _ in throw Violation(description: "it is") }
        var tally = Fuzzer.Tally()
        let failure = #expect(throws: Fuzzer.Failure.self) {
            try Fuzzer(target: broken, index: 0).run(cases: 5, seed: 17, into: &tally)
        }
        #expect(failure?.description == "broken: it is; again with FUZZ_TARGET=broken FUZZ_CASES=1 FUZZ_SEED=17")
    }
}
