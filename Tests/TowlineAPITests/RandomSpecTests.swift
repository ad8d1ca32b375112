import KubeClient
import TestSupport
import Testing
import TowlineAPI

@testable import Schema

/// Random specs, made from the schema: the operator never refuses what the schema accepts.
///
/// Otherwise the API server would accept an execution that then fails without a run.
@Suite struct RandomSpecTests {
    private static let specs = 4000

    @Test(arguments: [UInt64(1), 2, 3, UInt64.random(in: 1...1_000_000)])
    func `the operator accepts what the schema accepts`(_ seed: UInt64) throws {
        let definition = try #require(try Repository.documents("crds/towline.dev_workflowexecutions.yaml").first)
        let root = try #require(definition["spec"]?["versions"]?[0]?["schema"]?["openAPIV3Schema"])
        let schema = try CustomResourceSchema(reading: root)
        var maker = SpecMaker(random: SplitMix(seed: seed))
        var (accepted, refused) = (0, 0)
        for number in 0..<Self.specs {
            let spec = maker.value(of: try #require(root["properties"]?["spec"]), at: "spec")
            let object: JSONValue = [
                "apiVersion": "towline.dev/v1alpha1", "kind": "WorkflowExecution",
                "metadata": ["name": "a", "namespace": "b"], "spec": spec,
            ]
            let messages = schema.validate(object, replacing: nil).map(\.description)
            var cursor = JSONCursor(spec.encoded)
            // Values of the wrong type are never made, so reading cannot fail.
            let problems = try ExecutionSpec(reading: &cursor).validate().map(\.description)
            if messages.isEmpty {
                accepted += 1
                #expect(problems == [], "seed \(seed), spec \(number): \(spec.encodedString)")
            } else {
                refused += 1
            }
        }
        #expect(accepted > Self.specs / 20 && refused > Self.specs / 20, "\(accepted) accepted, \(refused) refused")
    }
}

/// Makes random values of a schema: small ones, of the right types, and rarely with text that an engine would expand.
private struct SpecMaker {
    var random: SplitMix

    mutating func value(of schema: JSONValue, at path: String) -> JSONValue {
        if let words = schema["enum"]?.arrayValue { return words[Int(random.next() % UInt64(words.count))] }
        if schema["x-kubernetes-int-or-string"] == true { return chance(2) ? "64Mi" : 2 }
        switch schema["type"]?.stringValue {
        case "object": return object(schema, at: path)
        case "array":
            let items = schema["items"] ?? .null
            return .array((0..<Int(random.next() % 3)).map { _ in value(of: items, at: path + "[]") })
        case "boolean": return .bool(chance(2))
        case "integer": return .integer(chance(20) ? 0 : Int64(random.next() % 1000) + 1)
        case "number": return 0.5
        default: return .string(text(for: schema, at: path))
        }
    }

    private mutating func object(_ schema: JSONValue, at path: String) -> JSONValue {
        var object: JSONObject = [:]
        if let values = schema["additionalProperties"] {
            for _ in 0..<Int(random.next() % 3) {
                let key = path == "spec.runLabels" ? "a.example/b" : pick(["A", "b-c", "d.e", "_f"])
                object[key] = value(of: values, at: path + ".*")
            }
            return .object(object)
        }
        var required = (schema["required"]?.arrayValue ?? []).compactMap(\.stringValue)
        // Mostly exactly one of the two, as the schema requires.
        if path == "spec.workflowRef" { required.append(chance(4) ? "definition" : "workflowId") }
        for (key, member) in (schema["properties"]?.objectValue ?? [:]).map({ ($0.key, $0.value) }) {
            // Fields that are always refused, and many fields at once, would leave nothing to accept.
            let isRefused = member["description"]?.stringValue?.hasPrefix("Not supported: ") == true
            let isRare =
                isRefused || ["spec.workflowRef.definition", "spec.workflowRef.workflowId"].contains("\(path).\(key)")
            guard required.contains(key) || chance(isRare ? 200 : 5) else { continue }
            object[key] = value(of: member, at: "\(path).\(key)")
        }
        return .object(object)
    }

    private mutating func text(for schema: JSONValue, at path: String) -> String {
        if path.hasSuffix("containerDigest") { return "sha256:" + String(repeating: "a0", count: 32) }
        if path.hasSuffix("definition") { return pick(["a@1.4.0", "b-c@1"]) }
        if path.hasSuffix("containerImage") { return "registry.example/a:1" }
        let isFree = schema["pattern"] == nil && schema["minLength"] == nil
        if isFree, chance(20) { return pick(["$(params.x)", "{{x}}", "$(date)", ""]) }
        return pick(["a", "b", "c1"])
    }

    private mutating func chance(_ one: UInt64) -> Bool { random.next() % one == 0 }

    private mutating func pick(_ words: [String]) -> String { words[Int(random.next() % UInt64(words.count))] }
}
