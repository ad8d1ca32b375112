import Glibc
import Synchronization
import TestSupport

/// Runs the cases of one target.
struct Fuzzer {
    let target: FuzzTarget
    /// The index of the target, for crash reports.
    let index: Int
    /// The time limit of a case, far above that of the slowest known case in a debug build.
    var longest = Duration.seconds(20)

    /// The number of cases and their results.
    struct Tally {
        var cases = 0
        /// The number of accepted texts.
        var readable = 0
    }

    /// A failed case.
    struct Failure: Error, CustomStringConvertible {
        let target: String
        let seed: UInt64
        let problem: String

        var description: String {
            "\(target): \(problem); again with FUZZ_TARGET=\(target) FUZZ_CASES=1 FUZZ_SEED=\(seed)"
        }
    }

    /// Runs cases with consecutive seeds starting at `seed`.
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

/// The current case, which the signal handler reports after a crash.
enum CurrentCase {
    private static let target = Atomic<Int>(0)
    private static let seed = Atomic<UInt64>(0)

    /// The signals of traps, invalid pointers and hanging cases.
    private static let signals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM]

    static func set(target index: Int, seed value: UInt64) {
        target.store(index, ordering: .relaxed)
        seed.store(value, ordering: .relaxed)
    }

    /// Runs `body` with a handler that reports the case after a crash; the process still ends by the signal.
    static func reportingCrashes<Result>(_ body: () throws -> Result) rethrows -> Result {
        set(target: 0, seed: 0)
        // After a stack overflow the handler needs its own stack.
        let size = 64 << 10
        var stack = stack_t(ss_sp: malloc(size), ss_flags: 0, ss_size: size)
        var formerStack = stack_t()
        sigaltstack(&stack, &formerStack)
        defer {
            sigaltstack(&formerStack, nil)
            free(stack.ss_sp)
        }
        var action = sigaction()
        action.sa_flags = Int32(SA_ONSTACK)
        action.__sigaction_handler.sa_handler = { number in
            CurrentCase.report()
            signal(number, SIG_DFL)
            raise(number)
        }
        var former: [sigaction] = signals.map { _ in sigaction() }
        for (index, number) in signals.enumerated() { sigaction(number, &action, &former[index]) }
        defer { for (index, number) in signals.enumerated() { sigaction(number, &former[index], nil) } }
        return try body()
    }

    /// Writes the report with async-signal-safe functions only.
    private static func report() {
        write("\nfuzz: crash in target ", UInt64(target.load(ordering: .relaxed)))
        write("; again with FUZZ_CASES=1 FUZZ_SEED=", seed.load(ordering: .relaxed))
        write("\n", nil)
    }

    private static func write(_ text: StaticString, _ number: UInt64?) {
        _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
        guard var rest = number else { return }
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var first = digits.count
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            _ = Glibc.write(2, digits.baseAddress.map { $0 + first }, digits.count - first)
        }
    }
}
