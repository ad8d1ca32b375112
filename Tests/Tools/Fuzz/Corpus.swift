import Foundation
import KubeClient

/// Valid texts from the tree, from which damaged ones are made.
enum Corpus {
    /// The root of the package.
    private static let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL

    static func file(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: root.appending(path: path)))
    }

    /// One run's life as the real engine wrote it.
    struct Recording {
        /// The run in each event.
        let runs: [[UInt8]]
        /// The answer to a list of its TaskRuns.
        let children: [UInt8]
    }

    static func recordings(of engine: String) throws -> [Recording] {
        let folder = "Tests/EnginesTests/Recordings/\(engine)"
        let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
        return try names.filter { $0.hasSuffix(".json") }.sorted().map { name in
            let value = try JSONValue(parsing: file("\(folder)/\(name)"))
            let lives = value["taskRuns"]?.objectValue?.members.map(\.value) ?? []
            let taskRuns = lives.compactMap { $0.arrayValue?.last?["object"] }
            return Recording(
                runs: (value["run"]?.arrayValue ?? []).compactMap { $0["object"]?.encoded },
                children: JSONValue(dictionaryLiteral: ("kind", "TaskRunList"), ("items", .array(taskRuns))).encoded)
        }
    }

    /// Every YAML file below a folder.
    static func yaml(below folder: String) throws -> [[UInt8]] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path)
        return try paths.filter { $0.hasSuffix(".yaml") }.sorted().map { try file("\(folder)/\($0)") }
    }
}
