import Foundation

/// A process whose possessions must not grow: what it had when this was made, and what it has now.
struct Measured {
    private struct Footprint {
        let megabytes: Double
        let files: Int
        let threads: Int

        init(_ program: Program) {
            (megabytes, files, threads) = (program.residentMegabytes, program.openFiles, program.threads)
        }
    }

    /// Connections are pooled, and how many there are depends on what was last done at once.
    private static let fileGrowth = 8
    private static let threadGrowth = 2

    private let name: String
    private let program: Program
    private let before: Footprint
    /// The growth of resident memory that is no leak, in MiB.
    private let memoryGrowth: Double

    init(_ name: String, _ program: Program, memoryGrowth: Double) {
        self.name = name
        self.program = program
        self.memoryGrowth = memoryGrowth
        before = Footprint(program)
    }

    /// One row of the table.
    var line: String {
        let now = Footprint(program)
        let memory = String(format: "%8.1f to %6.1f", before.megabytes, now.megabytes)
        let files = String(format: "%10d to %4d", before.files, now.files)
        let threads = String(format: "%8d to %4d", before.threads, now.threads)
        return name.padding(toLength: 20, withPad: " ", startingAt: 0) + memory + files + threads
    }

    var complaints: [String] {
        guard program.isRunning else { return ["\(name): ended although it could have gone on"] }
        let now = Footprint(program)
        var complaints: [String] = []
        if now.megabytes > before.megabytes + memoryGrowth {
            complaints.append("\(name): resident memory grew by more than \(memoryGrowth) MiB")
        }
        if now.files > before.files + Self.fileGrowth {
            complaints.append("\(name): open files grew from \(before.files) to \(now.files)")
        }
        if now.threads > before.threads + Self.threadGrowth {
            complaints.append("\(name): threads grew from \(before.threads) to \(now.threads)")
        }
        return complaints
    }
}
