import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The schema in `crds/` must match the types.
@Suite struct SchemaTests {
    private let schema: ProjectSchema

    init() throws {
        schema = try ProjectSchema(of: WorkflowExecution.resourceType)
    }

    private func field(_ path: String) throws -> JSONValue { try schema.field(path) }

    private func words(_ path: String) throws -> [String] { try schema.words(path) }

    @Test func `enumerations have the same values in the schema and the types`() throws {
        #expect(try words("spec.workflowRef.engine") == EngineName.allCases.map(\.rawValue))
        #expect(try words("status.engine") == EngineName.allCases.map(\.rawValue))
        #expect(try words("spec.shutdown") == Shutdown.allCases.map(\.rawValue))
        #expect(try words("status.phase") == Phase.allCases.map(\.rawValue))
        #expect(try words("status.outcome") == Outcome.allCases.map(\.rawValue))
        #expect(try words("status.conditions.[].status") == ConditionStatus.allCases.map(\.rawValue))
    }

    @Test(arguments: [
        ("spec.workflowRef.workflowId", "maxLength", SpecLimits.nameLength),
        ("spec.workflowRef.name", "maxLength", SpecLimits.nameLength),
        ("spec.workflowRef.version", "maxLength", SpecLimits.versionLength),
        ("spec.workflowRef.containerImage", "maxLength", SpecLimits.imageLength),
        ("spec.parameters", "maxProperties", SpecLimits.parameterCount),
        ("spec.arrayParameters", "maxProperties", SpecLimits.arrayParameterCount),
        ("spec.objectParameters", "maxProperties", SpecLimits.objectParameterCount),
        ("spec.workspaces", "maxItems", SpecLimits.workspaceCount),
        ("spec.executionConfig.serviceAccountName", "maxLength", SpecLimits.nameLength),
        ("spec.executionConfig.timeoutSeconds", "maximum", Int(SpecLimits.seconds)),
        ("spec.executionConfig.startDeadlineSeconds", "maximum", Int(SpecLimits.seconds)),
        ("spec.executionConfig.runTTLSecondsAfterFinished", "maximum", Int(SpecLimits.ttlSeconds)),
        ("spec.executionConfig.ttlSecondsAfterFinished", "maximum", Int(SpecLimits.ttlSeconds)),
    ])
    func `bounds are the same in the schema and the types`(_ path: String, _ keyword: String, _ limit: Int) throws {
        #expect(try field(path)[keyword]?.integerValue == Int64(limit))
    }

    @Test func `parameter bounds are the same in the schema and the types`() throws {
        let parameters = try field("spec.parameters")
        let longest = parameters["additionalProperties"]?["maxLength"]?.integerValue
        #expect(longest == Int64(SpecLimits.parameterValueLength))
        let rule = try #require(parameters["x-kubernetes-validations"]?[0]?["rule"]?.stringValue)
        #expect(rule.contains("size(key) <= \(SpecLimits.parameterNameLength)"))
    }

    @Test func `the spec has no defaults and the status has two`() throws {
        #expect(try defaults(in: field("spec")) == 0)
        #expect(try field("status")["default"] == ["observedGeneration": -1, "phase": "Pending"])
    }

    private func defaults(in schema: JSONValue) throws -> Int {
        var count = schema["default"] == nil ? 0 : 1
        for member in schema["properties"]?.objectValue ?? [:] { count += try defaults(in: member.value) }
        if let items = schema["items"] { count += try defaults(in: items) }
        return count
    }

    @Test func `every selectable field exists in the schema`() throws {
        let paths = try #require(schema.version["selectableFields"]?.arrayValue).compactMap {
            $0["jsonPath"]?.stringValue
        }
        #expect(paths.contains(".status.phase") && paths.contains(".spec.workflowRef.engine"))
        // The API server accepts at most eight.
        #expect(paths.count <= 8 && Set(paths).count == paths.count)
        for path in paths { #expect(try field(String(path.dropFirst()))["type"] == "string", "\(path)") }
    }

    @Test func `every printer column exists in the schema`() throws {
        for column in try #require(schema.version["additionalPrinterColumns"]?.arrayValue) {
            let path = try #require(column["jsonPath"]?.stringValue)
            if !path.hasPrefix(".metadata.") { #expect(throws: Never.self) { try field(String(path.dropFirst())) } }
        }
    }

    @Test func `kubectl explain states every bound of the spec`() throws {
        try schema.checkStatedBounds(at: "spec")
    }

    @Test func `every field that is not supported is refused with its own message`() throws {
        #expect(try refusedFields(try field("spec"), at: "spec") >= 30)
    }

    /// The number of fields below `schema` that are declared only to be refused.
    private func refusedFields(_ schema: JSONValue, at path: String) throws -> Int {
        let rules = (schema["x-kubernetes-validations"]?.arrayValue ?? []).compactMap { $0["rule"]?.stringValue }
        var count = 0
        for (name, member) in (schema["properties"]?.objectValue ?? [:]).map({ ($0.key, $0.value) }) {
            if member["description"]?.stringValue?.hasPrefix("Not supported: ") == true {
                #expect(rules.contains("!has(self.\(name))"), "\(path).\(name)")
                count += 1
            } else {
                #expect(member["x-kubernetes-preserve-unknown-fields"] == nil, "\(path).\(name)")
                count += try refusedFields(member, at: "\(path).\(name)")
            }
        }
        if let items = schema["items"] { count += try refusedFields(items, at: path + "[]") }
        return count
    }

    @Test func `every field is documented and bounded`() throws {
        try schema.checkFields(at: "spec")
        try schema.checkFields(at: "status")
    }
}
