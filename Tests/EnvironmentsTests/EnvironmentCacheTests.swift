import Foundation
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Environments

/// What the controller keeps in memory of environments and of the executions of their phases.
@Suite struct EnvironmentCacheTests {
    private static let namespace = String(repeating: "n", count: 63)

    private static func long(_ start: String, _ count: Int = 253) -> String {
        start + String(repeating: "x", count: max(0, count - start.utf8.count))
    }

    private static func metadata(_ number: Int, _ more: JSONObject = [:]) -> JSONValue {
        var metadata: JSONValue = [
            "name": .string(long("object-\(number)-")), "namespace": .string(namespace),
            "uid": .string("00000000-0000-4000-8000-\(String(format: "%012d", number))"), "generation": 1,
            "resourceVersion": .string("\(number + 1)"),
        ]
        for member in more { metadata[member.key] = member.value }
        return metadata
    }

    /// A ready environment with long parameters.
    private static func environment(_ number: Int) throws -> EnvironmentEntry {
        var parameters = JSONObject()
        for index in 0..<4 { parameters["P\(index)"] = .string(long("\(number) ", 4096)) }
        let object: JSONValue = [
            "metadata": metadata(number),
            "spec": [
                "parameters": .object(parameters), "timeslot": ["ttlSeconds": 86_400],
                "lifecycle": [
                    "phases": [["name": "wait", "engine": "pipeline", "steps": [["pause": ["seconds": 1]]]]]
                ],
            ],
            "status": [
                "observedGeneration": 1, "phase": "Active", "reason": "Ready",
                "message": .string(long("\(number) ", 1024)),
                "startedAt": "2026-12-01T09:00:00Z", "readyAt": "2026-12-01T09:00:01Z",
                "expiresAt": "2026-12-02T09:00:00Z",
                "phases": [
                    ["name": "wait", "state": "Succeeded", "attempt": 0, "message": .string(long("\(number)"))]
                ],
            ],
        ]
        var cursor = JSONCursor(object.encoded)
        return EnvironmentEntry(
            of: try Environment.decoder(&cursor), now: ServerTime(seconds: 1_796_116_000), expiryWarning: .zero)
    }

    private static func execution(_ number: Int, of environment: String) throws -> PhaseExecutionEntry {
        let object: JSONValue = [
            "metadata": metadata(
                number,
                [
                    "labels": ["towline.dev/environment-uid": "u"],
                    "annotations": ["towline.dev/environment": .string(environment), "other": .string(long("", 4096))],
                ]),
            "spec": ["workflowRef": ["workflowId": "w"], "parameters": ["P": .string(long("\(number)", 4096))]],
        ]
        var cursor = JSONCursor(object.encoded)
        return try PhaseExecutionEntry.decoder(&cursor)
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    /// The resident memory for each object that `add` stores, in KiB, rounded up.
    private static func size(_ add: (Int) throws -> Void) rethrows -> Int32 {
        let (warmUp, count) = (200, 1_000)
        for number in 0..<warmUp { try add(number) }
        let before = residentBytes()
        for number in warmUp..<(warmUp + count) { try add(number) }
        return Int32(clamping: ((residentBytes() - before) / count + 1023) / 1024)
    }

    // The exit code of a process that used too much is what it used in KiB.

    @Test func `an environment takes at most 2 KiB`() async {
        await #expect(processExitsWith: .success) {
            let stores = ScopedStores<EnvironmentEntry>(namespaces: [])
            let size = try EnvironmentCacheTests.size { _ = stores.apply(try EnvironmentCacheTests.environment($0)) }
            if size > 2 { exit(size) }
        }
    }

    @Test func `an execution of an environment takes at most 2 KiB in addition`() async {
        await #expect(processExitsWith: .success) {
            let stores = ScopedStores<PhaseExecutionEntry>(namespaces: [])
            let size = try EnvironmentCacheTests.size { number in
                let name = EnvironmentCacheTests.long("environment-\(number)-")
                _ = stores.apply(try EnvironmentCacheTests.execution(number, of: name))
            }
            if size > 2 { exit(size) }
        }
    }

    /// Anyone who may create executions can write this annotation, which the API server allows 256 KiB.
    @Test func `a text that is no name names no environment`() throws {
        let longest = Self.long("e")
        #expect(try Self.execution(1, of: longest).environment == ObjectKey(namespace: Self.namespace, name: longest))
        #expect(try Self.execution(1, of: longest + "x").environment == nil)
        #expect(try Self.execution(1, of: "").environment == nil)
    }
}
