import KubeClient
import Testing
import TowlineAPI

@testable import Executions

/// What happens to an execution that names a definition, before its run exists.
@Suite struct DefinitionTests {
    private static let definition = WorkflowDefinition(
        key: ObjectKey(namespace: "payments", name: "restart-1.4.0"), uid: "d1",
        spec: DefinitionSpec(
            id: DefinitionID(name: "restart", version: "1.4.0"), engine: .argo,
            parameters: [
                ParameterDeclaration(name: "TARGET", required: true),
                ParameterDeclaration(name: "MODE", default: "fast"),
            ], timeoutSeconds: 60))

    private func execution(
        _ parameters: [String] = ["TARGET"], status: ExecutionStatus = ExecutionStatus(),
        deletion: ServerTime? = nil, restoration: Restoration = .none,
        edit: (inout ExecutionSpec) -> Void = { _ in }
    ) -> WorkflowExecution {
        Fixtures.execution(
            spec: { spec in
                spec.workflowRef = WorkflowReference(definition: "restart@1.4.0")
                spec.parameters = parameters.map { Parameter(name: $0, value: "a") }
                edit(&spec)
            }, status: status, deletion: deletion, restoration: restoration)
    }

    private func next(
        _ execution: WorkflowExecution, _ definition: Facts.Definition, now: ServerTime = Fixtures.start,
        run: RunKnowledge = .unknown
    ) -> Step {
        Fixtures.situation(execution, run: run, now: now) { $0.definition = definition }.next()
    }

    private let missing = Facts.Definition.unavailable(
        .definitionNotFound, message: "it does not exist", retryAfter: .zero)

    @Test func `reads the definition first`() {
        #expect(next(execution(), .unread).name == "readDefinition")
    }

    @Test func `waits for a definition that does not exist`() throws {
        let status = try #require(next(execution(), missing).status)
        #expect(status.phase == .pending && status.reason == .definitionNotFound && status.engine == nil)
        #expect(status.executed == nil && status.resolved == nil)
        #expect(next(execution(status: status), missing).name == "waiting")
    }

    @Test func `records the definition before it creates the run`() throws {
        let status = try #require(next(execution(), .found(Self.definition)).status)
        #expect(status.phase == .pending && status.reason == nil && status.engine == .argo)
        #expect(status.resolved?.target.name == "restart" && status.resolved?.definitionUID == "d1")
        let recorded = execution(status: status)
        #expect(recorded.engineName == .argo)
        guard case .createRun(let manifest) = next(recorded, .found(Self.definition)) else {
            Issue.record("no run is created")
            return
        }
        let run = try JSONValue(parsing: manifest)
        #expect(run["kind"] == "Workflow")
        #expect(run[path: ["spec", "workflowTemplateRef", "name"]] == "restart")
        #expect(run[path: ["spec", "activeDeadlineSeconds"]] == 60)
        let parameters = run[path: ["spec", "arguments", "parameters"]]?.arrayValue ?? []
        #expect(parameters.map { $0["name"] } == ["MODE", "TARGET"])
    }

    @Test func `a wait for the definition ends when it is found`() throws {
        let held = try #require(next(execution(), missing).status)
        let status = try #require(next(execution(status: held), .found(Self.definition)).status)
        #expect(status.phase == .pending && status.reason == .waitingToCreate && status.resolved != nil)
    }

    @Test func `every fault is in the message, and nothing ran`() throws {
        let step = next(execution(["OTHER", "MORE"]) { $0.workspaces = [] }, .found(Self.definition))
        let status = try #require(step.status)
        #expect(status.phase == .failed && status.outcome == .error && status.reason == .invalidSpec)
        #expect(status.executed == false && status.resolved == nil && status.engine == .argo)
        for part in ["[TARGET]: is required", "[OTHER]: is not declared", "[MORE]: is not declared"] {
            #expect(status.message?.contains(part) == true, "\(part)")
        }
    }

