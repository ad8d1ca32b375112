import Foundation

/// Plays a range of seeds in several processes: a simulation has one thread, and a machine has more.
struct Jobs {
    private let options: Options

    init(_ options: Options) {
        self.options = options
    }

    /// Returns what the process ends with: the worst of its parts.
    func run() -> Int32 {
        let share = (options.count + options.jobs - 1) / options.jobs
        let starts = stride(from: options.first, to: options.first + options.count, by: UInt64.Stride(share))
        let parts = starts.map { start in
            let part = Process()
            part.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            let count = min(share, options.first + options.count - start)
            part.arguments = ["--first", "\(start)", "--count", "\(count)"]
            return part
        }
        for part in parts {
            do {
                try part.run()
            } catch {
                print("cannot start a part: \(error)")
                return 1
            }
        }
        return parts.reduce(0) { worst, part in
            part.waitUntilExit()
            return max(worst, part.terminationStatus)
        }
    }
}
