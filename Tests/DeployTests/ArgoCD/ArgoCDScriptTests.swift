import Foundation
import KubeClient
import Testing
import TowlineAPI

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct HealthTests {
    private let script = LuaScript(path: "deploy/argo-cd/health.lua")

    @Test func everyStateHasItsHealth() async throws {
        let states = ExecutionState.all
        let results = try await script.results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            #expect(result["status"] == .string(state.verdict.health), "\(state): \(result.encodedString)")
            #expect(result["message"]?.stringValue?.isEmpty == false, "\(state)")
        }
    }

    @Test func theMessageSaysWhy() async throws {
        let state = try #require(ExecutionState.all.first { $0.description == "stepFailed, seen" })
        #expect(try await script.result(for: state.object)["message"] == "StepFailed: said \"so\"\\ \n\u{1}é")
        let silent = try #require(ExecutionState.all.first { $0.description == "invalidSpec, decided" })
        #expect(try await script.result(for: silent.object)["message"] == "InvalidSpec")
    }

    /// Objects that no operator wrote: nothing may make the script fail, or call a run finished that is not.
    @Test(arguments: [
        #"{"metadata":{"generation":1},"spec":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":-1,"phase":"Pending"}}"#,
        #"{"metadata":{},"spec":{},"status":{"observedGeneration":1,"reason":"Suspended"}}"#,
        #"{"metadata":{"generation":2},"spec":{},"status":{"observedGeneration":"1","reason":"Suspended"}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":"x","outcome":"Success"}}"#,
    ])
    func whatIsOddIsProgressing(_ object: String) async throws {
        #expect(try await script.result(for: JSONValue(parsing: object))["status"] == "Progressing")
    }

    /// The surroundings are as narrow as those in Argo CD, or the tests above prove nothing.
    @Test(arguments: [
        "string.len('')", "math.floor(1)", "io.write('')", "('x'):len()", "require('string')", "print(1)",
    ])
    func theSurroundingsAreThoseOfArgoCD(_ expression: String) async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "probe-\(UUID().uuidString).lua")
        try "return { value = \(expression) }".write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(try await LuaScript(file: file).result(for: [:])["error"] != nil)
    }
}

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct ActionTests {
    private func action(_ name: String) -> LuaScript { LuaScript(path: "deploy/argo-cd/actions/\(name)/action.lua") }
    private let discovery = LuaScript(path: "deploy/argo-cd/actions/discovery.lua")

    /// An action is offered while the execution has not ended and has not been asked for as much.
    @Test func whatCannotHelpIsDisabled() async throws {
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

    /// Argo CD sends the difference as a patch: it may be nothing but the one field.
    @Test(arguments: [("stop", "Stop"), ("terminate", "Terminate")])
    func anActionSetsTheShutdownAndNothingElse(_ name: String, _ shutdown: JSONValue) async throws {
        let states = ExecutionState.all.filter { !$0.status.phase.isTerminal && $0.shutdown == nil }
        let results = try await action(name).results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            var expected = state.object
            expected[path: ["spec", "shutdown"]] = shutdown
            #expect(result == expected.withoutNulls, "\(state)")
        }
    }

    /// Between the look and the click somebody else may have asked: what may only be raised is not lowered.
    @Test func nothingIsLowered() async throws {
        let state = try #require(ExecutionState.all.first { !$0.status.phase.isTerminal && $0.shutdown == .terminate })
        for name in ["stop", "terminate"] {
            #expect(try await action(name).result(for: state.object)[path: ["spec", "shutdown"]] == "Terminate")
        }
    }
}

extension JSONValue {
    /// The value as Lua can hold it: absent instead of null.
    fileprivate var withoutNulls: JSONValue {
        guard case .object(let object) = self else { return self }
        var result = JSONObject()
        for member in object where !member.value.isNull { result[member.key] = member.value.withoutNulls }
        return .object(result)
    }
}
