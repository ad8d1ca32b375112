import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The schema in `crds/` must match the types.
@Suite struct SchemaTests {
    private let version: JSONValue

    init() throws {
        let documents = try Repository.documents("crds/towline.dev_workflowexecutions.yaml")
        let definition = try #require(documents.first)
        let type = WorkflowExecution.resourceType
        #expect(definition["spec"]?["group"]?.stringValue == type.group)
        #expect(definition["spec"]?["names"]?["plural"]?.stringValue == type.plural)
        #expect(definition["spec"]?["names"]?["kind"]?.stringValue == type.kind)
        version = try #require(definition["spec"]?["versions"]?[0])
        #expect(version["name"]?.stringValue == type.version)
    }

    private func field(_ path: String) throws -> JSONValue {
        var schema = try #require(version["schema"]?["openAPIV3Schema"])
        for name in path.split(separator: ".") {
            if name == "[]" {
                schema = try #require(schema["items"], "\(path)")
            } else {
                schema = try #require(schema["properties"]?[String(name)], "\(path)")
            }
        }
        return schema
    }

    private func words(_ path: String) throws -> [String] {
        try #require(try field(path)["enum"]?.arrayValue).compactMap(\.stringValue)
    }

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
        let paths = try #require(version["selectableFields"]?.arrayValue).compactMap { $0["jsonPath"]?.stringValue }
        #expect(paths.contains(".status.phase") && paths.contains(".spec.workflowRef.engine"))
        // The API server accepts at most eight.
        #expect(paths.count <= 8 && Set(paths).count == paths.count)
        for path in paths { #expect(try field(String(path.dropFirst()))["type"] == "string", "\(path)") }
    }

    @Test func `every printer column exists in the schema`() throws {
        for column in try #require(version["additionalPrinterColumns"]?.arrayValue) {
            let path = try #require(column["jsonPath"]?.stringValue)
            if !path.hasPrefix(".metadata.") { #expect(throws: Never.self) { try field(String(path.dropFirst())) } }
        }
    }

    @Test func `kubectl explain states every bound of the spec`() throws {
        try checkStatedBounds(try field("spec"), at: "spec")
    }

    /// The description of a field must contain its bounds and those of the values of a map.
    private func checkStatedBounds(_ schema: JSONValue, at path: String) throws {
        let isItem = path.hasSuffix("[]")
        let description = try #require(isItem ? "" : schema["description"]?.stringValue, "\(path)")
        // A field that is always refused needs no bounds for users.
        if description.hasPrefix("Not supported: ") { return }
        for part in isItem ? [] : [schema, schema["additionalProperties"]].compactMap(\.self) {
            for keyword in ["maxLength", "maxProperties", "maximum"] {
                guard let bound = part[keyword]?.integerValue else { continue }
                #expect(description.contains(grouped(bound)), "\(path): \(keyword) \(bound)")
            }
        }
        for member in schema["properties"]?.objectValue ?? [:] {
            try checkStatedBounds(member.value, at: "\(path).\(member.key)")
        }
        if let items = schema["items"] { try checkStatedBounds(items, at: path + "[]") }
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

    /// A number with thousands separators.
    private func grouped(_ number: Int64) -> String {
        number.formatted(.number.locale(Locale(identifier: "en_US")))
    }

    @Test func `every field is documented and bounded`() throws {
        try check(try field("spec"), at: "spec")
        try check(try field("status"), at: "status")
    }

    private func check(_ schema: JSONValue, at path: String) throws {
        if schema["x-kubernetes-int-or-string"] == true {
            #expect(schema["maxLength"] != nil && schema["pattern"] != nil, "\(path)")
            return
        }
        let type = try #require(schema["type"]?.stringValue, "\(path)")
        if !path.hasSuffix("[]") { #expect(schema["description"]?.stringValue?.hasSuffix(".") == true, "\(path)") }
        switch type {
        case "string": #expect(schema["maxLength"] != nil || schema["enum"] != nil, "\(path)")
        case "array":
            #expect(schema["maxItems"] != nil, "\(path)")
            try check(try #require(schema["items"]), at: path + "[]")
        case "object":
            #expect(schema["properties"] != nil || schema["maxProperties"] != nil, "\(path)")
            if let values = schema["additionalProperties"] { try check(values, at: path + "[]") }
            for member in schema["properties"]?.objectValue ?? [:] {
                try check(member.value, at: "\(path).\(member.key)")
            }
        default: break
        }
        for rule in schema["x-kubernetes-validations"]?.arrayValue ?? [] {
            let message = try #require(rule["message"]?.stringValue, "\(path)")
            #expect(message.contains(path), "\(message)")
            if let target = rule["fieldPath"]?.stringValue { #expect(message.contains(path + target), "\(message)") }
        }
    }
}
