import Foundation
import KubeClient
import TestSupport

/// Where all scenarios of the parity test play: one namespace, and one operator behind a proxy.
final class ParityStage: Sendable {
    /// What the admission of a cluster does to a new run, seen from the engine.
    enum Admission: Sendable {
        case untouched
        /// A queue holds the run back.
        case held
        /// The run is not for the engine that is there.
        case neglected
    }

    let workspace: Workspace
    private let proxy: InterceptingProxy
    private let process: ChildProcess
    private let admissions: Locked<[String: Admission]>

    /// The stage of this test run, set up by whoever asks first; its operator ends with the test run.
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

/// Somebody who does something to one execution of the stage, or to its run.
struct ParityActor: Sendable {
    let stage: ParityStage
    let engine: TestEngine
    /// The execution's name.
    let name: String

    private var workspace: Workspace { stage.workspace }

    func until(_ reason: String) async throws {
        _ = try await workspace.execution(name, until: "is \(reason)") { $0.status("reason") == reason }
    }

    /// Waits until a step runs.
    func untilAStepRuns() async throws {
        _ = try await workspace.execution(name, until: "executes") {
            $0.status("reason") == "Executing" && $0[path: ["status", "executed"]] == true
        }
    }

    func shutDown(_ word: String) async throws {
        try await workspace.access.merge(
            Types.execution, workspace.namespace, name, ["spec": ["shutdown": .string(word)]])
    }

    func patchRun(_ patch: JSONValue) async throws {
        try await workspace.access.merge(engine.runType, workspace.namespace, try await runName(), patch)
    }

    func deleteRun() async throws {
        try await workspace.access.delete(engine.runType, workspace.namespace, try await runName())
    }

    /// Waits until the task or step of this name has begun.
    func untilTaskRuns(_ task: String) async throws {
        let run = try await runName()
        let type = engine.runType
        try await poll("\(task) of \(run) has begun") {
            let text = try await workspace.access.get(type, workspace.namespace, run)?["status"]?.encodedString
            return text?.contains("\"\(run)-\(task)\"") == true || text?.contains("\"\(run).onExit\"") == true
        }
    }

    private func runName() async throws -> String {
        let execution = try await workspace.execution(name, until: "has a run") { $0.runName != nil }
        return execution.runName ?? ""
    }
}
