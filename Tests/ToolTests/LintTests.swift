import Foundation
import TestSupport
import Testing

/// The checks of `make lint`, run on a small package in a temporary folder.
@Suite(.enabled(if: Python.installed != nil, "python3 or git is not installed")) struct LintTests {
    private static let root = Repository.root

    private static let manifest = """
        let package = Package(
            targets: [
                .target(name: "Base", swiftSettings: strict),
                .target(name: "Upper", dependencies: ["Base"], swiftSettings: strict),
            ])
        """

    /// Runs the script on a package with these files, and returns its findings.
    private func findings(_ files: [String: String]) throws -> [String] {
        let folder = URL.temporaryDirectory.appending(path: "towline-lint-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, text) in files.merging(["Package.swift": Self.manifest], uniquingKeysWith: { own, _ in own }) {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        _ = try run("/usr/bin/env", ["git", "init", "--quiet"], in: folder)
        let script = Self.root.appending(path: "Tests/Tools/Lint/lint.py").path
        let output = try run(try #require(Python.installed).path, [script], in: folder)
        return output.split(separator: "\n").map(String.init)
            .filter { !$0.hasPrefix("Sources: ") && !$0.contains("the exception '") && !$0.hasSuffix(" findings") }
    }

    private func run(_ program: String, _ arguments: [String], in folder: URL) throws -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    @Test func `reports refused wording with its line and what to write instead`() throws {
        let found = try findings([
            "docs/page.md": "# A page\n\nIt goes\non for ever.\n", "Sources/Base/A.swift": "/// Whatever it is.\n",
        ])
        #expect(
            found == [
                "Sources/Base/A.swift:1: 'Whatever'; write: any, regardless of",
                "docs/page.md:3: 'goes on'; write: is still running, continues",
            ])
    }

    @Test func `reports imports and dependencies that point up`() throws {
        let manifest = Self.manifest.replacing(#"name: "Base","#, with: #"name: "Base", dependencies: ["Upper"],"#)
        let found = try findings([
            "Package.swift": manifest, "Sources/Base/A.swift": "import Upper\nimport Foundation\n",
        ])
        #expect(found.contains { $0.hasPrefix("Package.swift: Base depends on Upper, which is not above it") })
        #expect(found.contains { $0.hasPrefix("Sources/Base/A.swift:2: product code imports Foundation") })
        let undeclared = try findings(["Sources/Base/A.swift": "import Upper\n"])
        #expect(undeclared.first?.hasPrefix("Sources/Base/A.swift:1: Base imports Upper") == true)
    }

    @Test func `reports folder cycles, small folders and long files`() throws {
        var files = [
            "Sources/Base/One/A.swift": "struct A { var b: B }\n", "Sources/Base/Two/B.swift": "struct B {}\n",
            "Sources/Base/Two/C.swift": "func c(_: A) {}\n",
            "Sources/Base/Long.swift": String(repeating: "// line\n", count: 501),
        ]
        let found = try findings(files)
        #expect(found.contains { $0.hasPrefix("Sources/Base: folder cycle: One uses B of Two") })
        #expect(found.contains { $0.hasPrefix("Sources/Base/One: 1 Swift files") })
        #expect(found.contains { $0.hasPrefix("Sources/Base/Long.swift:501: 501 lines") })
        files["Sources/Base/Two/C.swift"] = "// A in a comment, \"A\" in a string\n"
        #expect(try !findings(files).contains { $0.contains("folder cycle") })
    }
}

private enum Python {
    /// python3 on PATH; nil if it or git is missing.
    static let installed: URL? = program("git") == nil ? nil : program("python3")

    private static func program(_ name: String) -> URL? {
        (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
            .map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}
