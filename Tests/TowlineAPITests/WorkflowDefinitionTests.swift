import KubeClient
import TestSupport
import Testing

@testable import TowlineAPI

/// Reading definitions, checking executions against them, and applying what they stand for.
@Suite struct WorkflowDefinitionTests {
    private static let text = """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowDefinition
        metadata: {name: restart-1.4.0, namespace: payments, uid: d1}
        spec:
          name: restart
          version: 1.4.0
          engine: tekton
          ref: {containerImage: "registry.example/restart:1.4.0", containerDigest: "sha256:00", future: 1}
          parameters:
            - {name: TARGET, required: true, pattern: "^[a-z]+$", description: which}
            - {name: MODE, default: fast, enum: [fast, slow]}
            - {name: LEVEL}
          executionConfig: {serviceAccountName: restarter, timeoutSeconds: 600, future: 1}
          deprecated: true
          replacedBy: restart@1.5.0
        """

    private func definition(_ edit: (inout DefinitionSpec) -> Void = { _ in }) throws -> WorkflowDefinition {
        let object = try #require(YAML.documents(Array(Self.text.utf8), source: "test").first)
        var cursor = JSONCursor(object.encoded)
        var definition = try WorkflowDefinition(reading: &cursor)
        edit(&definition.spec)
        return definition
    }

    private func execution(_ parameters: [String: String], engine: EngineName? = nil) -> ExecutionSpec {
        ExecutionSpec(
            workflowRef: WorkflowReference(definition: "restart@1.4.0", engine: engine),
            parameters: parameters.sorted { $0.key < $1.key }.map { Parameter(name: $0.key, value: $0.value) })
    }

    @Test func `reads a definition and skips what it does not know`() throws {
        let spec = try definition().spec
        #expect(spec.id == DefinitionID("restart@1.4.0") && spec.id.objectName == "restart-1.4.0")
        #expect(spec.engine == .tekton && spec.target.containerImage == "registry.example/restart:1.4.0")
        #expect(spec.parameters.map(\.name) == ["TARGET", "MODE", "LEVEL"])
        #expect(spec.parameters[1].allowedValues == ["fast", "slow"] && spec.parameters[0].required)
        #expect(spec.serviceAccountName == "restarter" && spec.timeoutSeconds == 600)
        #expect(spec.deprecated && spec.replacedBy == "restart@1.5.0")
    }

    @Test(arguments: ["restart", "restart@", "@1", "Restart@1", "restart@1+b", "a@b@c", ""])
    func `a text that is not name@version names no definition`(_ text: String) {
        #expect(DefinitionID(text) == nil)
    }

