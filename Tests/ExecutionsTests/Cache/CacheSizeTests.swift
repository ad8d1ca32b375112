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
        /// Which texts the objects have.
        enum Content: Int {
            case usual
            /// The longest that Towline or Tekton write, and the maximum of results.
            case longestTekton
            /// A failed Workflow with the longest texts, the maximum of results, and finalizers that hold it.
            case longestArgo
        }

        let number: Int
        let content: Content

        private var isLarge: Bool { content != .usual }
        private var engine: EngineName { content == .longestArgo ? .argo : .tekton }
        private var uid: String { "00000000-0000-4000-8000-\(String(format: "%012d", number))" }
        private var name: String { isLarge ? long("execution-\(number)-", 253) : "execution-\(number)" }
        private var namespace: String { isLarge ? String(repeating: "n", count: 63) : "payments" }
        private var runName: String { RunName.of(executionName: name, uid: uid) }

        private func long(_ start: String, _ count: Int) -> String {
            start + String(repeating: "x", count: count - start.utf8.count)
        }

        /// A text that no other has, so that none are shared.
        private func text(_ count: Int, _ start: String = "") -> JSONValue {
            .string(long("\(number)\(start) ", count))
        }

        private func condition(_ type: ConditionType, _ message: JSONValue) -> JSONValue {
            [
                "type": .string(type.rawValue), "status": "True", "observedGeneration": 1, "reason": "Succeeded",
                "lastTransitionTime": "2026-01-01T10:00:00Z", "message": message,
            ]
        }

        var execution: JSONValue {
            let message: JSONValue = isLarge ? text(1024) : .string("\(number) of 3 tasks done")
            // The conditions of the phase repeat its message.
            var conditions = [ConditionType.succeeded, .finished, .ready, .reconciling, .stalled].map {
                condition($0, message)
            }
            // The others that remain after the end; most quote the API server or a webhook.
            if isLarge {
                for type in [ConditionType.runPresent, .runDiverged, .shutdownRefused, .retained] {
                    conditions.append(condition(type, text(1024, type.rawValue)))
                }
            }
            var object: JSONValue = [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": [
                    "name": .string(name), "namespace": .string(namespace), "uid": .string(uid), "generation": 1,
                    "resourceVersion": .string("\(number + 1)"), "creationTimestamp": "2026-01-01T09:00:00Z",
                ],
                "spec": [
                    "workflowRef": ["workflowId": "restart", "engine": .string(engine.rawValue)],
                    "parameters": ["p": text(isLarge ? 8184 : 20)],
                ],
                "status": [
                    "phase": isLarge ? "Failed" : "Completed", "outcome": isLarge ? "Failed" : "Success",
                    "reason": isLarge ? "StepFailed" : "Succeeded", "engine": .string(engine.rawValue),
                    "observedGeneration": 1, "message": message, "startedAt": "2026-01-01T09:00:00Z",
                    "finishedAt": "2026-01-01T10:00:00Z", "updatedAt": "2026-01-01T10:00:00Z",
                    "runRef": [
                        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun", "name": .string(runName),
                        "uid": .string(uid),
                    ],
                    "outputs": results, "conditions": .array(conditions),
                ],
            ]
            if isLarge {
                object[path: ["status", "failure"]] = [
                    "task": text(253), "step": text(253), "reason": "StepFailed", "exitCode": 3, "message": text(1024),
                ]
                object[path: ["status", "engineReason"]] = text(253)
                object[path: ["metadata", "finalizers"]] = finalizers
            }
            return object
        }

        private var finalizers: JSONValue {
            .array((0..<8).map { .string(long("example.com/\(number)-\($0)-", 253)) })
        }

        private var results: JSONValue {
            let count = isLarge ? 12 : 3
            return .array((0..<count).map { ["name": .string("r\($0)"), "value": text(isLarge ? 512 : 70)] })
        }

        var run: JSONValue {
            var metadata: JSONValue = [
                "name": .string(runName), "namespace": .string(namespace), "uid": .string(uid),
                "resourceVersion": .string("\(number + 1)"), "labels": [WellKnown.executionUIDLabel: .string(uid)],
                "ownerReferences": [
                    [
                        "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": .string(name),
                        "uid": .string(uid), "controller": true,
                    ]
                ],
            ]
            if isLarge {
                metadata["deletionTimestamp"] = "2026-01-01T10:00:00Z"
                metadata["finalizers"] = finalizers
            }
            let type = EngineRegistry.engine(engine).runType
            return [
                "apiVersion": .string(type.apiVersion), "kind": .string(type.kind), "metadata": metadata,
                "status": engine == .tekton ? pipelineStatus : workflowStatus,
            ]
        }

        private var pipelineStatus: JSONValue {
            [
                "startTime": "2026-01-01T09:00:00Z", "completionTime": "2026-01-01T10:00:00Z", "results": results,
                "conditions": [
                    Fixtures.condition(
                        isLarge ? "False" : "True", isLarge ? long("\(number)", 253) : "Succeeded",
                        isLarge ? long("\(number) ", 1024) : "")
                ],
            ]
        }

        private var workflowStatus: JSONValue {
            let message = JSONValue.string(long("step\(number): Error (exit code 3): ", 1024))
            return [
                "phase": "Failed", "message": text(1024), "startedAt": "2026-01-01T09:00:00Z",
                "finishedAt": "2026-01-01T10:00:00Z", "outputs": ["parameters": results],
                "nodes": [
                    "a": [
                        "type": "Pod", "phase": "Failed", "displayName": text(253), "message": message,
                        "finishedAt": "2026-01-01T10:00:00Z",
                    ]
                ],
            ]
        }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }

    /// The resident memory for each pair in the caches, in KiB, rounded up.
    private static func size(_ content: Pair.Content) throws -> Int32 {
        let executions = ExecutionCache(namespaces: [])
        let runs = RunCache(
            engine: EngineRegistry.engine(content == .longestArgo ? .argo : .tekton), namespaces: [])
        func add(_ numbers: Range<Int>) throws {
            for number in numbers {
                let pair = Pair(number: number, content: content)
                var cursor = JSONCursor(pair.execution.encoded)
                executions.apply(try WorkflowExecution.storeDecoder(&cursor))
                cursor = JSONCursor(pair.run.encoded)
                runs.apply(try runs.decoder(&cursor))
            }
        }
        // What the process needs once, and free memory that is used again.
        let (warmUp, count) = content == .usual ? (1_000, 4_000) : (200, 1_000)
        try add(0..<warmUp)
        let before = residentBytes()
        try add(warmUp..<(warmUp + count))
        let bytes = (residentBytes() - before) / count
        let isComplete =
            executions.indexedCount == warmUp + count && runs.storedCount(in: nil) == warmUp + count
        return isComplete ? Int32(clamping: (bytes + 1023) / 1024) : 255
    }

    // The exit code of a process that used too much is what it used in KiB.

    @Test func `an ended execution and its run take less than 3 KiB`() async {
        await #expect(processExitsWith: .success) {
            let size = try CacheSizeTests.size(.usual)
            if size > 3 { exit(size) }
        }
    }

    @Test func `an ended execution and its run take at most 20 KiB with the longest texts`() async {
        await #expect(processExitsWith: .success) {
            let size = try CacheSizeTests.size(.longestTekton)
            if size > 20 { exit(size) }
        }
        await #expect(processExitsWith: .success) {
            let size = try CacheSizeTests.size(.longestArgo)
            if size > 20 { exit(size) }
        }
    }
}
