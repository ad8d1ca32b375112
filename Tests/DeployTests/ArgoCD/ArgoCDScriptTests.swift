import Foundation
import KubeClient
import Testing
import TowlineAPI

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct HealthTests {
    private let script = LuaScript(path: "deploy/argo-cd/WorkflowExecution/health.lua")

    @Test func `reports the health of every state`() async throws {
        let states = ExecutionState.all
        let results = try await script.results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            #expect(result["status"] == .string(state.verdict.health), "\(state): \(result.encodedString)")
            #expect(result["message"]?.stringValue?.isEmpty == false, "\(state)")
        }
    }

    @Test func `the message is reason and message of the status`() async throws {
        let state = try #require(ExecutionState.all.first { $0.description == "stepFailed, seen" })
        #expect(try await script.result(for: state.object)["message"] == "StepFailed: said \"so\"\\ \n\u{FFFD}é")
        let silent = try #require(ExecutionState.all.first { $0.description == "invalidSpec, decided" })
        #expect(try await script.result(for: silent.object)["message"] == "InvalidSpec")
    }

    /// Objects that no operator wrote: the script must neither fail nor report a finished run.
    @Test(arguments: [
        #"{"metadata":{"generation":1},"spec":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":-1,"phase":"Pending"}}"#,
        #"{"metadata":{},"spec":{},"status":{"observedGeneration":1,"reason":"Suspended"}}"#,
        #"{"metadata":{"generation":2},"spec":{},"status":{"observedGeneration":"1","reason":"Suspended"}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":"x","outcome":"Success"}}"#,
    ])
    func `an incomplete status is Progressing`(_ object: String) async throws {
        #expect(try await script.result(for: JSONValue(parsing: object))["status"] == "Progressing")
    }

    /// Without Argo CD's restrictions, the other tests would prove nothing.
    @Test(arguments: [
        "string.len('')", "math.floor(1)", "io.write('')", "('x'):len()", "require('string')", "print(1)", "os.clock()",
        "os.getenv('A')",
    ])
    func `scripts have only the libraries that Argo CD provides`(_ expression: String) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "probe-\(UUID().uuidString).lua")
        try "return { value = \(expression) }".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try await LuaScript(file: file).result(for: [:])["error"] != nil)
    }
}

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct ActionTests {
    private func action(_ name: String) -> LuaScript {
        LuaScript(path: "deploy/argo-cd/WorkflowExecution/actions/\(name)/action.lua")
    }
    private let discovery = LuaScript(path: "deploy/argo-cd/WorkflowExecution/actions/discovery.lua")

    /// An action is enabled until the execution has ended or the shutdown was requested.
    @Test func `actions without effect are disabled`() async throws {
        let states = ExecutionState.all
        let results = try await discovery.results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            let hasEnded = state.status.phase.isTerminal
            #expect(result.objectValue?.keys.sorted() == ["stop", "terminate"], "\(state): \(result.encodedString)")
            let stop = result["stop"]?["disabled"], terminate = result["terminate"]?["disabled"]
            #expect(stop == .bool(hasEnded || state.shutdown != nil), "\(state)")
            #expect(terminate == .bool(hasEnded || state.shutdown == .terminate), "\(state)")
        }
    }

    /// Argo CD sends the difference as a patch, which must be one field only.
    @Test(arguments: [("stop", "Stop"), ("terminate", "Terminate")])
    func `an action sets only the shutdown`(_ name: String, _ shutdown: JSONValue) async throws {
        let states = ExecutionState.all.filter { !$0.status.phase.isTerminal && $0.shutdown == nil }
        let results = try await action(name).results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            var expected = state.object
            expected[path: ["spec", "shutdown"]] = shutdown
            #expect(result == expected.withoutNulls, "\(state)")
        }
    }

    /// Another user may have requested a shutdown in the meantime.
    @Test func `an action never lowers a shutdown`() async throws {
        let state = try #require(ExecutionState.all.first { !$0.status.phase.isTerminal && $0.shutdown == .terminate })
        for name in ["stop", "terminate"] {
            #expect(try await action(name).result(for: state.object)[path: ["spec", "shutdown"]] == "Terminate")
        }
    }
}

extension JSONValue {
    /// The value without nulls, which Lua cannot represent.
    var withoutNulls: JSONValue {
        guard case .object(let object) = self else { return self }
        var result = JSONObject()
        for member in object where !member.value.isNull { result[member.key] = member.value.withoutNulls }
        return .object(result)
    }
}
