import APIServer
import KubeClient
import TestSupport
import Testing

@testable import towline_sandbox

@Suite struct DemoStoryTests {
    private static let environments = GroupVersionResource(
        group: "towline.dev", version: "v1alpha1", resource: "environments")

    private func makeCluster() throws -> Cluster {
        let cluster = try LocalCluster().server.cluster
        try cluster.load([
            [
                "apiVersion": "tekton.dev/v1", "kind": "Pipeline",
                "metadata": [
                    "name": "migrate-schema", "namespace": "default",
                    "annotations": ["sandbox.towline.dev/fail.migrate": "exit=3"],
                ], "spec": [:],
            ]
        ])
        return cluster
    }

    private let manifest: JSONValue = [
        "apiVersion": "towline.dev/v1alpha1", "kind": "Environment", "metadata": ["name": "repaired"],
        "spec": [
            "timeslot": ["ttlSeconds": 600],
            "lifecycle": ["phases": [["name": "wait", "engine": "pipeline", "steps": [["markReady": [:]]]]]],
        ],
    ]

    /// The status that an operator could write for what the user has done.
    private func status(for environment: JSONValue) -> JSONValue {
        let annotations = environment[path: ["metadata", "annotations"]]
        var status: JSONValue = [
            "observedGeneration": 1, "phase": "Degraded", "reason": "PhaseFailed", "message": "migrate failed",
            "startedAt": "2026-01-01T10:00:00Z", "readyAt": "2026-01-01T10:00:03Z",
            "expiresAt": "2026-01-01T11:00:00Z",
        ]
        if annotations?["towline.dev/retry-requested-at"] != nil {
            status["phase"] = "Active"
            status["reason"] = "Ready"
            status["message"] = "The environment is ready."
        }
        if let later = annotations?["towline.dev/extended-until"] { status["expiresAt"] = later }
        if environment[path: ["spec", "desired"]] == "Inactive" {
            status["phase"] = "Inactive"
            status["reason"] = "Deactivated"
            status["message"] = "The environment was deactivated."
            status["finishedAt"] = "2026-01-01T10:01:00Z"
            status["conditions"] = [
                [
                    "type": "TornDown", "status": "True", "reason": "TornDown", "message": "Torn down.",
                    "lastTransitionTime": "2026-01-01T10:01:00Z", "observedGeneration": 1,
                ]
            ]
        }
        return status
    }

    @Test func `shows what the user does and what the status says`() async throws {
        let cluster = try makeCluster()
        let printed = Locked<[String]>([])
        let operating = Task {
            while !Task.isCancelled {
                if let environment = try? cluster.get(Self.environments, namespace: "default", name: "repaired") {
                    _ = try? cluster.patch(
                        Self.environments, namespace: "default", name: "repaired",
                        merge: ["status": status(for: environment)], subresource: "status", fieldManager: "operator")
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        let story = DemoStory(cluster: cluster, manifest: manifest) { line in printed.withLock { $0.append(line) } }
        #expect(await story.play() == [])
        operating.cancel()
        let lines = printed.withLock { $0 }
        let expected = [
            "$ kubectl apply -f examples/repaired-environment.yaml", "  Degraded/PhaseFailed: migrate failed",
            "  ready since 2026-01-01T10:00:03Z", "  expires at 2026-01-01T11:00:00Z",
            "  Active/Ready: The environment is ready.", "  Inactive/Deactivated: The environment was deactivated.",
        ]
        #expect(lines.filter(expected.contains) == expected)
        for command in ["retry-requested-at=20", "extended-until=20", #"'{"spec":{"desired":"Inactive"}}'"#] {
            #expect(lines.count { $0.hasPrefix("$ kubectl") && $0.contains(command) } == 1, "\(command)")
        }
        let pipeline = try cluster.get(
            GroupVersionResource(group: "tekton.dev", version: "v1", resource: "pipelines"), namespace: "default",
            name: "migrate-schema")
        #expect(
            pipeline[path: ["metadata", "annotations", "sandbox.towline.dev/fail.migrate"]] == "exit=3",
            "other examples use it")
    }

    @Test func `says what did not happen`() async throws {
        var story = DemoStory(cluster: try makeCluster(), manifest: manifest) { _ in }
        story.limit = .milliseconds(50)
        let problems = await story.play()
        #expect(problems == ["env/repaired is Pending after 0.05 seconds; expected that it becomes ready"])
        #expect(await story.play().first?.contains("already exists") == true)
    }
}
