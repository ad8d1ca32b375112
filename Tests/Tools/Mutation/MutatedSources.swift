import Foundation

/// A copy of the sources with all deliberate bugs.
struct MutatedSources {
    struct Report {
        let isViolated: Bool
        /// The last line of the simulation, with the seed and the violation if there is one.
        let summary: String
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
    }

    private let root: URL
    private let copy: URL

    init(root: URL) {
        self.root = root
        copy = root.appending(path: ".build/mutation")
    }

    /// Copies the sources and applies the edits. Unchanged files keep their modification time, so that a second build is
    /// fast.
    func prepare(_ mutants: [Mutant]) throws {
        var texts = try sources()
        for mutant in mutants {
            for edit in mutant.edits {
                let parts = (texts[edit.file] ?? "").components(separatedBy: edit.original)
                guard parts.count == 2 else {
                    throw Problem(
                        description: "\(mutant.name): its text occurs \(parts.count - 1) times in \(edit.file)")
                }
                let replacement = edit.replacement.replacingOccurrences(of: "BUG", with: "Bug.isOn(\"\(mutant.name)\")")
                texts[edit.file] = parts.joined(separator: replacement)
            }
        }
        for file in Set(mutants.flatMap(\.edits).map(\.file)) {
            guard let text = texts[file], !file.contains("/KubeClient/"), !text.contains("import KubeClient\n") else {
                continue
            }
            texts[file] = "import KubeClient\n" + text
        }
        texts["Sources/KubeClient/Bug.swift"] = Self.bugSwitch
        for (path, text) in texts { try write(text, to: copy.appending(path: path)) }
    }

    /// The texts of the package's files by their paths.
    private func sources() throws -> [String: String] {
        var texts: [String: String] = [:]
        for folder in ["Sources", "Tests"] {
            for path in try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
            where [".swift", ".h", ".modulemap"].contains(where: path.hasSuffix) {
                texts["\(folder)/\(path)"] = try text("\(folder)/\(path)")
            }
        }
        texts["Package.swift"] = try text("Package.swift")
        return texts
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    private func write(_ text: String, to file: URL) throws {
        guard (try? String(contentsOf: file, encoding: .utf8)) != text else { return }
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func build() throws {
        try run("swift", "build", "-c", "release", "--product", "towline-simulate", "--package-path", copy.path)
    }

    /// - Parameter arguments: options that limit the faults and checks of the simulation.
    func simulate(bug: String, seeds: String, _ arguments: [String] = []) throws -> Report {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = copy.appending(path: ".build/release/towline-simulate")
        process.arguments = ["--count", seeds] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["TOWLINE_BUG": bug]) { $1 }
        process.standardOutput = pipe
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = output.split(separator: "\n").last { $0.hasPrefix("seed ") || $0.contains("no violation") }
        let crash = "seed unknown: the process ended with \(process.terminationStatus)"
        return Report(isViolated: process.terminationStatus != 0, summary: line.map(String.init) ?? crash)
    }

    private func run(_ program: String, _ arguments: String...) throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = root
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Problem(description: "\(program) \(arguments.joined(separator: " ")) failed")
        }
    }

    /// The enabled bug; this file is never part of the product.
    private static let bugSwitch = """
        import Glibc

        public enum Bug {
            private static let name = getenv("TOWLINE_BUG").map { String(cString: $0) } ?? ""
            public static func isOn(_ name: String) -> Bool { self.name == name }
        }
        """
}
