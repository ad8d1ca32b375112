import Foundation

/// Runs a range of seeds in several processes, because a simulation has only one thread.
///
/// Each process runs a block of seeds and prints the result, so that a long run shows its progress and no core is idle.
struct Jobs {
    private static let longestBlock: UInt64 = 1000

    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    /// Returns the exit code: zero, or that of the first block that failed.
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
                // After a violation, running blocks finish, and no new one starts.
                if worst == 0, let block = blocks.popFirst() { group.addTask { await play(block) } }
            }
            return worst
        }
        if worst == 0 {
            let speed = Double(options.count) / max(start.duration(to: .now) / .seconds(1), 0.001)
            print("\(options.count) seeds in all, no violation, \(Int(speed)) seeds per second")
        }
        return worst
    }

    private func play(_ seeds: Range<UInt64>) async -> Int32 {
        let part = Process()
        part.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        part.arguments = ["--first", "\(seeds.lowerBound)", "--count", "\(seeds.count)"] + options.troubleArguments
        return await withCheckedContinuation { continuation in
            part.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do {
                try part.run()
            } catch {
                print("cannot start a part: \(error)")
                part.terminationHandler = nil
                continuation.resume(returning: 1)
            }
        }
    }
}
