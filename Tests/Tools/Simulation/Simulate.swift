import Foundation

/// Runs simulations one after another and stops at the first violation.
///
/// `towline-simulate [--first SEED] [--count N] [--jobs N] [--faults LIST] [--rules LIST] [--verbose]`, where LIST is
/// `all`, `none`, or a comma-separated list of ``FaultClass`` or ``Rule`` names. The exit code is 1 after a violation,
/// whose history is printed, and 2 for invalid arguments.
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
            let result = play(seed, options.configuration, isVerbose: options.isVerbose)
            fingerprint = fingerprint &* 31 &+ result.fingerprint
            guard let violation = result.violation else { continue }
            if !options.isVerbose { replay(seed, options.configuration) }
            print("seed \(seed) (number \(seed - options.first + 1)): \(violation)")
            let arguments = ["--first", "\(seed)", "--count", "1", "--verbose"] + options.configurationArguments
            print("reproduce: towline-simulate \(arguments.joined(separator: " "))")
            return 1
        }
        let elapsed = start.duration(to: .now) / .seconds(1)
        let speed = Int(Double(options.count) / max(elapsed, 0.001))
        print(
            "\(options.count) seeds from \(options.first): no violation, \(speed) seeds per second, fingerprint",
            String(fingerprint, radix: 16))
        return 0
    }

    /// Runs one seed; objects that remain in memory afterwards are a violation, too.
    private static func play(_ seed: UInt64, _ configuration: Configuration, isVerbose: Bool) -> (
        violation: String?, fingerprint: UInt64
    ) {
        let (violation, fingerprint, weakReferences) = {
            let world = World(seed: seed, configuration, isRecording: isVerbose)
            let violation = world.run()
            if isVerbose { print(world.history.lines.joined(separator: "\n")) }
            return (violation, world.history.fingerprint, world.weakReferences)
        }()
        let leaks = weakReferences.filter { $0.object != nil }.map(\.name)
        guard violation == nil, !leaks.isEmpty else { return (violation, fingerprint) }
        return ("memory leaks: \(leaks.joined(separator: ", ")) remained after the simulation", fingerprint)
    }

    /// Runs a seed again and prints its history.
    private static func replay(_ seed: UInt64, _ configuration: Configuration) {
        let world = World(seed: seed, configuration, isRecording: true)
        _ = world.run()
        print(world.history.lines.joined(separator: "\n"))
    }

    /// Makes the order of dictionaries the same in every process; must run before the first dictionary exists.
    private static func makeHashingDeterministic() {
        let name = "SWIFT_DETERMINISTIC_HASHING"
        guard ProcessInfo.processInfo.environment[name] == nil else { return }
        setenv(name, "1", 1)
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
    }
}

/// The command-line options.
struct Options {
    var first: UInt64 = 1
    var count: UInt64 = 100
    var jobs: UInt64 = 1
    var isVerbose = false
    var configuration = Configuration()
    /// The arguments that give another process the same configuration.
    private(set) var configurationArguments: [String] = []

    var seeds: Range<UInt64> { first..<(first + count) }

    /// Nil if the arguments are invalid.
    init?(_ arguments: some Sequence<String>) {
        var rest = Array(arguments)[...]
        while let name = rest.popFirst() {
            if name == "--verbose" {
                isVerbose = true
                continue
            }
            if name == "--faults" || name == "--rules" {
                guard let list = rest.popFirst(), read(list, of: name) else { return nil }
                configurationArguments += [name, list]
                continue
            }
            guard let value = rest.popFirst().flatMap({ UInt64($0) }), value > 0, value < 1 << 40 else { return nil }
            switch name {
            case "--first": first = value
            case "--count": count = value
            case "--jobs": jobs = value
            default: return nil
            }
        }
    }

    private mutating func read(_ list: String, of name: String) -> Bool {
        if name == "--faults" {
            guard let faults = Self.set(FaultClass.self, list) else { return false }
            configuration.faults = faults
        } else {
            guard let rules = Self.set(Rule.self, list) else { return false }
            configuration.rules = rules
        }
        return true
    }

    private static func set<Member: RawRepresentable<String> & CaseIterable & Hashable>(
        _: Member.Type, _ list: String
    ) -> Set<Member>? {
        if list == "all" { return Set(Member.allCases) }
        if list == "none" { return [] }
        let members = list.split(separator: ",").map { Member(rawValue: String($0)) }
        return members.contains(nil) ? nil : Set(members.compactMap(\.self))
    }
}

/// Runs a range of seeds in several processes, because a simulation uses only one thread.
///
/// Each process runs a block of seeds and prints the result, so that a long run shows its progress and all cores stay
/// busy.
struct Jobs {
    private static let longestBlock: UInt64 = 1000

    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    /// Returns the exit code: zero, or that of the first failed block.
    func run() async -> Int32 {
        let start = ContinuousClock.now
        let size = max(1, min(Self.longestBlock, options.count / options.jobs))
        var blocks = stride(from: options.seeds.lowerBound, to: options.seeds.upperBound, by: UInt64.Stride(size))
            .map { $0..<min($0 + size, options.seeds.upperBound) }[...]
        let worst = await withTaskGroup(of: Int32.self) { group in
            for block in blocks.prefix(Int(options.jobs)) { group.addTask { await play(block) } }
            blocks = blocks.dropFirst(Int(options.jobs))
            var worst: Int32 = 0
            for await status in group {
                worst = worst == 0 ? status : worst
                // After a violation the running blocks finish and no new ones start.
                if worst == 0, let block = blocks.popFirst() { group.addTask { await play(block) } }
            }
            return worst
        }
        if worst == 0 {
            let speed = Double(options.count) / max(start.duration(to: .now) / .seconds(1), 0.001)
            print("\(options.count) seeds in total: no violation, \(Int(speed)) seeds per second")
        }
        return worst
    }

    private func play(_ seeds: Range<UInt64>) async -> Int32 {
        let part = Process()
        part.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        part.arguments =
            ["--first", "\(seeds.lowerBound)", "--count", "\(seeds.count)"] + options.configurationArguments
        return await withCheckedContinuation { continuation in
            part.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try part.run()
            } catch {
                print("cannot start a process: \(error)")
                part.terminationHandler = nil
                continuation.resume(returning: 1)
            }
        }
    }
}
