import APIServer
import KubeClient
import KubeRuntime
import TowlineAPI

/// What a user does with one environment, and what its status says then: it becomes ready, a phase fails and is repeated,
/// the environment is extended, and ends.
///
/// Prints the commands of the user and the changes of the status.
struct DemoStory: Sendable {
    /// The file of the example that the story is about.
    static let file = "examples/repaired-environment.yaml"
    private static let environments = GroupVersionResource(
        group: "towline.dev", version: "v1alpha1", resource: "environments")
    private static let pipelines = GroupVersionResource(group: "tekton.dev", version: "v1", resource: "pipelines")
    /// The workflow whose failure somebody fixes.
    private static let pipeline = "migrate-schema"
    private static let failure = "sandbox.towline.dev/fail.migrate"

    let cluster: any SandboxCluster
    let manifest: JSONValue
    /// How long each step may take.
    var limit = Duration.seconds(30)
    var clock = WallClock.system
    let print: @Sendable (String) -> Void

    private var namespace: String { manifest[path: ["metadata", "namespace"]]?.stringValue ?? "default" }
    private var name: String { manifest[path: ["metadata", "name"]]?.stringValue ?? "" }

    /// Plays the story; returns what was not as expected.
    func play() async -> [String] {
        do {
            try await tell()
            return []
        } catch let error as Unexpected {
            return [error.description]
        } catch let error as StatusError {
            return ["env/\(name): \(error.message)"]
        } catch {
            // Interrupted.
            return []
        }
    }

    private struct Unexpected: Error {
        let description: String
    }

    private func tell() async throws {
        var seen = Seen()
        print("\nAn environment, from its start to its end:")
        run("kubectl apply -f \(Self.file)")
        _ = try await cluster.create(
            Self.environments, namespace: namespace, manifest, fieldManager: "kubectl")
        try await follow(&seen, "becomes ready") { $0.readyAt != nil }
        try await follow(&seen, "fails in a phase") { $0.place == "Degraded/PhaseFailed" }

        print("\nSomebody fixes the workflow, and asks for another attempt:")
        let recorded = try await setFailure(nil)
        run("kubectl annotate env/\(name) \(WellKnown.retryRequestedAnnotation)=\(clock.now().rfc3339)")
        try await annotate(WellKnown.retryRequestedAnnotation, clock.now().rfc3339)
        try await follow(&seen, "is repaired") { $0.place == "Active/Ready" }
        try await setFailure(recorded)

        print("\nIt is needed for longer:")
        let later = (clock.now() + .seconds(86_400)).rfc3339
        run("kubectl annotate env/\(name) \(WellKnown.extendedUntilAnnotation)=\(later)")
        try await annotate(WellKnown.extendedUntilAnnotation, later)
        try await follow(&seen, "is extended") { $0.expiresAt == later }

        print("\nIt is no longer needed:")
        run(#"kubectl patch env/\#(name) --type=merge -p '{"spec":{"desired":"Inactive"}}'"#)
        try await patch(["spec": ["desired": "Inactive"]])
        try await follow(&seen, "is torn down") { $0.place == "Inactive/Deactivated" && $0.isTornDown }
        print("")
    }

    private func run(_ command: String) { print("$ \(command)") }

    // MARK: What the user does

    private func annotate(_ annotation: String, _ value: String) async throws {
        try await patch(["metadata": ["annotations": .object([annotation: .string(value)])]])
    }

    private func patch(_ change: JSONValue) async throws {
        _ = try await cluster.patch(
            Self.environments, namespace: namespace, name: name, merge: change, subresource: nil,
            fieldManager: "kubectl")
    }

    /// Sets how the workflow fails in the sandbox, or that it does not; returns what was set before.
    @discardableResult
    private func setFailure(_ value: String?) async throws -> String? {
        let pipeline = try await cluster.get(Self.pipelines, namespace: namespace, name: Self.pipeline)
        let annotation: JSONValue = value.map { .string($0) } ?? .null
        _ = try await cluster.patch(
            Self.pipelines, namespace: namespace, name: Self.pipeline,
            merge: ["metadata": ["annotations": .object([Self.failure: annotation])]], subresource: nil,
            fieldManager: "kubectl")
        return pipeline[path: ["metadata", "annotations", Self.failure]]?.stringValue
    }

    // MARK: What the status says

    /// What the story reads of a status.
    private struct State: Equatable {
        let place: String
        let message: String
        let readyAt: String?
        let expiresAt: String?
        let isTornDown: Bool

        init(_ environment: JSONValue) {
            func status(_ field: String) -> String? { environment[path: ["status", field]]?.stringValue }
            place = [status("phase"), status("reason")].compactMap { $0 }.joined(separator: "/")
            message = status("message") ?? ""
            readyAt = status("readyAt")
            expiresAt = status("expiresAt")
            let conditions = environment[path: ["status", "conditions"]]?.arrayValue ?? []
            isTornDown = conditions.contains { $0["type"] == "TornDown" && $0["status"] == "True" }
        }
    }

    /// What was printed last.
    private struct Seen {
        var line = ""
        var isReady = false
        var expiresAt: String?
    }

    /// Prints each change until the condition is true; throws if that takes too long.
    private func follow(_ seen: inout Seen, _ what: String, until condition: (State) -> Bool) async throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let environment = try await cluster.get(Self.environments, namespace: namespace, name: name)
            let state = State(environment)
            show(state, &seen)
            if condition(state) { return }
            guard ContinuousClock.now < deadline else {
                throw Unexpected(description: "env/\(name) is \(state.place) after \(limit); expected that it \(what)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func show(_ state: State, _ seen: inout Seen) {
        let line = "  \(state.place): \(state.message)"
        if !state.message.isEmpty, line != seen.line { print(line) }
        seen.line = line
        if let readyAt = state.readyAt, !seen.isReady {
            print("  ready since \(readyAt)")
            seen.isReady = true
        }
        if let expiresAt = state.expiresAt, expiresAt != seen.expiresAt {
            print("  expires at \(expiresAt)")
            seen.expiresAt = expiresAt
        }
    }
}
