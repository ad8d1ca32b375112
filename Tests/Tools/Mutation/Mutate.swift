import Foundation

/// Builds the operator with every deliberate bug in it, switched off, then switches on one after the other and has the
/// simulation look for it.
///
/// `towline-mutate [--seeds N] [--only NAME]`, in the root of the checkout. It ends with 1 when a bug was not found
/// within so many seeds, or when one was found where none is switched on.
@main
enum Mutate {
    static let all = Mutant.ofRuns + Mutant.ofStatus + Mutant.ofMachinery + Mutant.ofRetention + Mutant.ofTrouble

    static func main() {
        do {
            exit(try run() ? 0 : 1)
        } catch {
            print("\(error)")
            exit(2)
        }
    }

    /// Returns true when every bug was caught, and none was found where none is.
    private static func run() throws -> Bool {
        let seeds = value("--seeds") ?? "1000"
        let copy = MutatedSources(root: URL(filePath: FileManager.default.currentDirectoryPath))
        try copy.prepare(all)
        try copy.build()
        var isMissed = false
        for mutant in all where value("--only").map({ $0 == mutant.name }) ?? true {
            // What needs no trouble to show is found several times as fast without it.
            let needsTrouble = Mutant.ofTrouble.contains { $0.name == mutant.name }
            let report = try copy.simulate(
                bug: mutant.name, seeds: seeds, needsTrouble ? [] : ["--faults", "none"])
            tell("\(report.isViolated ? "caught" : "MISSED")  \(mutant.name)\n        \(report.lastWord)")
            isMissed = isMissed || !report.isViolated
        }
        let sound = try copy.simulate(bug: "none", seeds: "200")
        tell("\(sound.isViolated ? "BROKEN" : "sound ")  without a bug\n        \(sound.lastWord)")
        return !isMissed && !sound.isViolated
    }

    /// Writes a line at once, also into a file: each takes its while.
    private static func tell(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func value(_ name: String) -> String? {
        guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
            return nil
        }
        return CommandLine.arguments[index + 1]
    }
}
