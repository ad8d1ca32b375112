import KubeClient
import TestSupport
import Testing

@testable import Schema

/// The rules of the CRD of definitions in `crds/`.
@Suite struct DefinitionRulesTests {
    private let schema: CustomResourceSchema

    init() throws {
        let documents = try Repository.documents("crds/towline.dev_workflowdefinitions.yaml")
        let version = try #require(documents.first?["spec"]?["versions"]?[0])
        schema = try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
    }

    private static let definition = """
        apiVersion: towline.dev/v1alpha1
        kind: WorkflowDefinition
        metadata: {name: restart-1.4.0, namespace: payments}
        spec:
          name: restart
          version: 1.4.0
          engine: tekton
          ref: {containerImage: "registry.example/workflows/restart:1.4.0"}
          parameters:
            - {name: TARGET, required: true, pattern: "^[a-z]+$"}
            - {name: MODE, default: fast, enum: [fast, slow]}
          executionConfig: {serviceAccountName: restarter, timeoutSeconds: 600}
        """

    private func definition(_ changes: String = "{}") throws -> JSONValue {
        let base = try #require(YAML.documents(Array(Self.definition.utf8), source: "test").first)
        return try MergePatch.apply(JSONValue(parsing: changes), to: base)
    }

    private func messages(_ object: JSONValue, replacing old: JSONValue? = nil) -> [String] {
        schema.validate(object, replacing: old).map(\.description)
    }

    @Test func `a valid definition is accepted`() throws {
        #expect(messages(try definition()) == [])
        #expect(
            messages(try definition(#"{"spec":{"engine":"argo","ref":{"containerImage":null,"clusterScope":true}}}"#))
                == [])
        #expect(
            messages(
                try definition(
                    #"{"spec":{"ref":{"containerImage":null,"resolver":{"name":"git","params":{"url":"u"}}}}}"#))
                == [])
    }

    @Test(arguments: [
        (
            #"{"metadata":{"name":"restart-1.5.0"}}"#,
            "metadata.name must be spec.name, a dash and spec.version: restart-1.4.0"
        ),
        (#"{"spec":{"version":"1.4.0+build"}}"#, "spec.version"),
        (#"{"spec":{"engine":null}}"#, "spec.engine: Required value"),
        (#"{"spec":{"engine":"argo"}}"#, "spec.ref.containerImage can only be set for engine tekton"),
        (#"{"spec":{"ref":{"clusterScope":true}}}"#, "spec.ref.clusterScope can only be true for engine argo"),
        (
            #"{"spec":{"ref":{"containerImage":null,"imagePullSecret":"s"}}}"#,
            "spec.ref.imagePullSecret can only be set together"
        ),
        (#"{"spec":{"ref":{"resolver":{"name":"git"}}}}"#, "spec.ref.resolver must not be set together"),
        (
            #"{"spec":{"ref":{"containerImage":null,"resolver":{"name":"git","params":{"a":"$(params.x)"}}}}}"#,
            "spec.ref.resolver.params must not have a variable"
        ),
        (#"{"spec":{"parameters":[{"name":"A","pattern":"("}]}}"#, "spec.parameters[0].pattern"),
        (#"{"spec":{"parameters":[{"name":"A","required":true,"default":"x"}]}}"#, "spec.parameters[0].required"),
        (#"{"spec":{"parameters":[{"name":"A","default":"1","pattern":"^[a-z]+$"}]}}"#, "spec.parameters[0].default"),
        (#"{"spec":{"parameters":[{"name":"A","default":"x","enum":["y"]}]}}"#, "spec.parameters[0].default"),
        (#"{"spec":{"parameters":[{"name":"A"},{"name":"a"}]}}"#, "must not have names that differ only in case"),
        (#"{"spec":{"parameters":[{"name":"A"},{"name":"A"}]}}"#, "spec.parameters[1]: Duplicate value"),
        (#"{"spec":{"parameters":[{"name":"A","default":"$(params.x)"}]}}"#, "must not have a default with a variable"),
        (
            #"{"spec":{"engine":"argo","ref":null,"parameters":[{"name":"A","default":"{{x}}"}]}}"#,
            "must not have a default with {{"
        ),
        (#"{"spec":{"engine":"argo","ref":null,"parameters":[{"name":"a.b"}]}}"#, "must not have names with dots"),
    ])
    func `a definition that breaks a rule is rejected`(_ changes: String, _ message: String) throws {
        let found = messages(try definition(changes))
        #expect(found.contains { $0.contains(message) }, "\(found)")
    }

    @Test(arguments: [
        #"{"spec":{"engine":"argo","ref":null}}"#, #"{"spec":{"ref":{"containerImage":"registry.example/other:1"}}}"#,
        #"{"spec":{"ref":null}}"#, #"{"spec":{"parameters":null}}"#,
        #"{"spec":{"executionConfig":{"serviceAccountName":"admin"}}}"#,
    ])
    func `a definition is immutable`(_ changes: String) throws {
        let found = messages(try definition(changes), replacing: try definition())
        #expect(found.contains { $0.contains("is immutable: a version never changes") }, "\(found)")
    }

    @Test func `a definition can be deprecated at any time`() throws {
        let old = try definition()
        let new = try definition(#"{"spec":{"deprecated":true,"replacedBy":"restart@1.5.0"}}"#)
        #expect(messages(new, replacing: old) == [])
        #expect(messages(old, replacing: new) == [])
    }
}
