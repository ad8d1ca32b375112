import Foundation

/// Builds the operator with all deliberate bugs, enables one after another, and checks that the simulation finds it.
///
/// `towline-mutate [--seeds N] [--only NAME]`, in the root of the checkout. The exit code is 1 if a bug was not found
/// within N seeds, or if the simulation fails without a bug.
@main
enum Mutate {
    static let all =
        Mutant.ofRuns + Mutant.ofStatus + Mutant.ofMachinery + Mutant.ofRetention + Mutant.ofFaults
        + Mutant.ofEnvironments

    static func main() {
        do {
            exit(try run() ? 0 : 1)
        } catch {
            print("\(error)")
            exit(2)
        }
    }

    /// Returns true if every bug was found and the simulation passes without a bug.
    private static func run() throws -> Bool {
        let seeds = value("--seeds") ?? "1000"
        let copy = MutatedSources(root: URL(filePath: FileManager.default.currentDirectoryPath))
        try copy.prepare(all)
        try copy.build()
        var isMissed = false
        for mutant in all where value("--only").map({ $0 == mutant.name }) ?? true {
            let report = try copy.simulate(bug: mutant.name, seeds: seeds, arguments(for: mutant))
            printNow("\(report.isViolated ? "caught" : "MISSED")  \(mutant.name)\n        \(report.summary)")
            isMissed = isMissed || !report.isViolated
        }
        let unchanged = try copy.simulate(bug: "none", seeds: "200")
        printNow("\(unchanged.isViolated ? "BROKEN" : "passed")  without a bug\n        \(unchanged.summary)")
        return !isMissed && !unchanged.isViolated
    }

    /// The classes of faults that a bug needs: without the others, it is found several times faster.
    private static func arguments(for mutant: Mutant) -> [String] {
        func isOne(of mutants: [Mutant]) -> Bool { mutants.contains { $0.name == mutant.name } }
        if isOne(of: Mutant.ofFaults) { return [] }
        return ["--faults", isOne(of: Mutant.ofEnvironments) ? "environments,catalog,namespaces,webhooks" : "none"]
    }

    /// Writes a line without buffering, since each bug takes a while.
    private static func printNow(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }

    private static func value(_ name: String) -> String? {
        guard let index = CommandLine.arguments.firstIndex(of: name), index + 1 < CommandLine.arguments.count else {
            return nil
        }
        return CommandLine.arguments[index + 1]
    }
}

/// A deliberate bug as edits of the sources.
struct Mutant {
    struct Edit {
        let file: String
        /// The text to replace, which must occur exactly once in the file.
        let original: String
        /// The new text, in which `BUG` is true if the bug is enabled.
        let replacement: String
    }

    let name: String
    let edits: [Edit]

    init(_ name: String, _ edits: Edit...) {
        self.name = name
        self.edits = edits
    }
}

extension Mutant.Edit {
    init(_ file: String, _ original: String, _ replacement: String) {
        self.init(file: file, original: original, replacement: replacement)
    }
}
