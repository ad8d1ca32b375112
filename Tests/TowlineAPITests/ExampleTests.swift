import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The promises of `examples/` that can be checked without an API server.
@Suite struct ExampleTests {
    private static let folder = Repository.file("examples")

    private static func executions(in folder: URL) throws -> [(file: String, manifest: JSONValue)] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .flatMap { file in
                try YAML.documents(Array(try Data(contentsOf: file)), source: file.lastPathComponent)
                    .map { (file.lastPathComponent, $0) }
            }
    }

    private func spec(of manifest: JSONValue) throws -> ExecutionSpec {
        var cursor = JSONCursor(try #require(manifest["spec"]).encoded)
        return try ExecutionSpec(reading: &cursor)
    }

    private func expectation(of manifest: JSONValue) throws -> [String] {
        let text = manifest["metadata"]?["annotations"]?[WellKnown.expectAnnotation]?.stringValue
        return try #require(text).split(separator: "/").map(String.init)
    }

    @Test func `every example is valid and states how it ends`() throws {
        let examples = try Self.executions(in: Self.folder)
        #expect(examples.count >= 15)
        #expect(Set(examples.compactMap { $0.manifest["metadata"]?["name"]?.stringValue }).count == examples.count)
        for (file, manifest) in examples {
            #expect(try spec(of: manifest).validate() == [], "\(file)")
            try checkEnd(try expectation(of: manifest), file)
        }
    }

    private func checkEnd(_ words: [String], _ file: String) throws {
        #expect((2...3).contains(words.count), "\(file)")
        let outcome = try #require(words.count > 1 ? Outcome(rawValue: words[1]) : nil, "\(file)")
        #expect(words[0] == outcome.phase.rawValue, "\(file)")
        if words.count > 2 { #expect(Reason(rawValue: words[2])?.outcome == outcome, "\(file)") }
    }

    /// The operator must find what the schema refuses, because the schema in the cluster may be older.
    @Test func `the operator refuses every invalid example`() throws {
        for (file, manifest) in try Self.executions(in: Self.folder.appending(path: "invalid")) {
            let words = try expectation(of: manifest)
            guard words[0] == "Refused" else {
                #expect(try spec(of: manifest).validate() == [], "\(file)")
                try checkEnd(words, file)
                continue
            }
            let field = words[1]
            do {
                let problems = try spec(of: manifest).validate()
                #expect(problems.contains { $0.field.hasPrefix(field) }, "\(file): \(problems)")
            } catch let error as JSONError {
                #expect(error.message.hasPrefix(field.replacing("parameters.REPLICAS", with: "parameters[REPLICAS]")))
            }
        }
    }

    /// The fields of a schema that `value` does not set; lists and maps count as one field.
    private static func missing(in value: JSONValue, _ schema: JSONValue, at path: String) -> [String] {
        (schema["properties"]?.objectValue ?? [:]).flatMap { member -> [String] in
            let name = path.isEmpty ? member.key : "\(path).\(member.key)"
            if member.value["description"]?.stringValue?.hasPrefix("Not supported: ") == true { return [] }
            guard let found = value[member.key] else { return [name] }
            return missing(in: found, member.value, at: name)
        }
    }

    @Test func `one example sets every field`() throws {
        let manifest = try #require(
            try Self.executions(in: Self.folder).first { $0.file == "every-field.yaml" }?.manifest)
        let definition = try #require(try Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let schema = try #require(
            definition["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"])
        // The fields of the other engine, and sources in place of those that the example uses.
        let left = [
            "workflowRef.definition", "workflowRef.resolver", "executionConfig.entrypoint", "executionConfig.priority",
        ]
        #expect(Self.missing(in: try #require(manifest["spec"]), schema, at: "") == left)
    }
}
