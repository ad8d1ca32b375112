import Foundation

/// Runs simulations one after the other, and stops at the first violation.
///
/// `towline-simulate [--first SEED] [--count N] [--jobs N] [--faults LIST] [--rules LIST] [--verbose]`, where LIST is
/// `all`, `none`, or comma-separated names of ``FaultClass`` and ``Rule``. It exits with 1 after a violation, whose history it
/// prints, and with 2 for invalid arguments.
@main
enum Simulate {
    static func main() async {
        makeHashingDeterministic()
        guard let options = Options(CommandLine.arguments.dropFirst()) else {
            print(
                "usage: towline-simulate [--first SEED] [--count N] [--jobs N] [--faults LIST] [--rules LIST] [--verbose]"
            )
            exit(2)
        }
        exit(options.jobs > 1 ? await Jobs(options).run() : play(options))
    }

    private static func play(_ options: Options) -> Int32 {
        let start = ContinuousClock.now
        var fingerprint: UInt64 = 0
        for seed in options.seeds {
            let result = play(seed, options.trouble, isVerbose: options.isVerbose)
            fingerprint = fingerprint &* 31 &+ result.fingerprint
            guard let violation = result.violation else { continue }
            if !options.isVerbose { replay(seed, options.trouble) }
            print("seed \(seed), the \(seed - options.first + 1). tried: \(violation)")
            let arguments = ["--first", "\(seed)", "--count", "1", "--verbose"] + options.troubleArguments
            print("again: towline-simulate \(arguments.joined(separator: " "))")
            return 1
        }
        let elapsed = start.duration(to: .now) / .seconds(1)
        let speed = Int(Double(options.count) / max(elapsed, 0.001))
        print(
            "\(options.count) seeds from \(options.first) on: no violation, \(speed) seeds per second, fingerprint",
            String(fingerprint, radix: 16))
        return 0
    }

    /// Runs one seed to its end; anything left after that is a leak, which is a violation too.
    private static func play(_ seed: UInt64, _ trouble: Trouble, isVerbose: Bool) -> (
        violation: String?, fingerprint: UInt64
    ) {
        let (violation, fingerprint, traces) = {
            let world = World(seed: seed, trouble, isRecording: isVerbose)
            let violation = world.run()
            if isVerbose { print(world.history.lines.joined(separator: "\n")) }
            return (violation, world.history.fingerprint, world.traces)
        }()
        let survivors = traces.filter { $0.object != nil }.map(\.name)
        guard violation == nil, !survivors.isEmpty else { return (violation, fingerprint) }
        return ("memory leaks: \(survivors.joined(separator: ", ")) still exist after the simulation", fingerprint)
    }

    /// Runs a seed again, with its history.
    private static func replay(_ seed: UInt64, _ trouble: Trouble) {
        let world = World(seed: seed, trouble, isRecording: true)
        _ = world.run()
        print(world.history.lines.joined(separator: "\n"))
    }

    /// The order of a dictionary differs from process to process unless this is set before the first one is made.
    private static func makeHashingDeterministic() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard ProcessInfo.processInfo.environment[name] == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
    }
}
