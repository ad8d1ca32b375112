import Engines
import ExecutionStatus
import KubeClient
import WorkflowAPI

@testable import Operator

/// Executions, runs and situations for tests of the decision.
enum Fixtures {
    static let uid = "3f9c2a71-d0aa-4bbb-8ccc-123456789abc"
    static let start = Timestamp(seconds: 1_767_261_600)

    static func execution(
        engine: EngineName = .tekton, spec edit: (inout Spec) -> Void = { _ in }, status: Status = Status(),
        deletion: Timestamp? = nil, generation: Int64 = 1, retention: Retention = Retention()
    ) -> WorkflowExecution {
        var spec = Spec(workflowRef: WorkflowReference(workflowId: "restart", engine: engine))
        edit(&spec)
        return WorkflowExecution(
            key: ObjectKey(namespace: "payments", name: "restart"), uid: uid, resourceVersion: ResourceVersion("7"),
            generation: generation, creationTimestamp: start, deletionTimestamp: deletion, spec: spec, status: status,
            retention: retention)
    }

    /// A PipelineRun as the API server would answer it; `condition` is its `Succeeded` condition.
    static func pipelineRun(
        uid: String = "aaaaaaaa-0000-4000-8000-000000000001", owner: String = uid, version: String = "20",
        condition: JSONValue? = nil, startTime: Timestamp? = nil, completionTime: Timestamp? = nil,
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
        return try EngineCatalogue.engine(.tekton).decodeRun(&cursor)
    }

    /// A Workflow of the execution with the engine's own word for its phase.
    static func workflow(_ phase: String, labels: JSONObject = [:]) throws -> EngineRun {
        var run: JSONValue = [
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
            "metadata": [
                "name": "restart-3f9c2a71d0", "namespace": "payments", "uid": "aaaaaaaa-0000-4000-8000-000000000002",
                "resourceVersion": "20", "labels": .object(labels),
                "ownerReferences": [
                    [
                        "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "name": "restart",
                        "uid": .string(uid), "controller": true,
                    ]
                ],
            ],
            "status": ["phase": .string(phase), "finishedAt": "2026-01-01T10:00:00Z"],
        ]
        run[path: ["metadata", "labels", "towline.dev/execution-uid"]] = .string(uid)
        var cursor = JSONCursor(run.encoded)
        return try EngineCatalogue.engine(.argo).decodeRun(&cursor)
    }

    static func condition(_ status: String, _ reason: String, _ message: String = "") -> JSONValue {
        ["type": "Succeeded", "status": .string(status), "reason": .string(reason), "message": .string(message)]
    }

    static func situation(
        _ execution: WorkflowExecution, run: Facts.Run = .unknown, now: Timestamp = start, isEngineServed: Bool = true,
        edit: (inout Facts) -> Void = { _ in }
    ) -> Situation {
        var facts = Facts(run: run, isEngineServed: isEngineServed)
        edit(&facts)
        return Situation(
            execution: execution, engine: EngineCatalogue.engine(execution.spec?.workflowRef.resolvedEngine ?? .tekton),
            facts: facts, now: now, timing: OperatorConfiguration.Timing())
    }

    /// The status of an execution whose run was created at `time`.
    static func running(_ run: EngineRun, since time: Timestamp = start) throws -> Status {
        situation(execution(), run: .present(run), now: time).next().status ?? Status()
    }
}

extension Step {
    /// The status that is to be written.
    var status: Status? {
        if case .write(let status) = self { status } else { nil }
    }
}
