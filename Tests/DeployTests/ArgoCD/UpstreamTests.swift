import KubeClient
import TestSupport
import Testing

/// The tests that Argo CD runs over its own scripts, in its own files, for the day when these are among them.
///
/// The objects are what `kubectl get -o yaml` showed of executions in the sandbox.
@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct UpstreamTests {
    private static let folder = "deploy/argo-cd"
    private static let actions = "deploy/argo-cd/actions"

    private func object(_ path: JSONValue?, in folder: String) throws -> JSONValue {
        let path = try #require(path?.stringValue)
        return try #require(Repository.documents("\(folder)/\(path)").first)
    }

    private func cases(_ list: String, in path: String) throws -> [JSONValue] {
        let cases = try Repository.documents(path).first?[list]?.arrayValue ?? []
        try #require(!cases.isEmpty)
        return cases
    }

    @Test func healthIsAsWrittenDown() async throws {
        let script = LuaScript(path: "\(Self.folder)/health.lua")
        for test in try cases("tests", in: "\(Self.folder)/health_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: Self.folder))
            #expect(result == test["healthStatus"], "\(test["inputPath"]?.stringValue ?? "")")
        }
    }

    @Test func actionsAreOfferedAsWrittenDown() async throws {
        let script = LuaScript(path: "\(Self.actions)/discovery.lua")
        for test in try cases("discoveryTests", in: "\(Self.actions)/action_test.yaml") {
            let result = try await script.result(for: object(test["inputPath"], in: Self.actions))
            for var action in try #require(test["result"]?.arrayValue) {
                let name = try #require(action["name"]?.stringValue)
                action["name"] = nil
                #expect(result[name] == action, "\(test["inputPath"]?.stringValue ?? ""): \(name)")
            }
        }
    }

    @Test func actionsDoWhatIsWrittenDown() async throws {
        for test in try cases("actionTests", in: "\(Self.actions)/action_test.yaml") {
            let name = try #require(test["action"]?.stringValue)
            let script = LuaScript(path: "\(Self.actions)/\(name)/action.lua")
            let result = try await script.result(for: object(test["inputPath"], in: Self.actions))
            #expect(try result == object(test["expectedOutputPath"], in: Self.actions), "\(name)")
        }
    }
}
