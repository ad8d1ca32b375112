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

    /// A definition with a list of texts and rules on it. A second version has its own schema.
    private static func definition(items: Int, rules: JSONValue, hasSecondVersion: Bool = false) -> JSONValue {
        let list: JSONValue = [
            "type": "array", "maxItems": .integer(Int64(items)), "items": ["type": "string", "maxLength": 10],
            "x-kubernetes-validations": rules,
        ]
        var definition = Fixture.widgetDefinition
        var version: JSONValue = ["name": "v1", "served": true, "storage": true]
        version["schema"] = ["openAPIV3Schema": ["type": "object", "properties": ["spec": list]]]
        let second: JSONValue = [
            "name": "v2", "served": true, "storage": false, "schema": ["openAPIV3Schema": ["type": "object"]],
        ]
        definition[path: ["spec", "versions"]] = .array(hasSecondVersion ? [second, version] : [version])
        return definition
    }

    private static let pairs: JSONValue = ["rule": "self.all(a, self.all(b, a == b))"]

    private static func errors(_ new: JSONValue, replacing old: JSONValue? = nil) -> [String] {
        ResourceStrategy.customResourceDefinition.validate(new, old).map { "\($0.field): \($0.message)" }
    }

    /// The bound and the texts are those of kube-apiserver 1.36.
    @Test func `a definition whose rules could cost too much is rejected`() {
        let advice =
            "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
        let path = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations"
        let tooExpensive = "Forbidden: estimated rule cost exceeds budget by factor of"
        let contributed =
            "Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
        let total = """
            spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire \
            OpenAPIv3 schema exceeds budget by factor of
            """
        #expect(Self.errors(Self.definition(items: 1053, rules: [Self.pairs])) == [])
        #expect(
            Self.errors(Self.definition(items: 1054, rules: [Self.pairs])) == [
                "\(path)[0].rule: \(tooExpensive) 1.000352x \(advice)"
            ])
        #expect(
            Self.errors(Self.definition(items: 2106, rules: [Self.pairs])) == [
                "\(path)[0].rule: \(tooExpensive) 4.0x \(advice)"
            ])
        #expect(
            Self.errors(Self.definition(items: 21_060, rules: [Self.pairs])) == [
                "\(path)[0].rule: \(tooExpensive) more than 100x \(advice)", "\(path)[0].rule: \(contributed)",
                "\(total) 39.9x \(advice)",
            ])
        let eleven = JSONValue.array(Array(repeating: Self.pairs, count: 11))
        #expect(
            Self.errors(Self.definition(items: 1053, rules: eleven)) == (0..<4).map {
                "\(path)[\($0)].rule: \(contributed)"
            }
                + ["\(total) 1.098300x \(advice)"])
    }

    @Test func `the cost of a message counts on its own`() {
        let rule: JSONValue = [
            "rule": "self != []", "messageExpression": "self.filter(a, self.all(b, a == b))[0]",
        ]
        let errors = Self.errors(Self.definition(items: 2106, rules: [rule]))
        #expect(errors.count == 1)
        #expect(
            errors.first?.hasPrefix(
                """
                spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].messageExpression: \
                Forbidden: estimated messageExpression cost exceeds budget by factor of 4.0x
                """) == true, "\(errors)")
    }

    @Test func `versions with their own schemas are named`() {
        let errors = Self.errors(Self.definition(items: 1054, rules: [Self.pairs], hasSecondVersion: true))
        #expect(errors.count == 1)
        #expect(
            errors.first?.hasPrefix(
                "spec.versions[1].schema.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule: Forbidden: "
            )
                == true, "\(errors)")
    }

    /// A definition from before a change of the limits stays usable.
    @Test func `a stored schema that is too expensive can stay`() {
        let stored = Self.definition(items: 1054, rules: [Self.pairs])
        var relabeled = stored
        relabeled[path: ["metadata", "labels"]] = ["a": "b"]
        #expect(Self.errors(relabeled, replacing: stored) == [])
        #expect(Self.errors(Self.definition(items: 1055, rules: [Self.pairs]), replacing: stored).count == 1)
        let enormous = Self.definition(items: 21_060, rules: [Self.pairs])
        #expect(Self.errors(enormous, replacing: enormous).count == 2)
    }
}
