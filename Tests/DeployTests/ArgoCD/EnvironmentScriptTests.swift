import Foundation
import KubeClient
import Testing

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct EnvironmentHealthTests {
    private let script = LuaScript(path: "deploy/argo-cd/Environment/health.lua")

    @Test func `reports the health of every state of an environment`() async throws {
        let states = EnvironmentState.all
        let results = try await script.results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            #expect(result["status"] == .string(state.health), "\(state): \(result.encodedString)")
            #expect(result["message"]?.stringValue?.isEmpty == false, "\(state)")
        }
    }

    @Test func `the message is reason and message of the environment's status`() async throws {
        let state = try #require(EnvironmentState.all.first { $0.phase == "Failed" })
        #expect(try await script.result(for: state.object)["message"] == .string("\(state.reason): said \"so\""))
    }

    /// Objects that no operator wrote: the script must neither fail nor report an environment as ready.
    @Test(arguments: [
        #"{"metadata":{"generation":1},"spec":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":-1,"phase":"Pending"}}"#,
        #"{"metadata":{},"spec":{},"status":{"observedGeneration":1,"phase":"Active"}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":1}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":"x","phase":"Active"}}"#,
        #"{"metadata":{"generation":1},"spec":{},"status":{"observedGeneration":1,"phase":"Unknown","conditions":[]}}"#,
    ])
    func `an incomplete status of an environment is Progressing`(_ object: String) async throws {
        #expect(try await script.result(for: JSONValue(parsing: object))["status"] == "Progressing")
    }
}

@Suite(.enabled(if: LuaScript.interpreter != nil, "lua5.1 is not installed")) struct EnvironmentActionTests {
    private static let folder = "deploy/argo-cd/Environment/actions"
    private static let annotations = ["metadata", "annotations"]
    private let discovery = LuaScript(path: "\(folder)/discovery.lua")

    private func action(_ name: String) -> LuaScript { LuaScript(path: "\(Self.folder)/\(name)/action.lua") }

    @Test func `actions on an environment without effect are disabled`() async throws {
        let states = EnvironmentState.all
        let results = try await discovery.results(for: states.map(\.object))
        for (state, result) in zip(states, results) {
            #expect(result.objectValue?.keys.sorted() == ArgoCDScripts.actions["Environment"], "\(state)")
            let isFailed = state.phase == "Failed" || state.phase == "Degraded"
            let isHeld = state.phase == "Terminating" && state.reason == "TeardownFailed"
            let isTearingDown = state.phase == "Terminating" || state.isDeleted && state.phase != "Inactive"
            let enabled = [
                "extend": !state.isEnding, "deactivate": !state.isEnding,
                "retry-phase": isFailed && !state.isEnding || isHeld,
                "skip-teardown": isTearingDown && state.conditions["TornDown"] != nil,
            ]
            for (name, isEnabled) in enabled {
                #expect(result[name]?["disabled"] == .bool(!isEnabled), "\(state): \(name)")
            }
        }
    }

    @Test func `there is nothing to do for an environment that no operator has read`() async throws {
        let object: JSONValue = ["metadata": ["generation": 1], "spec": [:]]
        let result = try await discovery.result(for: object)
        let enabled = ArgoCDScripts.actions["Environment"]?.filter { result[$0]?["disabled"] == false }
        #expect(enabled == ["deactivate"])
    }

    @Test func `teardown is not skipped twice, and an environment without expiry is not extended`() async throws {
        var object = try #require(EnvironmentState.all.first { $0.reason == "TeardownFailed" }).object
        #expect(try await discovery.result(for: object)["skip-teardown"]?["disabled"] == false)
        object = try await action("skip-teardown").result(for: object)
        #expect(try await discovery.result(for: object)["skip-teardown"]?["disabled"] == true)
        object = try #require(EnvironmentState.all.first { $0.phase == "Active" }).object
        #expect(try await discovery.result(for: object)["extend"]?["disabled"] == false)
        object[path: ["status", "expiresAt"]] = nil
        #expect(try await discovery.result(for: object)["extend"]?["disabled"] == true)
        #expect(try await action("extend").result(for: object) == object)
    }

    /// Argo CD sends the difference as a patch, which must be one field only.
    @Test(
        arguments: [
            ("deactivate", ["spec", "desired"], "Inactive"),
            ("skip-teardown", annotations + ["towline.dev/skip-teardown"], "true"),
            ("extend", annotations + ["towline.dev/extended-until"], "2026-12-03T20:00:00Z"),
        ] as [(String, [String], JSONValue)])
    func `an action on an environment sets one field`(_ name: String, _ path: [String], _ value: JSONValue) async throws
    {
        for annotations in [nil, ["a": "b"]] as [JSONValue?] {
            var object = try #require(EnvironmentState.all.first).object
            object[path: Self.annotations] = annotations
            let result = try await action(name).result(for: object)
            object[path: path] = value
            #expect(result == object)
        }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", "1970-01-01T02:00:00Z"), ("2026-12-31T22:30:01Z", "2027-01-01T00:30:01Z"),
            ("2028-02-28T23:59:59Z", "2028-02-29T01:59:59Z"), ("2999-12-31T23:00:00Z", "3000-01-01T01:00:00Z"),
            // A fraction of a second, which the operator does not write, is dropped with its second.
            ("2026-12-03T18:00:00.5Z", "2026-12-03T19:59:59Z"),
        ] as [(JSONValue, JSONValue)])
    func `an environment is extended by two hours`(_ expiresAt: JSONValue, _ expected: JSONValue) async throws {
        let object: JSONValue = ["metadata": ["name": "e"], "spec": [:], "status": ["expiresAt": expiresAt]]
        let result = try await action("extend").result(for: object)
        #expect(result[path: Self.annotations + ["towline.dev/extended-until"]] == expected)
    }

    @Test func `each request to retry has its own time`() async throws {
        let state = try #require(EnvironmentState.all.first { $0.phase == "Failed" })
        let result = try await action("retry-phase").result(for: state.object)
        let text = try #require(result[path: Self.annotations + ["towline.dev/retry-requested-at"]]?.stringValue)
        let time = try Date(text, strategy: .iso8601)
        #expect(abs(time.timeIntervalSinceNow) < 60)
    }
}
