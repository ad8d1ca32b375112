import Foundation
import KubeClient

@testable import Engines

/// One engine run's life, as a watch delivered it (see Recordings/README.md).
struct Recording {
    let name: String
    /// The text of the run in each event, in order.
    let runs: [[UInt8]]
    /// The last text of each TaskRun; none for Argo.
    let taskRuns: [JSONValue]

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Recordings")

    /// All recordings of one engine, by name.
    static func all(of engine: String) throws -> [Recording] {
        let files = try FileManager.default.contentsOfDirectory(
            at: folder.appendingPathComponent(engine), includingPropertiesForKeys: nil)
        return try files.filter { $0.pathExtension == "json" }
            .map { try Recording(file: $0) }
            .sorted { $0.name < $1.name }
    }

    private init(file: URL) throws {
        let value = try JSONValue(parsing: Array(try Data(contentsOf: file)))
        name = file.deletingPathExtension().lastPathComponent
        runs = (value["run"]?.arrayValue ?? []).compactMap { $0["object"]?.encoded }
        let lives = value["taskRuns"]?.objectValue?.members.map(\.value) ?? []
        taskRuns = lives.compactMap { $0.arrayValue?.last?["object"] }
    }

    /// The answer to a list of the run's TaskRuns.
    var taskRunList: [UInt8] {
        JSONValue(dictionaryLiteral: ("kind", "TaskRunList"), ("items", .array(taskRuns))).encoded
    }
}
