import KubeClient
import TestSupport
import Testing

@testable import Schema

/// The rules of the CRDs of lifecycles and environments in `crds/`.
@Suite struct EnvironmentRulesTests {
    private let schemas: [SchemaCase.Kind: CustomResourceSchema]

    init() throws {
        var schemas: [SchemaCase.Kind: CustomResourceSchema] = [:]
        for kind in SchemaCase.Kind.allCases {
            let documents = try Repository.documents("crds/towline.dev_\(kind.plural).yaml")
            let version = try #require(documents.first?["spec"]?["versions"]?[0])
            schemas[kind] = try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
        }
        self.schemas = schemas
    }

    /// The errors with which the API server answers a write.
    private func errors(_ write: SchemaCase) throws -> [String] {
        let schema = try #require(schemas[write.kind])
        func stored(_ text: String) throws -> JSONValue {
            var object = try write.object(text)
            #expect(schema.prune(&object).isEmpty, "\(write)")
            schema.applyDefaults(to: &object)
            return object
        }
        let old = try write.old.map(stored)
        if let old { #expect(schema.validate(old, replacing: nil).map(\.description) == [], "\(write)") }
        return schema.validate(try stored(write.new), replacing: old).map(\.description)
    }

    private func check(_ write: SchemaCase) throws {
        let found = try errors(write)
        guard let message = write.message else {
            #expect(found == [], "\(write)")
            return
        }
        #expect(found.contains { $0.contains(message) }, "\(write): \(found)")
    }

    @Test(arguments: SchemaCase.Kind.allCases)
    func `phases are accepted or refused by their rules`(_ kind: SchemaCase.Kind) throws {
        for write in PhaseCases.creates(kind) { try check(write) }
    }

    @Test(arguments: SchemaCase.Kind.allCases)
    func `phases are immutable, and so is their order`(_ kind: SchemaCase.Kind) throws {
        for write in PhaseCases.updates(kind) { try check(write) }
    }

    @Test func `specs are accepted or refused by their rules`() throws {
        for write in EnvironmentCases.all { try check(write) }
    }

    @Test func `statuses are accepted or refused by their rules`() throws {
        for write in EnvironmentStatusCases.all { try check(write) }
    }

    @Test func `a new environment gets the default status`() throws {
        let schema = try #require(schemas[.environment])
        var object: JSONValue = ["spec": ["lifecycleRef": ["name": "preview", "version": "1.4.0"]]]
        schema.applyDefaults(to: &object)
        #expect(object["status"] == ["observedGeneration": -1, "phase": "Pending"])
        #expect(object["spec"] == ["lifecycleRef": ["name": "preview", "version": "1.4.0"]])
    }
}
