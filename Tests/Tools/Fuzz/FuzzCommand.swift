import Foundation

/// `towline-fuzz`: fuzzes every parser of external input.
///
/// Environment variables: `SECONDS_TO_RUN` (60), `FUZZ_TARGET` (all), `FUZZ_SEED` (random), and `FUZZ_CASES`, which
/// replaces the time with a number of cases for each target.
@main
struct FuzzCommand {
    private static let batch = 200

    static func main() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["FUZZ_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...(.max))
        let targets = try FuzzTarget.all().enumerated().filter { _, target in
            environment["FUZZ_TARGET"].map { $0.isEmpty || target.name == $0 } ?? true
        }
        guard !targets.isEmpty else { return say("unknown FUZZ_TARGET") }
        say("seed \(seed)")
        for (index, target) in targets { say("target \(index): \(target.name), \(target.corpus.count) texts") }
        let cases = environment["FUZZ_CASES"].flatMap(Int.init)
        let seconds = environment["SECONDS_TO_RUN"].flatMap(Double.init) ?? 60
        let fuzzers = targets.map { Fuzzer(target: $1, index: $0) }
        do {
            try CurrentCase.reportingCrashes {
                for fuzzer in fuzzers {
                    let share = cases == nil ? Duration.seconds(seconds / Double(fuzzers.count)) : nil
                    try run(fuzzer, cases: cases, for: share, seed: seed)
                }
            }
        } catch let failure as Fuzzer.Failure {
            say("FAILED \(failure)")
            exit(1)
        }
    }

    /// Writes a line without buffering, because the process can end by a signal.
    private static func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func run(_ fuzzer: Fuzzer, cases: Int?, for time: Duration?, seed: UInt64) throws {
        var tally = Fuzzer.Tally()
        let start = ContinuousClock.now
        while true {
            // Ends a case that hangs and reports it like a crash.
            alarm(120)
            let count = min(batch, cases.map { $0 - tally.cases } ?? batch)
            try fuzzer.run(cases: count, seed: seed &+ UInt64(tally.cases), into: &tally)
            if let cases, tally.cases >= cases { break }
            if let time, ContinuousClock.now - start >= time { break }
        }
        alarm(0)
        let taken = (ContinuousClock.now - start) / .seconds(1)
        let name = fuzzer.target.name.padding(toLength: 16, withPad: " ", startingAt: 0)
        say(
            "\(name) \(tally.cases) cases, \(tally.readable) readable, \(Int(Double(tally.cases) / max(taken, 0.001))) per second"
        )
    }
}
