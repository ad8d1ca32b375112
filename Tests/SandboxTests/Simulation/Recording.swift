import Foundation
import KubeClient

/// What a real engine wrote, from the files beside the tests of module Engines.
struct Recording {
    /// The states of the run, in order.
    let run: [JSONValue]
    /// The states of each TaskRun.
    let taskRuns: [String: [JSONValue]]

    init(_ name: String) throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let file = tests.appending(path: "EnginesTests/Recordings/\(name).json")
        let json = try JSONValue(parsing: [UInt8](Data(contentsOf: file)))
        run = Self.states(json["run"])
        var taskRuns: [String: [JSONValue]] = [:]
        for member in json["taskRuns"]?.objectValue ?? [:] { taskRuns[member.key] = Self.states(member.value) }
        self.taskRuns = taskRuns
    }

    private static func states(_ events: JSONValue?) -> [JSONValue] {
        (events?.arrayValue ?? []).compactMap { $0["object"] }
    }
}
