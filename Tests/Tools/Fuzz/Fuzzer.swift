import TestSupport

/// Runs cases of one target.
struct Fuzzer {
    let target: FuzzTarget
    /// Where the target stands among all, for a crash to name it.
    let index: Int
    /// What a case takes at most; the slowest known one is far below, also in a debug build.
    var longest = Duration.seconds(20)

    /// What some cases came to.
    struct Tally {
        var cases = 0
        /// How many of the texts were readable.
        var readable = 0
    }

    /// Something went wrong in a case.
    struct Failure: Error, CustomStringConvertible {
        let target: String
        let seed: UInt64
        let problem: String

        var description: String {
            "\(target): \(problem); again with FUZZ_TARGET=\(target) FUZZ_CASES=1 FUZZ_SEED=\(seed)"
        }
    }

    /// Runs cases from `seed` on, each of which has a seed of its own, one more than the last one's.
    func run(cases: Int, seed: UInt64, into tally: inout Tally) throws(Failure) {
        let damage = Damage(corpus: target.corpus)
        for number in 0..<cases {
            let seed = seed &+ UInt64(number)
            CurrentCase.set(target: index, seed: seed)
            var random = SplitMix(seed: seed)
            let text = damage.text(isJSON: target.isJSON, &random)
            let start = ContinuousClock.now
            do {
                if try target.read(text, &random) { tally.readable += 1 }
            } catch {
                throw Failure(target: target.name, seed: seed, problem: "\(error)")
            }
            let taken = ContinuousClock.now - start
            guard taken <= longest else {
                throw Failure(target: target.name, seed: seed, problem: "\(text.count) bytes took \(taken)")
            }
            tally.cases += 1
        }
    }
}
