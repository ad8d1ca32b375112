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
            try cluster.load(try ManifestFiles.documents(at: "\(folder)/workflows"))
            Console.print("The API is served at \(cluster.server.url); the examples are those of \(folder).\n")
            let expected = try apply(try ManifestFiles.documents(at: folder))
            let rows = await watch(Set(expected.keys))
            let refusals = refuse(try ManifestFiles.documents(at: "\(folder)/invalid"))
            return summarize(rows, expected, refusals)
        } catch {
            Console.printError("towline demo: \(error)")
            return 1
        }
    }

    /// Creates the examples; returns what each execution says about its end, by namespace and name.
    private func apply(_ documents: [JSONValue]) throws -> [String: Expectation?] {
        try cluster.load(documents)
        var expected: [String: Expectation?] = [:]
        for execution in try cluster.server.cluster.list(Self.executions, namespace: nil, labelSelector: "") {
            expected[Self.key(execution)] = .some(Expectation(of: execution))
        }
        return expected
    }

    /// Shows the executions until all have ended, or the time is up.
    private func watch(_ keys: Set<String>) async -> [ExecutionRow] {
        var screen = DemoScreen(isTerminal: Console.isTerminal, write: Console.write)
        let deadline = ContinuousClock.now.advanced(by: Self.limit)
        var rows: [ExecutionRow] = []
        while ContinuousClock.now < deadline, !Task.isCancelled {
            let objects = try? cluster.server.cluster.list(Self.executions, namespace: nil, labelSelector: "")
            rows = (objects ?? []).filter { keys.contains(Self.key($0)) }.map(ExecutionRow.init)
            screen.show(rows)
            if rows.allSatisfy(\.isFinished) { break }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return rows
    }

    /// Offers the invalid examples to the API and returns what it said to each.
    private func refuse(_ documents: [JSONValue]) -> [(name: String, message: String?)] {
        documents.filter { Expectation(of: $0) == nil }.map { document in
            let name = document[path: ["metadata", "name"]]?.stringValue ?? "?"
            do {
                try cluster.load([document])
                return (name, nil)
            } catch {
                return (name, "\(error)")
            }
        }
    }

    private func summarize(
        _ rows: [ExecutionRow], _ expected: [String: Expectation?], _ refusals: [(name: String, message: String?)]
    ) -> Int32 {
        var surprises: [String] = []
        for row in rows {
            guard let expectation = expected["\(row.namespace)/\(row.name)"] ?? nil else { continue }
            if !expectation.isMet(by: row) {
                let actual = [row.phase, row.outcome, row.reason].joined(separator: "/")
                surprises.append(
                    "\(row.namespace)/\(row.name) ended \(actual), expected \(expectation): \(row.message)")
            }
        }
        Console.print("")
        for row in rows where row.phase == "Failed" { Console.print("\(row.name): \(row.message)") }
        Console.print("")
        for refusal in refusals {
            if let message = refusal.message {
                Console.print("refused: \(message)")
            } else {
                surprises.append("\(refusal.name) should have been refused by the API and was not")
            }
        }
        for surprise in surprises { Console.print("NOT AS EXPECTED: \(surprise)") }
        let finished = rows.filter(\.isFinished).count
        Console.print(
            "\n\(finished) of \(rows.count) executions ended, \(refusals.count) invalid ones offered, "
                + "\(surprises.count) surprises.")
        return surprises.isEmpty && finished == rows.count ? 0 : 1
    }

    private static func key(_ execution: JSONValue) -> String {
        let metadata = execution["metadata"]
        return "\(metadata?["namespace"]?.stringValue ?? "")/\(metadata?["name"]?.stringValue ?? "")"
    }
}
