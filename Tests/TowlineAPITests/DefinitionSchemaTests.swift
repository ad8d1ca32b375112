import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The schema of definitions in `crds/` must match the types, and the one of executions.
@Suite struct DefinitionSchemaTests {
    private let schema: ProjectSchema
    private let executions: ProjectSchema

    init() throws {
        schema = try ProjectSchema(of: WorkflowDefinition.resourceType)
        executions = try ProjectSchema(of: WorkflowExecution.resourceType)
    }

    @Test func `engines are the same in the schema and the types`() throws {
        #expect(try schema.words("spec.engine") == EngineName.allCases.map(\.rawValue))
        #expect(try executions.words("status.resolved.engine") == EngineName.allCases.map(\.rawValue))
    }

    @Test func `every field is documented and bounded`() throws { try schema.checkFields(at: "spec") }

    @Test func `kubectl explain states every bound`() throws { try schema.checkStatedBounds(at: "spec") }

    @Test func `every column and selectable field exists in the schema`() throws {
        for list in ["additionalPrinterColumns", "selectableFields"] {
            for entry in try #require(schema.version[list]?.arrayValue) {
                let path = try #require(entry["jsonPath"]?.stringValue)
                if !path.hasPrefix(".metadata.") {
                    #expect(throws: Never.self) { try schema.field(String(path.dropFirst())) }
                }
            }
        }
    }

    /// A name, a dash and a version are the name of an object, and with an `@` the reference of an execution.
    @Test func `every name and version fits into a reference`() throws {
        let longest = try ["name", "version"].reduce(Int64(1)) {
            $0 + (try #require(schema.field("spec.\($1)")["maxLength"]?.integerValue))
        }
        #expect(longest == Int64(SpecLimits.nameLength))
        let reference = try executions.field("spec.workflowRef.definition")
        #expect(reference["maxLength"]?.integerValue == longest)
        #expect(try schema.field("spec.replacedBy")["pattern"] == reference["pattern"])
    }

    /// Otherwise `status.resolved` could not record what a definition says.
    @Test(arguments: [
        ("spec.ref.name", "name"), ("spec.ref.containerImage", "containerImage"),
        ("spec.ref.containerDigest", "containerDigest"), ("spec.ref.imagePullSecret", "imagePullSecret"),
        ("spec.ref.resolver.name", "resolver.name"),
        ("spec.executionConfig.serviceAccountName", "serviceAccountName"),
    ])
    func `the status has the bounds of the definition`(_ field: String, _ recorded: String) throws {
        let bound = try schema.field(field)["maxLength"]
        #expect(bound != nil)
        #expect(try executions.field("status.resolved.\(recorded)")["maxLength"] == bound)
    }

    @Test func `the status has the bounds of the parameters of a definition`() throws {
        let recorded = try executions.field("status.resolved.parameters")
        #expect(try recorded["maxProperties"] == schema.field("spec.parameters")["maxItems"])
        #expect(
            try recorded["additionalProperties"]?["maxLength"]
                == schema.field("spec.parameters.[].default")["maxLength"])
        let params = try executions.field("status.resolved.resolver.params")
        let declared = try schema.field("spec.ref.resolver.params")
        #expect(params["maxProperties"] == declared["maxProperties"])
        #expect(params["additionalProperties"]?["maxLength"] == declared["additionalProperties"]?["maxLength"])
    }
}