    @Test func `every fault is reported at once`() throws {
        let (_, problems) = try definition { $0.parameters[2].required = true }
            .resolve(execution(["TARGET": "A1", "MODE": "medium", "OTHER": "x"]))
        #expect(
            problems.map(\.description) == [
                "spec.parameters[LEVEL]: is required by the definition",
                #"spec.parameters[MODE]: must be one of "fast", "slow""#,
                "spec.parameters[OTHER]: is not declared by the definition. Remove it",
                "spec.parameters[TARGET]: must match the pattern ^[a-z]+$ of the definition",
            ])
    }

    @Test func `a pattern applies to every string of a list and an object`() throws {
        var spec = execution([:])
        spec.parameters = [Parameter(name: "TARGET", value: .array(["a", "B"]))]
        #expect(try definition().resolve(spec).problems.map(\.field) == ["spec.arrayParameters[TARGET]"])
        spec.parameters = [Parameter(name: "TARGET", value: .object([MapEntry(key: "K", value: "b")]))]
        #expect(try definition().resolve(spec).problems.isEmpty)
    }

    @Test func `a pattern that takes long is refused`() throws {
        let slow = try definition { $0.parameters[0].pattern = "^(a?){1000}$" }
        let problems = slow.resolve(execution(["TARGET": "a"])).problems
        #expect(problems.first?.message.contains("simpler pattern") == true)
        let long = try definition().resolve(execution(["TARGET": String(repeating: "a", count: 5000)])).problems
        #expect(long.first?.message.contains("at most 1,024 characters") == true)
    }

    @Test func `an engine that the definition does not have is refused`() throws {
        #expect(try definition().resolve(execution(["TARGET": "a"], engine: .tekton)).problems.isEmpty)
        let (workflow, problems) = try definition().resolve(execution(["TARGET": "a"], engine: .argo))
        #expect(workflow == nil && problems.map(\.field) == ["spec.workflowRef.engine"])
        let unknown = try definition { $0.engine = nil }.resolve(execution(["TARGET": "a"]))
        #expect(unknown.workflow == nil && unknown.problems.count == 1)
    }

    @Test func `what the execution sets takes precedence`() throws {
        var spec = execution(["TARGET": "a"])
        let workflow = try #require(definition().resolve(spec).workflow)
        #expect(workflow.parameters == [MapEntry(key: "MODE", value: "fast")] && workflow.definitionUID == "d1")
        var resolved = spec.resolved(by: workflow)
        #expect(resolved.workflowRef.resolvedEngine == .tekton && resolved.workflowRef.templateName == "restart")
        #expect(resolved.workflowRef.containerDigest == "sha256:00")
        #expect(resolved.executionConfig.timeoutSeconds == 600)
        #expect(resolved.executionConfig.serviceAccountName == "restarter")
        #expect(resolved.parameters.map(\.name) == ["TARGET", "MODE"])
        #expect(resolved.resolved(by: workflow) == resolved)

        spec = execution(["TARGET": "a", "MODE": "slow"])
        spec.executionConfig.timeoutSeconds = 5
        spec.executionConfig.serviceAccountName = "other"
        resolved = spec.resolved(by: try #require(definition().resolve(spec).workflow))
        #expect(resolved.executionConfig.timeoutSeconds == 5)
        #expect(resolved.executionConfig.serviceAccountName == "other")
        #expect(resolved.parameters.map(\.value) == [.string("slow"), .string("a")])
    }

    @Test func `a definition stands for all other fields of the reference`() {
        var spec = execution([:])
        #expect(spec.validate() == [])
        spec.workflowRef.version = "1"
        spec.workflowRef.name = "other"
        #expect(spec.validate().map(\.field) == ["spec.workflowRef.version", "spec.workflowRef.name"])
        spec.workflowRef = WorkflowReference(workflowId: "a", definition: "restart@1.4.0")
        #expect(spec.validate().map(\.field) == ["spec.workflowRef.workflowId"])
        spec.workflowRef = WorkflowReference(definition: "restart")
        #expect(spec.validate().map(\.field) == ["spec.workflowRef.definition"])
        spec.workflowRef = WorkflowReference(workflowId: "")
        #expect(spec.validate().map(\.field) == ["spec.workflowRef.workflowId"])
    }

    /// Neither engine's rules can be applied before the engine is known.
    @Test func `values that only one engine expands are checked once the engine is known`() throws {
        for (text, engine) in [("{{x}}", EngineName.argo), ("$(params.x)", .tekton)] {
            let spec = execution(["LEVEL": text, "TARGET": "a"])
            #expect(spec.validate() == [])
            for other in EngineName.allCases {
                let bare = try definition {
                    $0.engine = other
                    $0.target = WorkflowTarget()
                }
                let workflow = try #require(bare.resolve(spec).workflow)
                let fields = spec.resolved(by: workflow).validate().map(\.field)
                #expect(fields == (other == engine ? ["spec.parameters[LEVEL]"] : []), "\(text) on \(other)")
            }
        }
    }

    private func object(default value: String = "fast") throws -> JSONValue {
        try JSONValue(
            parsing: """
                {"metadata": {"name": "a", "namespace": "n", "uid": "u"},
                 "spec": {"workflowRef": {"definition": "restart@1.4.0"}, "parameters": {"TARGET": "a"}},
                 "status": {"phase": "Running", "resolved": {"engine": "argo", "name": "t", "timeoutSeconds": 7,
                  "definitionUID": "d1", "parameters": {"MODE": "\(value)"}}}}
                """)
    }

    @Test func `an execution that is read has what its status records`() throws {
        var cursor = JSONCursor(try object().encoded)
        let execution = try WorkflowExecution.storeDecoder(&cursor)
        #expect(execution.engineName == .argo && !execution.awaitsDefinition)
        #expect(execution.spec?.workflowRef.templateName == "t")
        #expect(execution.spec?.executionConfig.timeoutSeconds == 7)
        #expect(execution.spec?.parameters.map(\.name) == ["TARGET", "MODE"])
        #expect(execution.status.resolved?.parameters == [], "the spec has them")
    }

    @Test func `a large default is not kept in a store`() throws {
        let whole = try object(default: String(repeating: "x", count: 9000))
        var cursor = JSONCursor(whole.encoded)
        let stored = try WorkflowExecution.storeDecoder(&cursor)
        #expect(stored.spec?.isPartial == true && stored.spec?.parameters == [])
        cursor = JSONCursor(whole.encoded)
        #expect(try WorkflowExecution.decoder(&cursor).spec?.parameters.count == 2)
    }

    @Test func `an execution whose definition was not read has no engine`() {
        let waiting = WorkflowExecution(key: ObjectKey(namespace: "n", name: "a"), uid: "u", spec: execution([:]))
        #expect(waiting.engineName == nil && waiting.awaitsDefinition)
        let plain = WorkflowExecution(
            key: ObjectKey(namespace: "n", name: "a"), uid: "u",
            spec: ExecutionSpec(workflowRef: WorkflowReference(workflowId: "a")))
        #expect(plain.engineName == .tekton && !plain.awaitsDefinition)
    }
}
