import APIServer
import CommandLineOptions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox
import TowlineAPI

/// Applies the examples, shows their progress, and compares the results with the expected ones; then plays the story of
/// one environment.
struct Demo: Sendable {
    /// The time limit for all examples together.
    private static let limit = Duration.seconds(120)

    let cluster: LocalCluster

    func play() async throws -> DemoSummary {
        let examples = try Examples.objects
        let invalid = examples.filter { ExpectedResult(of: $0.object)?.isRejection ?? false }
        let valid = examples.filter { !(ExpectedResult(of: $0.object)?.isRejection ?? false) }
        try cluster.load(Examples.workflows)
        let story = valid.first { $0.place.hasPrefix(DemoStory.file) }
        try cluster.load(valid.filter { $0.place != story?.place })
        var summary = DemoSummary()
        for object in await watch() { summary.add(DemoRow(object), expected: ExpectedResult(of: object)) }
        if let story, !Task.isCancelled {
            let story = DemoStory(cluster: cluster.server.cluster, manifest: story.object, print: Console.print)
            summary.add(problemsOf: await story.play())
        }
        summary.isInterrupted = Task.isCancelled
        guard !summary.isInterrupted else { return summary }
        for manifest in invalid { summary.add(rejectionOf: manifest.object, message: rejection(of: manifest)) }
        return summary
    }

    /// Shows the examples until all have finished, the time limit has passed, or the task is canceled.
    private func watch() async -> [JSONValue] {
        let isTerminal = Console.isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        var screen = DemoScreen(isTerminal: isTerminal, size: { Console.size }, write: Console.write)
        let deadline = ContinuousClock.now.advanced(by: Self.limit)
        var objects: [JSONValue] = []
        while ContinuousClock.now < deadline {
            objects = current()
            let rows = objects.map(DemoRow.init)
            screen.show(rows)
            if rows.allSatisfy(\.isFinished) { break }
            // Short, so that the table follows a resized terminal.
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { break }
        }
        screen.finish()
        return objects
    }

    /// The executions and environments; an environment stands for the executions of its phases.
    private func current() -> [JSONValue] {
        ["workflowexecutions", "environments"].flatMap { resource in
            (try? cluster.server.cluster.list(
                GroupVersionResource(group: "towline.dev", version: "v1alpha1", resource: resource), namespace: nil,
                labelSelector: "!\(WellKnown.environmentUIDLabel)")) ?? []
        }
    }

    /// Sends an invalid example to the API server and returns its error; nil if the server accepted it.
    private func rejection(of manifest: Manifest) -> String? {
        do {
            try cluster.server.cluster.load([manifest.object])
            return nil
        } catch {
            return "\(error)"
        }
    }
}
