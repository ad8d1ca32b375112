import Foundation
import KubeClient

/// The states of one run of a real engine, as a watch delivered them (see `Tests/EnginesTests/Recordings/README.md`).
public struct Recording: Sendable {
    public let name: String
    /// The states of the run, oldest first.
    public let run: [JSONValue]
    /// The states of each TaskRun by its name, oldest first; empty for Argo.
    public let taskRuns: [String: [JSONValue]]
    /// The last state of each TaskRun, in the order of the file.
    private let lastTaskRuns: [JSONValue]

    private static let folder = "Tests/EnginesTests/Recordings"

    /// All recordings of one engine, by name.
    public static func all(of engine: String) throws -> [Recording] {
        try FileManager.default.contentsOfDirectory(atPath: Repository.file("\(folder)/\(engine)").path)
            .filter { $0.hasSuffix(".json") }
            .map { try Recording("\(engine)/\($0.dropLast(".json".count))") }
            .sorted { $0.name < $1.name }
    }

    /// - Parameter path: engine and name, such as `tekton/succeeded`.
    public init(_ path: String) throws {
        let json = try JSONValue(parsing: Repository.bytes("\(Self.folder)/\(path).json"))
        name = String(path.split(separator: "/").last ?? "")
        run = Self.states(json["run"])
        let members = json["taskRuns"]?.objectValue?.members ?? []
        taskRuns = Dictionary(uniqueKeysWithValues: members.map { ($0.key, Self.states($0.value)) })
        lastTaskRuns = members.compactMap { $0.value.arrayValue?.last?["object"] }
    }

    private static func states(_ events: JSONValue?) -> [JSONValue] {
        (events?.arrayValue ?? []).compactMap { $0["object"] }
    }

    /// The states of the run as JSON text.
    public var encodedRun: [[UInt8]] { run.map(\.encoded) }

    /// The answer to a list of the run's TaskRuns after its end.
    public var taskRunList: [UInt8] {
        JSONValue(dictionaryLiteral: ("kind", "TaskRunList"), ("items", .array(lastTaskRuns))).encoded
    }
}
