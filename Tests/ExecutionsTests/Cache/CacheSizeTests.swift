import Engines
import Foundation
import KubeClient
import KubeRuntime
import Testing
import TowlineAPI

@testable import Executions

/// How much memory the caches need for an execution and its run, measured in a separate process.
@Suite struct CacheSizeTests {
    /// An ended execution and its run, as the API server sends them.
    private struct Pair {
        let number: Int
        /// Whether every text has its maximum length and the run has its maximum of results.
        let isLarge: Bool

        private var uid: String { "00000000-0000-4000-8000-\(String(format: "%012d", number))" }
        private var name: String {
            let name = "execution-\(number)"
            return isLarge ? name + "-" + String(repeating: "x", count: 62 - name.count) : name
        }
        private var namespace: String { isLarge ? String(repeating: "n", count: 63) : "payments" }
        private var runName: String { RunName.of(executionName: name, uid: uid) }

        private func text(_ count: Int) -> JSONValue {
            .string("\(number) " + String(repeating: "x", count: count - "\(number) ".count))
        }

        private func condition(_ type: String, _ message: JSONValue) -> JSONValue {
            [
                "type": .string(type), "status": "True", "observedGeneration": 1, "reason": "Succeeded",
                "lastTransitionTime": "2026-01-01T10:00:00Z", "message": message,
            ]
        }

        var execution: JSONValue {
            let message: JSONValue = isLarge ? text(1024) : .string("\(number) of 3 tasks done")
            var conditions = ["Ready", "Succeeded"].map { condition($0, message) }
            // Answers of the API server and of webhooks.
            if isLarge {
                conditions += ["ShutdownRefused", "Retained", "RunDiverged"].map { condition($0, text(1024)) }
            }
            return [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(uid), "generation": 1,
                    "resourceVersion": .string("\(number + 1)"), "creationTimestamp": "2026-01-01T09:00:00Z",
                ],
                "spec": [
                    "workflowRef": ["workflowId": "restart", "engine": "tekton"],
                    "parameters": ["p": text(isLarge ? 8184 : 20)],
                ],
                "status": [
                    "phase": "Completed", "outcome": "Success", "reason": "Succeeded", "engine": "tekton",
                    "observedGeneration": 1, "message": message, "startedAt": "2026-01-01T09:00:00Z",
                    "finishedAt": "2026-01-01T10:00:00Z",
                    "runRef": [
                        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": .string(runName),
                        "uid": .string(uid),
                    ],
                    "outputs": results, "conditions": .array(conditions),
                ],
            ]
        }

        private var results: JSONValue {
            let count = isLarge ? 12 : 3
            return .array((0..<count).map { ["name": .string("r\($0)"), "value": text(isLarge ? 512 : 70)] })
        }

        var run: JSONValue {
            [
                "apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
                "metadata": [
                    "name": .string(runName), "namespace": .string(namespace), "uid": .string(uid),
                    "resourceVersion": .string("\(number + 1)"), "labels": [WellKnown.executionUIDLabel: .string(uid)],
                    "ownerReferences": [
                        [
                            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": .string(name),
                            "uid": .string(uid), "controller": true,
                        ]
                    ],
                ],
                "status": [
                    "startTime": "2026-01-01T09:00:00Z", "completionTime": "2026-01-01T10:00:00Z", "results": results,
                    "conditions": [
                        Fixtures.condition(
                            "True", "Succeeded", isLarge ? String(repeating: "\(number)", count: 1024) : "")
                    ],
                ],
            ]
        }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    /// The resident memory for each pair in the caches.
    private static func bytesPerPair(isLarge: Bool) throws -> Int {
        let executions = ExecutionCache(namespaces: [])
        let runs = RunCache(engine: EngineRegistry.engine(.tekton), namespaces: [])
        func add(_ numbers: Range<Int>) throws {
            for number in numbers {
                let pair = Pair(number: number, isLarge: isLarge)
                var cursor = JSONCursor(pair.execution.encoded)
                executions.apply(try WorkflowExecution.storeDecoder(&cursor))
                cursor = JSONCursor(pair.run.encoded)
                runs.apply(try runs.decoder(&cursor))
            }
        }
        // What the process needs once, and free memory that is used again.
        let (warmUp, count) = isLarge ? (200, 1_000) : (1_000, 4_000)
        try add(0..<warmUp)
        let before = residentBytes()
        try add(warmUp..<(warmUp + count))
        let bytes = (residentBytes() - before) / count
        return executions.indexedCount == warmUp + count && runs.storedCount(in: nil) == warmUp + count ? bytes : .max
    }

    @Test func `an ended execution and its run take less than 3 KiB`() async {
        await #expect(processExitsWith: .success) {
            if try CacheSizeTests.bytesPerPair(isLarge: false) > 3 << 10 { exit(1) }
        }
    }

    @Test func `an ended execution and its run take less than 8 KiB with the longest texts`() async {
        await #expect(processExitsWith: .success) {
            if try CacheSizeTests.bytesPerPair(isLarge: true) > 8 << 10 { exit(1) }
        }
    }
}
