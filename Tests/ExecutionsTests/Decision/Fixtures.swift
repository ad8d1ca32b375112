import Engines
import KubeClient
import Status
import TowlineAPI

@testable import Executions

/// Executions, runs and situations for tests of the decision.
enum Fixtures {
    static let uid = "3f9c2a71-d0aa-4bbb-8ccc-123456789abc"
    /// When the API server stored the execution, and when the operator saw it first.
    static let start = ServerTime(seconds: 1_767_261_600)
    /// The same moment by the operator's monotonic clock.
    static let instant = ContinuousClock.now

    static func execution(
        engine: EngineName = .tekton, spec edit: (inout ExecutionSpec) -> Void = { _ in },
        status: ExecutionStatus = ExecutionStatus(),
        deletion: ServerTime? = nil, generation: Int64 = 1, retention: Retention = Retention(),
        restoration: Restoration = .none
    ) -> WorkflowExecution {
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "restart", engine: engine))
        edit(&spec)
        return WorkflowExecution(
            key: ObjectKey(namespace: "payments", name: "restart"), uid: uid, resourceVersion: ResourceVersion("7"),
            generation: generation, creationTimestamp: start, deletionTimestamp: deletion, spec: spec, status: status,
            retention: retention, restoration: restoration)
    }

    /// A PipelineRun as the API server would answer it; `condition` is its `Succeeded` condition.
    static func pipelineRun(
        uid: String = "aaaaaaaa-0000-4000-8000-000000000001", owner: String = uid, version: String = "20",
        condition: JSONValue? = nil, startTime: ServerTime? = nil, completionTime: ServerTime? = nil,
        spec: JSONValue = ["pipelineRef": ["name": "restart"]], children: [JSONValue] = [],
        metadata: JSONObject = [:]
    ) throws -> EngineRun {
        var run: JSONValue = [
            "apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
            "metadata": [
                "name": "restart-3f9c2a71d0", "namespace": "payments", "uid": .string(uid),
                "resourceVersion": .string(version), "labels": ["towline.dev/execution-uid": .string(owner)],
                "ownerReferences": [
                    [
                        "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": "restart",
                        "uid": .string(owner), "controller": true,
                    ]
                ],
            ],
            "spec": spec,
        ]
        for member in metadata { run[path: ["metadata", member.key]] = member.value }
        if let condition { run[path: ["status", "conditions"]] = [condition] }
        if let startTime { run[path: ["status", "startTime"]] = .string(startTime.rfc3339) }
        if let completionTime { run[path: ["status", "completionTime"]] = .string(completionTime.rfc3339) }
        if !children.isEmpty { run[path: ["status", "childReferences"]] = .array(children) }
        var cursor = JSONCursor(run.encoded)
        return try EngineRegistry.engine(.tekton).decodeRun(&cursor)
    }

    /// A Workflow of the execution in this phase of the engine.
    static func workflow(
        _ phase: String, labels: JSONObject = [:], annotations: JSONObject = [:], owner: String = uid,
        spec: JSONValue = [:], startedAt: ServerTime? = nil
    ) throws -> EngineRun {
        var run: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": [
                "name": "restart-3f9c2a71d0", "namespace": "payments", "uid": "aaaaaaaa-0000-4000-8000-000000000002",
                "resourceVersion": "20", "labels": .object(labels), "annotations": .object(annotations),
                "ownerReferences": [
                    [
                        "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": "restart",
                        "uid": .string(owner), "controller": true,
                    ]
                ],
            ],
            "spec": spec, "status": ["phase": .string(phase), "finishedAt": "2026-01-01T10:00:00Z"],
        ]
        run[path: ["metadata", "labels", "towline.dev/execution-uid"]] = .string(uid)
        if let startedAt { run[path: ["status", "startedAt"]] = .string(startedAt.rfc3339) }
        var cursor = JSONCursor(run.encoded)
        return try EngineRegistry.engine(.argo).decodeRun(&cursor)
    }

    static func condition(_ status: String, _ reason: String, _ message: String = "") -> JSONValue {
        ["type": "Succeeded", "status": .string(status), "reason": .string(reason), "message": .string(message)]
    }

    /// - Parameters:
    ///   - now: the API server's time; the operator has seen everything from ``start`` on.
    ///   - timeline: what the operator has seen instead.
    static func situation(
        _ execution: WorkflowExecution, run: RunKnowledge = .unknown, now: ServerTime = start,
        isEngineServed: Bool = true,
        timeline: Timeline? = nil, edit: (inout Facts) -> Void = { _ in }
    ) -> Situation {
        var facts = Facts(run: run, isEngineServed: isEngineServed)
        let moment = instant + (now - start)
        facts.timeline = timeline ?? Timeline()
        facts.timeline.see(execution, at: instant, now: start)
        if case .present(let run) = run { facts.timeline.see(run, at: min(instant, moment), now: start) }
        edit(&facts)
        return Situation(
            execution: execution, engine: EngineRegistry.engine(execution.spec?.workflowRef.resolvedEngine ?? .tekton),
            facts: facts, now: now, instant: moment, timing: ExecutionTiming())
    }

    /// The status of an execution whose run was created at `time`.
    static func running(_ run: EngineRun, since time: ServerTime = start) throws -> ExecutionStatus {
        situation(execution(), run: .present(run), now: time).next().status ?? ExecutionStatus()
    }
}

extension Step {
    /// The status that is to be written.
    var status: ExecutionStatus? {
        if case .write(let status) = self { status } else { nil }
    }
}
