import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The schema in `crds/` and the types must say the same.
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

    @Test func wordsAreTheSame() throws {
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
        ("spec.executionConfig.serviceAccountName", "maxLength", SpecLimits.nameLength),
        ("spec.executionConfig.timeoutSeconds", "maximum", Int(SpecLimits.seconds)),
        ("spec.executionConfig.startDeadlineSeconds", "maximum", Int(SpecLimits.seconds)),
        ("spec.executionConfig.runTTLSecondsAfterFinished", "maximum", Int(SpecLimits.ttlSeconds)),
        ("spec.executionConfig.ttlSecondsAfterFinished", "maximum", Int(SpecLimits.ttlSeconds)),
    ])
    func boundsAreTheSame(_ path: String, _ keyword: String, _ limit: Int) throws {
        #expect(try field(path)[keyword]?.integerValue == Int64(limit))
    }

    @Test func parameterBoundsAreTheSame() throws {
        let parameters = try field("spec.parameters")
        let longest = parameters["additionalProperties"]?["maxLength"]?.integerValue
        #expect(longest == Int64(SpecLimits.parameterValueLength))
        let rule = try #require(parameters["x-kubernetes-validations"]?[0]?["rule"]?.stringValue)
        #expect(rule.contains("size(key) <= \(SpecLimits.parameterNameLength)"))
    }

    @Test func theSpecHasNoDefaultsAndTheStatusHasTwo() throws {
        #expect(try defaults(in: field("spec")) == 0)
        #expect(try field("status")["default"] == ["observedGeneration": -1, "phase": "Pending"])
    }

    private func defaults(in schema: JSONValue) throws -> Int {
        var count = schema["default"] == nil ? 0 : 1
        for member in schema["properties"]?.objectValue ?? [:] { count += try defaults(in: member.value) }
        if let items = schema["items"] { count += try defaults(in: items) }
        return count
    }

    @Test func everyFieldIsDocumentedAndBounded() throws {
        try check(try field("spec"), at: "spec")
        try check(try field("status"), at: "status")
    }

    private func check(_ schema: JSONValue, at path: String) throws {
        let type = try #require(schema["type"]?.stringValue, "\(path)")
        if !path.hasSuffix("[]") { #expect(schema["description"]?.stringValue?.hasSuffix(".") == true, "\(path)") }
        switch type {
        case "string": #expect(schema["maxLength"] != nil || schema["enum"] != nil, "\(path)")
        case "array":
            #expect(schema["maxItems"] != nil, "\(path)")
            try check(try #require(schema["items"]), at: path + "[]")
        case "object":
            #expect(schema["properties"] != nil || schema["maxProperties"] != nil, "\(path)")
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
