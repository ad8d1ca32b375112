import Foundation
import KubeClient

/// Where this checkout keeps what is deployed.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    static func file(_ path: String) -> URL { root.appending(path: path) }

    static func text(_ path: String) throws -> String { try String(contentsOf: file(path), encoding: .utf8) }

    /// The documents of a YAML file.
    static func documents(_ path: String) throws -> [JSONValue] {
        try YAML.documents(Array(Data(contentsOf: file(path))), source: path)
    }

    /// The version of this checkout, as the product has it.
    static func version() throws -> String {
        let source = try text("Sources/towline/Version.swift")
        return source.split(separator: "\"").dropFirst().first.map(String.init) ?? "?"
    }

    /// The files below a folder, as paths from the root, in order.
    static func files(below folder: String) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: file(folder).path)
        return paths.map { "\(folder)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: file(path).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}
