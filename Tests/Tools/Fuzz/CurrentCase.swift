import Glibc
import Synchronization

/// Which case is being read, for the handler of a trap: without it a crash would tell nothing about its cause.
enum CurrentCase {
    private static let target = Atomic<Int>(0)
    private static let seed = Atomic<UInt64>(0)

    /// The signals a trap, a stray pointer or a case without an end raises.
    private static let signals = [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM]

    static func set(target index: Int, seed value: UInt64) {
        target.store(index, ordering: .relaxed)
        seed.store(value, ordering: .relaxed)
    }

    /// Runs `body` so that a crash in it says which case it was; the process still ends by the signal.
    static func reportingCrashes<Result>(_ body: () throws -> Result) rethrows -> Result {
        set(target: 0, seed: 0)
        // A stack that overflowed has no room for the handler.
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

    /// Writes `fuzz: target 3, FUZZ_SEED=17` with nothing but what a signal handler may call.
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
