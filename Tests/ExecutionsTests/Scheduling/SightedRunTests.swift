import Foundation
import KubeClient
import Testing

@testable import Executions

/// What a poll reads of each run.
@Suite struct SightedRunTests {
    private static func object(_ number: Int, labels: Int) -> JSONValue {
        let all = (0..<labels).map { JSONObject.Member(key: "a.example/\(number)-\($0)", value: .string("")) }
        let owners = (0..<8).map { owner -> JSONValue in
            let uid = JSONValue.string("\(number)-\(owner)")
            return ["apiVersion": "v1", "kind": "ConfigMap", "name": .string("c\(owner)"), "uid": uid]
        }
        return [
            "kind": "PartialObjectMetadata",
            "metadata": [
                "name": .string("r\(number)"), "namespace": "payments", "uid": .string("uid-\(number)"),
                "resourceVersion": "7", "labels": .object(JSONObject(uniqueMembers: all)),
                "ownerReferences": .array(owners), "deletionTimestamp": .null,
            ],
        ]
    }

    private static func read(_ object: JSONValue) throws -> SightedRun {
        var cursor = JSONCursor(object.encoded)
        return try SightedRun(&cursor)
    }

    @Test func `reads what identifies a run`() throws {
        let run = try Self.read(Self.object(1, labels: 2))
        #expect(run.key == ObjectKey(namespace: "payments", name: "r1"))
        #expect(run.uid == "uid-1" && run.version == ResourceVersion("7"))
        let empty = try Self.read(["metadata": .null, "spec": ["metadata": ["name": "x"]]])
        #expect(empty.key.name.isEmpty && empty.uid.isEmpty)
        #expect(throws: JSONError.self) { try Self.read(["metadata": ["name": 1]]) }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    /// The users of a namespace choose the labels of their runs.
    @Test func `a decoded page of runs is small, however many labels they have`() async {
        await #expect(processExitsWith: .success) {
            let page = (0..<500).map { SightedRunTests.object($0, labels: 600).encoded }
            guard page.reduce(0, { $0 + $1.count }) > 6 << 20 else { exit(2) }
            var runs: [SightedRun] = []
            // Pages of code that are used for the first time count as memory, too.
            var first = JSONCursor(page[0])
            _ = try SightedRun(&first)
            let before = SightedRunTests.residentBytes()
            for object in page {
                var cursor = JSONCursor(object)
                runs.append(try SightedRun(&cursor))
            }
            let bytes = SightedRunTests.residentBytes() - before
            if runs.count != 500 || bytes > 4 << 20 { exit(1) }
        }
    }
}
