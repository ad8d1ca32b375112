import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import Schema

/// Parameter values are data: the operator and the schema refuse values that an engine would expand.
@Suite struct ParameterExpressionTests {
    @Test(arguments: [
        ("$(params.TARGET)", "$(params."), ("$(params[\"a.b\"])", "$(params["), ("$(params['a.b'])", "$(params["),
        ("a $(context.pipelineRun.name) b", "$(context."), ("$(tasks.build.results.digest)", "$(tasks."),
        ("$(tasks.status)", "$(tasks."), ("$(finally.report.results.x)", "$(finally."),
        ("$(workspaces.shared.path)", "$(workspaces."), ("$(results.digest.path)", "$(results."),
        ("$(results['a'].path)", "$(results["), ("$(step.results.x.path)", "$(step."),
        ("$(steps.step-a.exitCode.path)", "$(steps."), ("$(inputs.params.x)", "$(inputs."),
        ("$(credentials.path)", "$(credentials."), ("$(artifacts.path)", "$(artifacts."),
        // Tekton replaces exact text: a second dollar does not escape, and the end may be in the text that follows.
        ("$$(params.x)", "$(params."), ("$(params.", "$(params."), ("$(date)$(params.x)", "$(params."),
        ("$($(params.x))", "$(params."), ("$(params.\u{301}x)", "$(params."), ("é$(params.x)", "$(params."),
    ])
    func `Tekton expands its variables`(_ value: String, _ opening: String) {
        #expect(ParameterExpression.opening(in: value, for: .tekton) == opening)
    }

    @Test(arguments: [
        "", "$", "$(", "$(date)", "$(cat params.txt)", "$( params.x)", "$(params)", "$(paramsx.y)", "$(Params.x)",
        "$ (params.x)",
        "${params.x}", "$(stepup.sh)", "(params.x)", "{{workflow.name}}", "cost: 5$", "$(myparams.x)",
    ])
    func `Tekton does not expand other text`(_ value: String) {
        #expect(ParameterExpression.opening(in: value, for: .tekton) == nil)
    }

    @Test(arguments: [
        "{{workflow.name}}", "{{=2*21}}", "{{ workflow.parameters.SECRET }}", "a{{inputs.parameters.x}}b", "{{", "{{}}",
        "{{{a}}}", "{{unknown}}", "é{{x", "{{\u{301}",
    ])
    func `Argo expands text in double braces`(_ value: String) {
        #expect(ParameterExpression.opening(in: value, for: .argo) == "{{")
    }

    @Test(arguments: ["", "{", "}}", "{ {x}}", #"{"a":{"b":{"c":1}}}"#, "${x}", "$(params.x)"])
    func `Argo does not expand other text`(_ value: String) {
        #expect(ParameterExpression.opening(in: value, for: .argo) == nil)
    }

    @Test func `the problem names the parameter and the fix but not the value`() throws {
        var spec = ExecutionSpec(
            workflowRef: WorkflowReference(workflowId: "a"),
            parameters: [Parameter(name: "OK", value: "x"), Parameter(name: "NOTE", value: "secret $(params.TOKEN)")])
        let problem = try #require(spec.validate().first)
        #expect(problem.field == "spec.parameters[NOTE]")
        #expect(problem.message.contains(#"contains "$(params.", which Tekton would expand"#))
        #expect(problem.message.contains("spec.executionConfig.allowExpressions"))
        #expect(!problem.message.contains("secret") && !problem.message.contains("TOKEN"))
        spec.executionConfig.allowExpressions = false
        #expect(spec.validate().count == 1)
        spec.executionConfig.allowExpressions = true
        #expect(spec.validate() == [])
    }

    // MARK: The operator and the schema agree

    private static let fragments =
        [
            "$", "(", ")", "$(", "$$(", "{", "}", "{{", "}}", ".", "[", "]", "'", "\"", " ", "\n", "\u{301}", "é", "🙂",
            "=", "x", "X", "-", "date",
        ]
        + ["params", "inputs", "context", "tasks", "finally", "step", "steps", "results", "workspaces", "credentials"]
        + ["artifacts", "outputs", "Params", "$(params.", "$(steps[", "{{workflow.name}}"]

    @Test func `the operator and the schema refuse the same values`() throws {
        let schema = try Self.schema()
        let seed = UInt64.random(in: 0...UInt64.max)
        var generator = SplitMix(seed: seed)
        var refused = 0
        for _ in 0..<3000 {
            let (spec, object) = Self.execution(using: &generator)
            let problems = spec.validate()
            let errors = schema.validate(object, replacing: nil).map(\.description)
            #expect(
                problems.isEmpty == errors.isEmpty,
                "seed \(seed): \(object.encodedString): the operator says \(problems), the schema \(errors)")
            if !problems.isEmpty { refused += 1 }
        }
        #expect((300...2700).contains(refused), "seed \(seed): \(refused) of 3000 were refused")
    }

    /// An execution with a few random values, as the operator reads it and as the API server receives it.
    private static func execution(using generator: inout SplitMix) -> (spec: ExecutionSpec, object: JSONValue) {
        let engine = [nil, EngineName.tekton, .argo].randomElement(using: &generator) ?? nil
        let allows = [nil, nil, false, true].randomElement(using: &generator) ?? nil
        var spec = ExecutionSpec(workflowRef: WorkflowReference(workflowId: "w", engine: engine))
        spec.executionConfig.allowExpressions = allows
        var parameters: JSONObject = [:]
        for name in ["A", "B", "C"].prefix(Int.random(in: 0...3, using: &generator)) {
            let count = Int.random(in: 0...6, using: &generator)
            let value = (0..<count).map { _ in fragments.randomElement(using: &generator) ?? "" }.joined()
            spec.parameters.append(Parameter(name: name, value: value))
            parameters[name] = .string(value)
        }
        var object: JSONValue = [
            "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
            "metadata": ["name": "a", "namespace": "n"],
            "spec": ["workflowRef": ["workflowId": "w"], "parameters": .object(parameters)],
        ]
        if let engine { object[path: ["spec", "workflowRef", "engine"]] = .string(engine.rawValue) }
        if let allows { object[path: ["spec", "executionConfig", "allowExpressions"]] = .bool(allows) }
        return (spec, object)
    }

    private static func schema() throws -> CustomResourceSchema {
        let documents = try Repository.documents("crds/towline.dev_workflowexecutions.yaml")
        let version = try #require(documents.first?["spec"]?["versions"]?[0])
        return try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
    }
}
