import Foundation
import KubeClient

/// The files of this checkout, and the programs built from it.
public enum Repository {
    public static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The file at a path relative to the root.
    public static func file(_ path: String) -> URL { root.appending(path: path) }

    public static func text(_ path: String) throws -> String { try String(contentsOf: file(path), encoding: .utf8) }

    public static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: file(path))) }

    /// The documents of a YAML file.
    public static func documents(_ path: String) throws -> [JSONValue] {
        try YAML.documents(bytes(path), source: path)
    }

    /// The documents of all YAML files directly in a folder, ordered by file name.
    public static func manifests(in folder: String) throws -> [JSONValue] { try manifests(in: file(folder)) }

    /// The documents of all YAML files directly in a folder, ordered by file name.
    public static func manifests(in folder: URL) throws -> [JSONValue] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .sorted { $0.path < $1.path }
            .flatMap { try YAML.documents(Array(Data(contentsOf: $0)), source: $0.lastPathComponent) }
    }

    /// The custom resource definitions of Towline.
    public static func definitions() throws -> [JSONValue] { try manifests(in: "crds") }

    /// The files below a folder, as sorted paths relative to the root.
    public static func files(below folder: String) throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: file(folder).path)
        return paths.map { "\(folder)/\($0)" }.filter { path in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: file(path).path, isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    /// The version that the product reports.
    public static func version() throws -> String {
        let source = try text("Sources/CommandLineOptions/BuildInfo.swift")
        return source.split(separator: "\"").dropFirst().first.map(String.init) ?? "?"
    }

    /// The executable under test: the one that `TOWLINE_BINARY` names, or the one built with the tests.
    public static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["TOWLINE_BINARY"] { return URL(filePath: path) }
        return builtProgram("towline")
    }

    /// The sandbox under test: the one that `TOWLINE_SANDBOX_BINARY` names, or the one built with the tests.
    public static var sandbox: URL {
        if let path = ProcessInfo.processInfo.environment["TOWLINE_SANDBOX_BINARY"] { return URL(filePath: path) }
        return builtProgram("towline-sandbox")
    }

    /// A program of the package, in the folder of the test bundle, which is not always `.build/debug`.
    public static func builtProgram(_ name: String) -> URL {
        productFolder.appending(path: name)
    }

    private static let productFolder: URL = {
        let arguments = CommandLine.arguments
        // Swift Testing's runner gets the bundle as an option; otherwise the bundle is the process itself.
        let flag = arguments.firstIndex(of: "--test-bundle-path").map { arguments.index(after: $0) }
        let bundle = flag.flatMap { arguments.indices.contains($0) ? arguments[$0] : nil } ?? arguments.first ?? ""
        return URL(filePath: bundle).resolvingSymlinksInPath().deletingLastPathComponent()
    }()
}
