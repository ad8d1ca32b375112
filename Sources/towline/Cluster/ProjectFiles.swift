import FoundationEssentials

/// Finds the files that come with the executable: `crds/` and `examples/`.
///
/// They are not compiled in, so that the schema is written in one place only and examples can be edited. The folders
/// above the executable are searched, which finds a checkout; then `../share/towline`, where a package puts them; then
/// the working folder.
enum ProjectFiles {
    /// How far above the executable a checkout may begin: `.build/x86_64-unknown-linux-gnu/debug/towline` is four deep.
    private static let maximumDepth = 6

    /// The path of a folder or file that belongs to the project.
    static func path(_ name: String) throws(UsageError) -> String {
        let candidates = folders.map { $0.appending(path: name).path() }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw UsageError(
                "\(name) was not found; looked for \(candidates.joined(separator: ", ")). Run towline inside its checkout"
            )
        }
        return found
    }

    private static var folders: [URL] {
        var folders: [URL] = []
        var folder = executable.deletingLastPathComponent()
        let share = folder.deletingLastPathComponent().appending(path: "share/towline")
        for _ in 0..<maximumDepth where folder.path() != "/" {
            folders.append(folder)
            folder = folder.deletingLastPathComponent()
        }
        return folders + [share, URL(filePath: FileManager.default.currentDirectoryPath)]
    }

    private static var executable: URL {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return URL(filePath: target ?? CommandLine.arguments.first ?? "")
    }
}
