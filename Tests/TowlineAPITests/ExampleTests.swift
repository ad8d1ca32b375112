import Foundation
import KubeClient
import TestSupport
import Testing
import TowlineAPI

/// The promises of `examples/` that can be checked without an API server.
@Suite struct ExampleTests {
    private static let folder = Repository.file("examples")

    private static func manifests(in folder: URL) throws -> [(file: String, manifest: JSONValue)] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }
            .flatMap { file in
                try YAML.documents(Array(try Data(contentsOf: file)), source: file.lastPathComponent)
                    .map { (file.lastPathComponent, $0) }
            }
    }

    private static func manifests(in folder: URL, of kind: String) throws -> [(file: String, manifest: JSONValue)] {
        try manifests(in: folder).filter { $0.manifest["kind"]?.stringValue == kind }
    }

    private static func executions(in folder: URL) throws -> [(file: String, manifest: JSONValue)] {
        try manifests(in: folder, of: "WorkflowExecution")
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
        for (file, manifest) in examples {
            #expect(try spec(of: manifest).validate() == [], "\(file)")
            try checkEnd(try expectation(of: manifest), file)
        }
    }

    @Test func `every example is an execution or an environment, and its name is unique`() throws {
        let examples = try Self.manifests(in: Self.folder)
        #expect(Set(examples.compactMap { $0.manifest["metadata"]?["name"]?.stringValue }).count == examples.count)
        for (file, manifest) in examples {
            #expect(["WorkflowExecution", "Environment"].contains(manifest["kind"]?.stringValue), "\(file)")
        }
    }

    // MARK: Environments

    private func environment(_ manifest: JSONValue) throws -> Environment {
        var stored = manifest
        stored[path: ["metadata", "uid"]] = "0"
        var cursor = JSONCursor(stored.encoded)
        return try Environment.decoder(&cursor)
    }

    /// `PHASE/REASON`.
    private func checkState(_ words: [String], _ file: String) {
        #expect(words.count == 2, "\(file)")
        #expect(words.first.flatMap(EnvironmentPhase.init(rawValue:)) != nil, "\(file)")
        #expect(words.last.flatMap(EnvironmentReason.init(rawValue:)) != nil, "\(file)")
    }

    /// The catalog of `examples/workflows/`: the definitions of each name and version, and the lifecycles.
    private func catalog() throws -> (definitions: Set<DefinitionID>, lifecycles: [DefinitionID: PhasePlan]) {
        let folder = Self.folder.appending(path: "workflows")
        let definitions = try Self.manifests(in: folder, of: "WorkflowDefinition").compactMap { _, manifest in
            manifest["spec"]?["name"]?.stringValue.flatMap { name in
                manifest["spec"]?["version"]?.stringValue.map { DefinitionID(name: name, version: $0) }
            }
        }
        var lifecycles: [DefinitionID: PhasePlan] = [:]
        for (_, manifest) in try Self.manifests(in: folder, of: "Lifecycle") {
            var stored = manifest
            stored[path: ["metadata", "uid"]] = "0"
            var cursor = JSONCursor(stored.encoded)
            let lifecycle = try Lifecycle.decoder(&cursor)
            lifecycles[lifecycle.id] = lifecycle.plan
        }
        return (Set(definitions), lifecycles)
    }

    @Test func `every environment states where it comes to rest, and the catalog has what it names`() throws {
        let examples = try Self.manifests(in: Self.folder, of: "Environment")
        #expect(examples.count >= 6)
        let catalog = try catalog()
        for (file, manifest) in examples {
            checkState(try expectation(of: manifest), file)
            let plan: PhasePlan? =
                switch try environment(manifest).spec.lifecycle {
                case .inline(let plan): plan
                case .reference(let id): catalog.lifecycles[id]
                }
            let definitions = try #require(plan, "\(file)").phases.compactMap(\.definition)
            #expect(catalog.definitions.isSuperset(of: definitions), "\(file)")
        }
    }

    @Test func `every invalid environment or lifecycle names its field, or where it comes to rest`() throws {
        let folder = Self.folder.appending(path: "invalid")
        let examples = try Self.manifests(in: folder, of: "Environment") + Self.manifests(in: folder, of: "Lifecycle")
        #expect(examples.count >= 8)
        for (file, manifest) in examples {
            let words = try expectation(of: manifest)
            if words.first == "Refused" {
                #expect(words.count == 2, "\(file)")
            } else {
                checkState(words, file)
            }
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

    /// The fields of the spec of a kind that the example in a file does not set.
    private func missing(in file: String, _ plural: String) throws -> [String] {
        let manifest = try #require(try Self.manifests(in: Self.folder).first { $0.file == file }?.manifest)
        let definition = try #require(try Repository.documents("crds/towline.dev_\(plural).yaml").first)
        let schema = try #require(
            definition["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"]?["properties"]?["spec"])
        return Self.missing(in: try #require(manifest["spec"]), schema, at: "")
    }

    @Test func `one example sets every field`() throws {
        // The fields of the other engine, and sources in place of those that the example uses.
        let left = [
            "workflowRef.definition", "workflowRef.resolver", "executionConfig.entrypoint", "executionConfig.priority",
        ]
        #expect(try missing(in: "every-field.yaml", "workflowexecutions") == left)
    }

    @Test func `one example sets every field of an environment`() throws {
        let left = ["timeslot.ttlSeconds", "lifecycleRef"]
        #expect(try missing(in: "every-environment-field.yaml", "environments") == left)
        let manifest = try #require(
            try Self.manifests(in: Self.folder).first { $0.file == "every-environment-field.yaml" }?.manifest)
        let phases = try #require(manifest[path: ["spec", "lifecycle", "phases"]]?.arrayValue)
        let schema = try ProjectSchema(of: Environment.resourceType).field("spec.lifecycle.phases.[]")
        let used = Set(phases.flatMap { $0.objectValue?.map(\.key) ?? [] })
        #expect(used == Set(schema["properties"]?.objectValue?.map(\.key) ?? []))
    }
}
