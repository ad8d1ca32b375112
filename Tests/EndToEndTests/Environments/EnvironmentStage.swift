import Foundation
import KubeClient
import TestSupport
import Testing

/// A namespace for environments: the workflows of ``Templates``, definitions that run them, and an operator.
///
/// It records every version of the environments, and ``end()`` checks the invariants.
struct EnvironmentStage: Sendable {
    let workspace: Workspace
    let engine: TestEngine
    let history: EnvironmentHistory
    private let operators: Locked<[ChildProcess]>

    /// Creates a namespace with an operator.
    static func make(_ name: String, _ engine: TestEngine = .tekton) async throws -> EnvironmentStage {
        let stage = try await makeWithoutOperator(name, engine)
        try await stage.startOperator()
        return stage
    }

    /// Creates a namespace whose operator the test starts itself.
    static func makeWithoutOperator(_ name: String, _ engine: TestEngine = .tekton) async throws -> EnvironmentStage {
        let workspace = try await Workspace.make(name)
        try await workspace.create(Templates.all)
        try await workspace.create(CatalogManifest.all(engine))
        return EnvironmentStage(
            workspace: workspace, engine: engine,
            history: try await EnvironmentHistory.start(workspace.access, namespace: workspace.namespace),
            operators: Locked([]))
    }

    var namespace: String { workspace.namespace }
    var access: ClusterAccess { workspace.access }

    // MARK: The operator

    /// Starts the operator and waits until its workers run.
    @discardableResult
    func startOperator(
        kubeconfig: URL? = nil, arguments: [String] = ["--metrics-bind-address", "0"]
    ) async throws -> ChildProcess {
        let process = try workspace.startOperator(
            kubeconfig: kubeconfig, arguments: ["--health-probe-bind-address", "0"] + arguments)
        operators.withLock { $0.append(process) }
        try await poll("the workers for environments start") {
            process.errorOutput.contains("\"Starting workers\",\"controller\":\"environment\"")
        }
        return process
    }

    /// Stops the operator without a chance to finish its work.
    func killOperator() async throws {
        for process in operators.withLock({ $0 }) where process.isRunning { try await process.stop(SIGKILL) }
    }

    /// Stops the operator and checks the invariants of all environments.
    func end(
        errors allowed: Set<String> = [], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for process in operators.withLock({ $0 }) where process.isRunning {
            #expect(try await process.stop() == 0, sourceLocation: sourceLocation)
        }
        try await waitForTheHistory()
        let violations = EnvironmentInvariants.violations(in: try history.record())
        #expect(violations == [], sourceLocation: sourceLocation)
        history.stop()
        for process in operators.withLock({ $0 }) {
            let errors = process.errorOutput.split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
                .filter { $0["level"] == "error" && !allowed.contains($0["msg"]?.stringValue ?? "") }
            #expect(errors.map(\.encodedString) == [], sourceLocation: sourceLocation)
        }
    }

    /// Waits until the current version of every environment was recorded.
    private func waitForTheHistory() async throws {
        let current = try await access.list(Types.environment, namespace)
        try await poll("the history is complete") {
            let known = try history.record().environments.reduce(into: [:]) { $0[$1.object.name] = $1.object }
            return current.allSatisfy { known[$0.name] == $0 }
        }
    }

    // MARK: Environments

    @discardableResult
    func create(
        _ name: String, _ phases: [PhaseManifest], timeslot: String = "", lifecycle: String = "", spec: String = ""
    ) async throws -> JSONValue {
        let manifest = EnvironmentManifest(
            name: name, phases: phases, timeslot: timeslot, lifecycle: lifecycle, spec: spec)
        try await workspace.create(manifest.text)
        return try await environment(name)
    }

    func environment(_ name: String) async throws -> JSONValue {
        try #require(try await access.get(Types.environment, namespace, name), "Environment \(name) is missing")
    }

    /// Waits until `condition` is true for an environment; returns the environment.
    @discardableResult
    func environment(
        _ name: String, within limit: Duration = .seconds(60), until what: String,
        _ condition: @Sendable (JSONValue) -> Bool
    ) async throws -> JSONValue {
        try await workspace.object(Types.environment, name, within: limit, until: what, condition)
    }

