import KubeClient
import Status
import Testing
import TowlineAPI

@Suite struct ExecutionStateTests {
    /// The states cover every reason, phase, outcome and condition.
    @Test func `the states cover the whole vocabulary`() {
        let states = ExecutionState.all
        #expect(Set(states.compactMap(\.status.reason)) == Set(Reason.allCases))
        #expect(Set(states.map(\.status.phase)) == Set(Phase.allCases))
        #expect(Set(states.compactMap(\.status.outcome)) == Set(Outcome.allCases))
        let types = Set(states.flatMap(\.status.conditions).map(\.type))
        #expect(types.isSuperset(of: ConditionType.allCases.map(\.rawValue)))
        #expect(states.count > 400)
    }
}

/// What a tool that waits for an execution must conclude.
enum Verdict: Sendable {
    /// No operator has read it, or not its newest spec.
    case unseen
    case underWay
    /// Running or pending, and waiting for a person.
    case held
    case success
    case failure
    /// It has ended, and no operator has read a later change: Argo CD reports the outcome, kstatus waits.
    case endedUnseen(isSuccess: Bool)

    /// The health that Argo CD must show.
    var health: String {
        switch self {
        case .unseen, .underWay: "Progressing"
        case .held: "Suspended"
        case .success, .endedUnseen(isSuccess: true): "Healthy"
        case .failure, .endedUnseen(isSuccess: false): "Degraded"
        }
    }

    /// The status that kstatus must report.
    var kstatus: KStatus {
        switch self {
        case .unseen, .underWay, .held, .endedUnseen: .inProgress
        case .success: .current
        case .failure: .failed
        }
    }
}

/// A state of an execution: the object as the API server shows it, and what it means.
struct ExecutionState: Sendable, CustomStringConvertible {
    let description: String
    let verdict: Verdict
    var status: ExecutionStatus
    var generation: Int64 = 1
    var shutdown: Shutdown?
    var isDeleted = false

    /// The object as the API server returns it.
    var object: JSONValue {
        var spec: JSONValue = ["workflowRef": ["workflowId": "restart"]]
        spec["shutdown"] = shutdown.map { .string($0.rawValue) }
        var metadata: JSONValue = [
            "name": "restart-payment-api", "namespace": "payments", "uid": "41674058-80db-48a6-887f-6696290ba4ba",
            "generation": .integer(generation),
        ]
        if isDeleted { metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z" }
        return [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution", "metadata": metadata, "spec": spec,
            "status": written,
        ]
    }

    /// The status as the operator writes it: a patch from an empty status has every field.
    private var written: JSONValue {
        let key = ObjectKey(namespace: "payments", name: "restart-payment-api")
        let unseen = WorkflowExecution(key: key, uid: "u", spec: nil)
        let patch = try? JSONValue(parsing: StatusPatch(of: unseen, to: status).body)
        return patch?["status"] ?? .null
    }
}

extension ExecutionState {
    /// Every state that the `Status` module can produce and that tools can distinguish.
    ///
    /// Generated from all reasons and conditions, so that a new one is included automatically.
    static let all = observed.flatMap { state in [state] + state.variants }

    private static let start = ServerTime(seconds: 1_767_225_600)

    /// States of executions whose newest spec was read.
    private static let observed =
        Reason.allCases.flatMap(ways) + afterTheEnd + [unavailable, foreign].compactMap { $0 }

    private static func run(_ reason: Reason) -> ExecutionEvent {
        .observed(
            Observation(
                reason: reason, message: "said \"so\"\\ \n\u{1}é", engine: .tekton, engineReason: "Word",
                runRef: RunReference(apiVersion: "tekton.dev/v1", kind: "PipelineRun", name: "run", uid: "1"),
                progress: "1/3", executed: true, failure: Failure(task: "drain", exitCode: 3),
                outputs: [Output(name: "a", value: "b")], links: [Link(name: "l", url: "https://example.com")]))
    }

    private static func decision(_ reason: Reason) -> ExecutionEvent {
        reason.outcome == nil
            ? .held(reason, message: "", engine: .argo) : .ended(reason, message: "", engine: .argo)
    }

    private static func state(_ name: String, _ verdict: Verdict, _ events: ExecutionEvent...) -> ExecutionState? {
        var status = ExecutionStatus()
        for (step, event) in events.enumerated() {
            status = status.after(event, generation: 1, now: start + .seconds(step)) ?? status
        }
        return ExecutionState(description: name, verdict: verdict, status: status)
    }

    /// The ways to a reason: decided by the operator or read from the run, directly or after the run started.
    private static func ways(to reason: Reason) -> [ExecutionState] {
        let verdict: Verdict =
            switch reason.outcome {
            case .success: .success
            case .failed, .timeout, .cancelled, .error: .failure
            case nil: [.suspended, .restoredFromBackup].contains(reason) ? .held : .underWay
            }
        return [
            state("\(reason), decided", verdict, decision(reason)),
            state("\(reason), decided under way", verdict, run(.executing), decision(reason)),
            state("\(reason), seen", verdict, run(reason)),
            state("\(reason), seen later", verdict, run(.executing), run(reason)),
        ].compactMap { $0 }
    }

    private static let afterTheEnd: [ExecutionState] = ConditionType.allCases.flatMap { type in
        ConditionStatus.allCases.flatMap { value in
            [(Reason.succeeded, Verdict.success), (.stepFailed, .failure)].compactMap { reason, verdict in
                state(
                    "\(reason), then \(type) \(value)", verdict, run(reason),
                    .conditionSet(type, value, reason: .general(.executing), message: "m"))
            }
        }
    }

    private static let unavailable = state(
        "the engine went away", .underWay, run(.executing),
        .conditionSet(.engineUnavailable, .true, reason: .general(.engineUnavailable), message: "m"))

    /// Another writer added conditions before Towline's own.
    private static let foreign: ExecutionState? = {
        var status = ExecutionStatus()
        status.conditions = ["Healthy", "Available"].map {
            Condition(
                type: $0, status: .false, observedGeneration: 1, lastTransitionTime: start, reason: "No", message: "")
        }
        status = status.after(run(.executing), generation: 1, now: start) ?? status
        return ExecutionState(description: "foreign conditions", verdict: .underWay, status: status)
    }()

    /// The same with a requested shutdown, before and after the operator read it, and being deleted.
    private var variants: [ExecutionState] {
        let hasEnded = status.phase.isTerminal
        let unseen: Verdict = hasEnded ? .endedUnseen(isSuccess: status.outcome == .success) : .unseen
        let requested = ExecutionState(
            description: "\(description); asked to stop", verdict: unseen, status: status, generation: 2,
            shutdown: .stop)
        let seen = ExecutionState(
            description: "\(description); asked to terminate, seen", verdict: hasEnded ? verdict : .underWay,
            status: status.after(.acknowledged, generation: 2, now: Self.start + .seconds(9)) ?? status,
            generation: 2, shutdown: .terminate)
        // Held by a finalizer, such as Argo CD's for hooks. A deletion raises the generation, and no operator follows it.
        let deleted = ExecutionState(
            description: "\(description); deleted", verdict: unseen, status: status, generation: 2, isDeleted: true)
        return [requested, seen, deleted]
    }
}
