import APIServer
import FoundationEssentials
import KubeClient
import KubeRuntime
import Sandbox

/// Applies the examples, shows how they go, and compares how they ended with what their files say.
struct DemoStage: Sendable {
    private static let executions = GroupVersionResource(
        group: "towline.dev", version: "v1alpha1", resource: "workflowexecutions")
    /// How long the examples may take together.
    private static let limit = Duration.seconds(120)

    let cluster: LocalCluster

    /// Returns the exit code: 0 if everything went as the files say.
    func play() async -> Int32 {
        do {
            let folder = try ProjectFiles.path("examples")
            let documents = try ManifestFiles.documents(at: folder) + ManifestFiles.documents(at: "\(folder)/invalid")
            let isToBeRefused = { (document: JSONValue) in Expectation(of: document)?.isRefusal ?? false }
            Console.print("The API is served at \(cluster.server.url); the examples are those of \(folder).\n")

            try cluster.load(try ManifestFiles.documents(at: "\(folder)/workflows"))
            try cluster.load(documents.filter { !isToBeRefused($0) })
            var summary = DemoSummary()
            for object in await watch() { summary.note(ExecutionRow(object), Expectation(of: object)) }
            for document in documents.filter(isToBeRefused) { summary.note(refusalOf: document, offer(document)) }
            Console.print("\n\(summary.text)")
            return summary.isAsExpected ? 0 : 1
        } catch {
            Console.printError("towline demo: \(error)")
            return 1
        }
    }

    /// Shows the executions until all have ended, or the time is up, and returns them.
    private func watch() async -> [JSONValue] {
        var screen = DemoScreen(isTerminal: Console.isTerminal, write: Console.write)
        let deadline = ContinuousClock.now.advanced(by: Self.limit)
        var objects: [JSONValue] = []
        while ContinuousClock.now < deadline, !Task.isCancelled {
            objects = (try? cluster.server.cluster.list(Self.executions, namespace: nil, labelSelector: "")) ?? []
            let rows = objects.map(ExecutionRow.init)
            screen.show(rows)
            if rows.allSatisfy(\.isFinished) { break }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return objects
    }

    /// Offers an invalid example to the API and returns how it was refused; nil when it was not.
    private func offer(_ document: JSONValue) -> String? {
        do {
            try cluster.load([document])
            return nil
        } catch {
            return "\(error)"
        }
    }
}