    /// Waits until an environment has a phase, and a reason if it is given, as in `Active/Ready`.
    @discardableResult
    func environment(
        _ name: String, reaches place: String, within limit: Duration = .seconds(60)
    ) async throws -> JSONValue {
        try await environment(name, within: limit, until: "is \(place)") { environment in
            place.contains("/") ? environment.restingPlace == place : environment.status("phase") == place
        }
    }

    /// Waits until an environment is gone.
    func expectGone(_ name: String, within limit: Duration = .seconds(60)) async throws {
        let seen = Locked<JSONValue?>(nil)
        do {
            try await poll("\(name) is gone", within: limit) {
                let environment = try await access.get(Types.environment, namespace, name)
                seen.withLock { $0 = environment }
                return environment == nil
            }
        } catch {
            throw DeadlineExceeded(description: "\(error); last version: \(seen.withLock { $0?.encodedString ?? "" })")
        }
    }

    @discardableResult
    func patch(_ name: String, _ spec: JSONValue) async throws -> JSONValue {
        try await access.merge(Types.environment, namespace, name, ["spec": spec])
    }

    /// Sets an annotation of an environment, or removes it.
    func annotate(_ name: String, _ annotation: String, _ value: String?) async throws {
        let value: JSONValue = value.map { .string($0) } ?? .null
        try await access.merge(
            Types.environment, namespace, name, ["metadata": ["annotations": .object([annotation: value])]])
    }

    /// Requests a manual retry, as a user does.
    func retry(_ name: String, _ request: String) async throws {
        try await annotate(name, "towline.dev/retry-requested-at", request)
    }

    func delete(_ name: String, _ propagation: DeletionPropagation = .background) async throws {
        try await access.client.delete(
            Types.environment, ObjectKey(namespace: namespace, name: name), DeleteOptions(propagation: propagation))
    }

    // MARK: Executions

    /// The executions of an environment, or of one of its phases, by phase and attempt.
    func executions(of environment: JSONValue, _ phase: String? = nil) async throws -> [JSONValue] {
        try await access.list(Types.execution, namespace).filter { execution in
            execution.label("towline.dev/environment-uid") == environment.uid
                && (phase == nil || execution.label("towline.dev/phase") == phase)
        }.sorted { ($0.label("towline.dev/phase"), $0.attempt) < ($1.label("towline.dev/phase"), $1.attempt) }
    }

    /// The only execution of a phase.
    func execution(of environment: JSONValue, _ phase: String) async throws -> JSONValue {
        let found = try await executions(of: environment, phase)
        #expect(found.count == 1, "\(phase): \(found.map { $0.name ?? "" })")
        return try #require(found.first)
    }

    /// Lets the task `restart` of a workflow fail from its next run on, or succeed if `failure` is nil.
    func setFailure(of workflow: String = "works", _ failure: String?) async throws {
        try await annotateWorkflow(workflow, "fail.restart", failure)
    }

    /// Sets how long each task of a workflow takes from its next run on.
    func setDuration(of workflow: String = "works", _ duration: String) async throws {
        try await annotateWorkflow(workflow, "duration", duration)
    }

    private func annotateWorkflow(_ workflow: String, _ annotation: String, _ value: String?) async throws {
        let type = engine == .tekton ? Types.pipeline : Types.workflowTemplate
        let value: JSONValue = value.map { .string($0) } ?? .null
        try await access.merge(
            type, namespace, workflow,
            ["metadata": ["annotations": .object(["sandbox.towline.dev/\(annotation)": value])]])
    }

    /// The reasons of the events about an environment.
    func events(of environment: JSONValue) async throws -> [JSONValue] {
        try await access.list(Types.event, namespace).filter {
            $0[path: ["regarding", "uid"]]?.stringValue == environment.uid
        }
    }
}

extension EnvironmentStage {
    /// How much longer than on the sandbox things may take: a control plane needs most of a small machine.
    static let pace: Int64 = TestCluster.knowsUsers ? 3 : 1
}

extension ServerTime {
    /// A time in whole seconds, later by ``EnvironmentStage/pace`` for a control plane.
    static func fromNow(_ seconds: Int64) -> ServerTime {
        (ServerTime(assuming: WallClock.system.now()) + .seconds(seconds * EnvironmentStage.pace)).roundedDownToSeconds
    }
}

extension JSONValue {
    func label(_ key: String) -> String { self[path: ["metadata", "labels", key]]?.stringValue ?? "" }

    /// The attempt of a phase's execution.
    var attempt: Int { Int(label("towline.dev/attempt")) ?? 0 }
}
