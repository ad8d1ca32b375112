import Foundation
import KubeClient
import KubeRuntime
import Testing

/// A namespace without engines, in which the test writes the runs' statuses.
///
/// The operator's requests pass a proxy, which can refuse requests about one run.
final class CaseStage: Sendable {
    let workspace: Workspace
    let proxy: InterceptingProxy
    private let kubeconfig: URL
    private let process: Locked<ChildProcess>
    private let refusals: Locked<[Refusal: JSONValue]>

    /// Requests to refuse: those of one method about the runs of one execution.
    private struct Refusal: Hashable {
        let method: HTTPMethod
        let execution: String
    }

    /// The shared stage for cases without special needs; its operator runs until the tests end.
    static var shared: CaseStage {
        get async throws { try await starting.value }
    }

    private static let starting = Task { try await CaseStage("cases") }

    /// - Parameter roles: The operator's roles in this namespace; nil for those of the installation.
    init(_ name: String, roles: [OperatorRole]? = nil) async throws {
        workspace = try await Workspace.make(name, on: TestCluster.withoutEngines)
        let identity = try await roles.asyncMap(workspace.bind) ?? workspace.cluster.operatorKubeconfig
        proxy = try InterceptingProxy(upstream: ClusterAccess(kubeconfig: identity).transport)
        kubeconfig = try proxy.kubeconfig(in: workspace.cluster.directory)
        process = Locked(try workspace.startOperator(kubeconfig: kubeconfig))
        let refusals = Locked<[Refusal: JSONValue]>([:])
        self.refusals = refusals
        proxy.intervene { write in
            let run = write.createdRun == nil ? write.path : (try? JSONValue(parsing: write.body))?.name ?? ""
            let answer = refusals.withLock { refusals in
                refusals.first { refusal, _ in
                    refusal.method == write.method && !write.path.contains("/workflowexecutions/")
                        && run.split(separator: "/").last?.hasPrefix("\(refusal.execution)-") == true
                }?.value
            }
            guard let answer else { return .forward }
            return .refuse(.json(answer.encoded, status: Int(answer["code"]?.integerValue ?? 500)))
        }
    }

    func stopOperator() async throws {
        try await process.withLock { $0 }.stop()
    }

    func startOperator() throws {
        let next = try workspace.startOperator(kubeconfig: kubeconfig)
        process.withLock { $0 = next }
    }

    func end() async throws {
        try await stopOperator()
        await proxy.shutdown()
    }

    /// Answers such requests with a `Status`; nil forwards them again.
    func answer(_ method: HTTPMethod, of execution: String, with status: JSONValue?) {
        refusals.withLock { $0[Refusal(method: method, execution: execution)] = status }
    }

    /// Creates an execution; `more` is additional YAML for its spec.
    func create(_ name: String, _ engine: TestEngine, more: String = "") async throws {
        try await workspace.create(
            Templates.execution(name, engine: engine.rawValue, workflow: "long", more: more))
    }

    /// Creates an execution and waits for its run.
    func begin(_ name: String, _ engine: TestEngine, more: String = "") async throws -> PlayedRun {
        try await create(name, engine, more: more)
        return try await run(of: name, engine)
    }

    /// Waits for the run of an execution.
    func run(of execution: String, _ engine: TestEngine) async throws -> PlayedRun {
        let found = try await self.execution(execution, until: "has a run") { $0.runName != nil }
        let name = try #require(found.runName, "\(found["status"] ?? .null)")
        return PlayedRun(workspace: workspace, engine: engine, execution: execution, name: name)
    }

    /// Waits until `condition` is true for the execution or the execution has ended.
    func execution(
        _ name: String, until what: String, _ condition: @escaping @Sendable (JSONValue) -> Bool
    ) async throws -> JSONValue {
        try await workspace.execution(name, within: .seconds(20), until: what) {
            condition($0) || $0.condition("Finished") == "True"
        }
    }

    /// Waits until the execution has the reason Executing.
    @discardableResult
    func executing(_ name: String) async throws -> JSONValue {
        try await execution(name, until: "executes") { $0.status("reason") == "Executing" }
    }

    func shutDown(_ execution: String, _ strategy: String) async throws {
        try await workspace.access.merge(
            Types.execution, workspace.namespace, execution, ["spec": ["shutdown": .string(strategy)]])
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
