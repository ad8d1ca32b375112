import Foundation
import KubeClient
import TestSupport

/// The namespace of all parity scenarios, with one operator behind a proxy.
final class ParityStage: Sendable {
    /// What a cluster's admission does to a new run.
    enum Admission: Sendable {
        case untouched
        /// A queue suspends the run.
        case held
        /// The run is for another controller.
        case neglected
    }

    let workspace: Workspace
    private let proxy: InterceptingProxy
    private let process: ChildProcess
    private let admissions: Locked<[String: Admission]>

    /// The shared stage, created on first use; its operator runs until the tests end.
    static var shared: ParityStage {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await ParityStage() }

    private init() async throws {
        workspace = try await Workspace.make("parity")
        proxy = try InterceptingProxy(upstream: workspace.operatorTransport())
        let admissions = Locked<[String: Admission]>([:])
        self.admissions = admissions
        proxy.intervene { write in Self.admit(write, admissions) }
        process = try workspace.startOperator(kubeconfig: try proxy.kubeconfig(in: workspace.cluster.directory))
    }

    private static func admit(
        _ write: InterceptingProxy.Write, _ admissions: Locked<[String: Admission]>
    ) -> InterceptingProxy.Intervention {
        guard let engine = write.createdRun, let run = try? JSONValue(parsing: write.body),
            let execution = run[path: ["metadata", "annotations", "towline.dev/execution"]]?.stringValue
        else { return .forward }
        let name = execution.split(separator: "/").last.map(String.init) ?? ""
        return switch admissions.withLock({ $0[name] }) {
        case .held: .change(engine.held(run))
        case .neglected: .change(engine.neglected(run))
        case .untouched, nil: .forward
        }
    }

    func admit(runsOf execution: String, _ admission: Admission) {
        admissions.withLock { $0[execution] = admission }
    }
}

/// A user who acts on one execution of the stage or its run.
struct ParityActor: Sendable {
    let stage: ParityStage
    let engine: TestEngine
    /// The name of the execution.
    let name: String

    private var workspace: Workspace { stage.workspace }

    func until(_ reason: String) async throws {
        _ = try await workspace.execution(name, until: "is \(reason)") { $0.status("reason") == reason }
    }

    /// Waits until a step is running.
    func untilAStepRuns() async throws {
        _ = try await workspace.execution(name, until: "executes") {
            $0.status("reason") == "Executing" && $0[path: ["status", "executed"]] == true
        }
    }

    func shutDown(_ strategy: String) async throws {
        try await workspace.access.merge(
            Types.execution, workspace.namespace, name, ["spec": ["shutdown": .string(strategy)]])
    }

    func patchRun(_ patch: JSONValue) async throws {
        try await workspace.access.merge(engine.runType, workspace.namespace, try await runName(), patch)
    }

    func deleteRun() async throws {
        try await workspace.access.delete(engine.runType, workspace.namespace, try await runName())
    }

    /// Waits until the task or step with this name has started.
    func untilTaskRuns(_ task: String) async throws {
        let run = try await runName()
        let type = engine.runType
        try await poll("\(task) of \(run) has started") {
            let text = try await workspace.access.get(type, workspace.namespace, run)?["status"]?.encodedString
            return text?.contains("\"\(run)-\(task)\"") == true || text?.contains("\"\(run).onExit\"") == true
        }
    }

    private func runName() async throws -> String {
        let execution = try await workspace.execution(name, until: "has a run") { $0.runName != nil }
        return execution.runName ?? ""
    }
}

/// The part of an execution's status that must be the same on every engine.
struct ParityResult: Equatable, Sendable, CustomStringConvertible {
    var phase: String
    var outcome: String?
    /// Nil if the reason is specific to the engine.
    var reason: String?
    var executed: Bool?
    /// Each as `Type=Status`, sorted.
    var conditions: [String]
    /// The failed task, its reason, and its exit code: `restart: StepFailed 3`.
    var failure: String?
    var outputs: [String] = []

    /// Reads an execution's status.
    init(_ execution: JSONValue) {
        let status = execution["status"]
        phase = status?["phase"]?.stringValue ?? "-"
        outcome = status?["outcome"]?.stringValue
        reason = status?["reason"]?.stringValue
        executed = status?["executed"]?.boolValue
        conditions = (status?["conditions"]?.arrayValue ?? []).map { condition in
            "\(condition["type"]?.stringValue ?? "-")=\(condition["status"]?.stringValue ?? "-")"
        }.sorted()
        if let failure = status?["failure"], failure.objectValue != nil {
            // At a timeout, one engine reports the exit code and the other invents one.
            let isOwn = outcome == "Failed"
            let code = isOwn ? failure["exitCode"]?.integerValue.map { " \($0)" } ?? "" : ""
            self.failure =
                "\(failure["task"]?.stringValue ?? "-"): \(failure["reason"]?.stringValue ?? "-")\(code)"
        }
        outputs = (status?["outputs"]?.arrayValue ?? []).map { output in
            "\(output["name"]?.stringValue ?? "-")=\(output["value"]?.stringValue ?? "-")"
        }
    }

    /// The expected status; its conditions are those of the phase in the contract, and `conditions`.
    init(
        _ phase: String, _ outcome: String? = nil, _ reason: String?, executed: Bool?, failure: String? = nil,
        outputs: [String] = [], conditions further: [String] = []
    ) {
        self.phase = phase
        self.outcome = outcome
        self.reason = reason
        self.executed = executed
        self.failure = failure
        self.outputs = outputs
        let standard =
            switch phase {
            case "Completed": ["Finished=True", "Ready=True", "Succeeded=True"]
            case "Failed": ["Finished=True", "Ready=False", "Stalled=True", "Succeeded=False"]
            default: ["Finished=False", "Ready=False", "Reconciling=True", "Succeeded=Unknown"]
            }
        conditions = (standard + further).sorted()
    }

    /// The result without the fields that are specific to the engine.
    var withoutReason: ParityResult {
        var copy = self
        copy.reason = nil
        copy.failure = nil
        return copy
    }

    var description: String {
        let executed = executed.map { "\($0)" } ?? "-"
        return "\(phase)/\(outcome ?? "-")/\(reason ?? "-") executed \(executed) [\(conditions.joined(separator: " "))]"
            + (failure.map { " \($0)" } ?? "") + (outputs.isEmpty ? "" : " \(outputs.joined(separator: " "))")
    }
}
