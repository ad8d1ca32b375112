import APIServer
import CommandLineOptions
import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox

/// Applies the examples, shows their progress, and compares the results with the expected ones.
struct Demo: Sendable {
    private static let executions = GroupVersionResource(
        group: "towline.dev", version: "v1alpha1", resource: "workflowexecutions")
    /// The time limit for all examples together.
    private static let limit = Duration.seconds(120)

    let cluster: LocalCluster

    func play() async throws -> DemoSummary {
        let executions = try Examples.executions
        let invalid = executions.filter { ExpectedResult(of: $0.object)?.isRejection ?? false }
        let valid = executions.filter { !(ExpectedResult(of: $0.object)?.isRejection ?? false) }
        try cluster.load(Examples.workflows)
        try cluster.load(valid)
        var summary = DemoSummary()
        for object in await watch() { summary.add(ExecutionRow(object), expected: ExpectedResult(of: object)) }
        summary.isInterrupted = Task.isCancelled
        guard !summary.isInterrupted else { return summary }
        for manifest in invalid { summary.add(rejectionOf: manifest.object, message: rejection(of: manifest)) }
        return summary
    }

    /// Shows the executions until all have finished, the time limit has passed, or the task is canceled.
    private func watch() async -> [JSONValue] {
        let isTerminal = Console.isTerminal && ProcessInfo.processInfo.environment["TERM"] != "dumb"
        var screen = DemoScreen(isTerminal: isTerminal, size: { Console.size }, write: Console.write)
        let deadline = ContinuousClock.now.advanced(by: Self.limit)
        var objects: [JSONValue] = []
        while ContinuousClock.now < deadline {
            objects = (try? cluster.server.cluster.list(Self.executions, namespace: nil, labelSelector: "")) ?? []
            let rows = objects.map(ExecutionRow.init)
            screen.show(rows)
            if rows.allSatisfy(\.isFinished) { break }
            // Short, so that the table follows a resized terminal.
            guard (try? await Task.sleep(for: .milliseconds(100))) != nil else { break }
        }
        screen.finish()
        return objects
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
