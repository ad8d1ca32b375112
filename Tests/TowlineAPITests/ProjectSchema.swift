import Foundation
import KubeClient
import TestSupport
import Testing

/// The schema of one kind in `crds/`, and checks that hold for every kind.
struct ProjectSchema {
    let version: JSONValue

    init(of type: ResourceType) throws {
        let documents = try Repository.documents("crds/\(type.group)_\(type.plural).yaml")
        let definition = try #require(documents.first)
        #expect(definition["spec"]?["group"]?.stringValue == type.group)
        #expect(definition["spec"]?["names"]?["plural"]?.stringValue == type.plural)
        #expect(definition["spec"]?["names"]?["kind"]?.stringValue == type.kind)
        version = try #require(definition["spec"]?["versions"]?[0])
        #expect(version["name"]?.stringValue == type.version)
    }

    func field(_ path: String) throws -> JSONValue {
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

    func words(_ path: String) throws -> [String] {
        try #require(try field(path)["enum"]?.arrayValue).compactMap(\.stringValue)
    }

    /// The description of each field must contain its bounds and those of the values of a map.
    func checkStatedBounds(at path: String) throws { try checkStatedBounds(try field(path), at: path) }

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

    /// A number with thousands separators.
    private func grouped(_ number: Int64) -> String {
        number.formatted(.number.locale(Locale(identifier: "en_US")))
    }

    /// Every field has a description and bounds, and every message of a rule names its field.
    func checkFields(at path: String) throws { try check(try field(path), at: path) }

    private func check(_ schema: JSONValue, at path: String) throws {
        if schema["x-kubernetes-int-or-string"] == true {
            #expect(schema["maxLength"] != nil && schema["pattern"] != nil, "\(path)")
            return
        }
        // A value of any kind that is never read.
        if schema["type"] == nil, schema["x-kubernetes-preserve-unknown-fields"] == true { return }
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
