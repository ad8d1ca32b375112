import Foundation

/// `towline-manifests`: writes the files of the repository that follow from the operator's own tables.
///
/// Its argument is the root of the repository; `make manifests` runs it.
@main
struct ManifestsCommand {
    static func main() throws {
        let root = URL(filePath: CommandLine.arguments.dropFirst().first ?? ".")
        for file in try GeneratedFile.all(in: root) where try file.write(below: root) { print("wrote \(file.path)") }
    }
}
