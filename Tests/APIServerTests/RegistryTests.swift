import KubeClient
import SandboxSupport
import Testing

@testable import APIServer
@testable import SimulatedEngines

@Suite struct RegistryTests {
    @Test func `all built-in schemas compile`() {
        for served in BuiltInResources.all {
            #expect(served.schema?.root != nil, "\(served.resource)")
        }
    }

    @Test func `engine definitions can be loaded twice`() throws {
        let cluster = Cluster(environment: .deterministic())
        try cluster.load(EngineDefinitions.all)
        try cluster.load(EngineDefinitions.all)
        #expect(cluster.registry.current.all.filter(\.isCustom).count == EngineDefinitions.all.count)
    }

    @Test func `versions are ordered by priority`() {
        let versions = ["v1alpha1", "v2", "foo", "v1", "v1beta2", "v10", "v1beta10"]
        let ordered = versions.sorted { VersionPriority($0) > VersionPriority($1) }
        #expect(ordered == ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"])
    }

    @Test func `an invalid definition is rejected by field`() {
        var definition = Fixture.widgetDefinition
        definition[path: ["metadata", "name"]] = "wrong.example.com"
        definition[path: ["spec", "scope"]] = "Galaxy"
        definition[path: ["spec", "versions"]] = [
            [
                "name": "v1", "served": true, "storage": false,
                "additionalPrinterColumns": [["name": "X", "type": "text", "jsonPath": "x["]],
            ]
        ]
        do {
            _ = try CustomResourceDefinition(definition)
            Issue.record("expected a refusal")
        } catch {
            let fields = error.causes.map(\.field)
            #expect(
                fields == [
                    "metadata.name", "spec.scope", "spec.versions[0].schema.openAPIV3Schema",
                    "spec.versions[0].additionalPrinterColumns[0].type",
                    "spec.versions[0].additionalPrinterColumns[0].jsonPath", "spec.versions",
                ])
        }
    }

    @Test func `a definition is established immediately`() throws {
        let cluster = try Fixture.cluster()
        let definition = try cluster.get(
            CustomResourceDefinition.resource, namespace: "", name: "widgets.example.com")
        let conditions = definition["status"]?["conditions"]?.arrayValue ?? []
        #expect(conditions.map { $0["type"] } == ["NamesAccepted", "Established"])
        #expect(definition["status"]?["storedVersions"] == ["v1"])
    }
}