    @Test func `a long list of faults ends with the number of the others`() throws {
        let step = next(execution((0..<60).map { "OTHER\($0)" }), .found(Self.definition))
        let message = try #require(step.status?.message)
        let parts = message.split(separator: "; ")
        #expect(parts.last?.hasPrefix("and ") == true && parts.last?.hasSuffix(" more") == true)
        let others = parts.last.flatMap { Int($0.split(separator: " ")[1]) }
        #expect(others.map { $0 + parts.count - 1 } == 61)
    }

    @Test func `the rules of the engine and of the operator apply to what the definition stands for`() throws {
        var definition = Self.definition
        definition.spec.engine = .tekton
        definition.spec.target = WorkflowTarget(containerImage: "elsewhere.example/restart:1")
        var situation = Fixtures.situation(execution { $0.executionConfig.priority = 1 }) {
            $0.definition = .found(definition)
        }
        situation.allowedSources = AllowedSources(registries: ["registry.example"])
        let message = try #require(situation.next().status?.message)
        #expect(message.contains("spec.executionConfig.priority: can only be set for engine argo"))
        #expect(
            message.contains("WorkflowDefinition restart-1.4.0: spec.ref.containerImage: this operator allows only"))
    }

    @Test func `another definition with the same object name is not used`() throws {
        var other = Self.definition
        other.spec.id = DefinitionID(name: "restart-1", version: "4.0")
        let status = try #require(next(execution(), .found(other)).status)
        #expect(status.reason == .definitionNotFound && status.resolved == nil)
        #expect(status.message?.contains("is restart-1@4.0, not restart@1.4.0") == true)
    }

    @Test func `what ends an execution without a run does so while it waits`() throws {
        let stopped = try #require(next(execution { $0.shutdown = .stop }, missing).status)
        #expect(stopped.reason == .cancelled && stopped.executed == false && stopped.engine == nil)
        let late = execution { $0.executionConfig.startDeadlineSeconds = 60 }
        let held = try #require(next(late, missing).status)
        let waiting = execution(status: held) { $0.executionConfig.startDeadlineSeconds = 60 }
        let status = try #require(next(waiting, missing, now: Fixtures.start + .seconds(60)).status)
        #expect(status.reason == .startDeadlineExceeded && status.executed == false)
        #expect(status.message?.contains("it does not exist") == true)
        #expect(next(execution(deletion: Fixtures.start), .unread).name == "idle")
        #expect(next(execution(restoration: .held), .unread).status?.reason == .restoredFromBackup)
    }

    private func recorded() throws -> WorkflowExecution {
        execution(status: try #require(next(execution(), .found(Self.definition)).status))
    }

    @Test func `what is recorded wins over a definition that was replaced, and a condition says so`() throws {
        var other = Self.definition
        other = WorkflowDefinition(key: other.key, uid: "d2", spec: other.spec)
        other.spec.target.name = "other"
        #expect(next(try recorded(), .unread).name == "readDefinition")
        let status = try #require(next(try recorded(), .found(other)).status)
        let condition = try #require(status.condition(.definitionChanged))
        #expect(condition.status == .true && condition.reason == "DefinitionReplaced")
        guard case .createRun(let manifest) = next(execution(status: status), .found(other)) else {
            Issue.record("no run is created")
            return
        }
        #expect(try JSONValue(parsing: manifest)[path: ["spec", "workflowTemplateRef", "name"]] == "restart")
    }

    @Test func `a definition that was deleted after it was recorded changes nothing`() throws {
        #expect(next(try recorded(), missing).name == "createRun")
    }

    @Test func `a deprecated definition is a warning`() {
        var definition = Self.definition
        #expect(definition.deprecation == nil)
        definition.spec.deprecated = true
        definition.spec.replacedBy = "restart@1.5.0"
        #expect(definition.deprecation?.reason == "DefinitionDeprecated")
        #expect(definition.deprecation?.note.contains("Use restart@1.5.0 instead") == true)
    }
}
