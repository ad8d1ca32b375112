import Foundation
import KubeClient
import TestSupport
import Testing

/// What Prometheus' own tool says of alerts and queries, where it is installed.
@Suite(.enabled(if: Tool.installed("promtool") != nil, "promtool is not installed")) struct PromtoolTests {
    /// Writes files into a folder of their own and has promtool look at one of them.
    private func promtool(_ arguments: String..., on file: String, files: [String: JSONValue]) async throws {
        let promtool = try #require(Tool.installed("promtool"))
        let folder = URL.temporaryDirectory.appending(path: "towline-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // JSON is YAML.
        for (name, content) in files { try Data(content.encoded).write(to: folder.appending(path: name)) }
        try await promtool.output(arguments + [folder.appending(path: file).path])
    }

    @Test func takesTheAlerts() async throws {
        try await promtool("check", "rules", on: "rules.yaml", files: ["rules.yaml": try Monitoring.rules()])
    }

    @Test func takesTheQueriesOfTheDashboard() async throws {
        let rules = try Monitoring.dashboardQueries().enumerated().map { index, panel -> JSONValue in
            ["record": .string("panel:\(index)"), "expr": .string(panel.query)]
        }
        let group: JSONValue = ["name": "dashboard", "rules": .array(rules)]
        try await promtool("check", "rules", on: "rules.yaml", files: ["rules.yaml": ["groups": [group]]])
    }

    @Test(arguments: AlertCase.all) func alertsFireWhenTheyShouldAndOnlyThen(_ example: AlertCase) async throws {
        let series = example.series.map { name, values -> JSONValue in
            ["series": .string(name), "values": .string(values)]
        }
        let expected: JSONValue = [
            "expr": .string(#"count(ALERTS{alertname="\#(example.alert)",alertstate="firing"}) or vector(0)"#),
            "eval_time": .string("\(example.minutes)m"),
            "exp_samples": [["labels": "{}", "value": example.fires ? 1 : 0]],
        ]
        let tests: JSONValue = [
            "rule_files": ["rules.yaml"], "evaluation_interval": "1m",
            "tests": [
                ["interval": "1m", "input_series": .array(series), "promql_expr_test": [expected]]
            ],
        ]
        try await promtool(
            "test", "rules", on: "tests.yaml", files: ["rules.yaml": try Monitoring.rules(), "tests.yaml": tests])
    }

    @Test func everyAlertHasAnExampleOfEachKind() throws {
        let names = Set(try Monitoring.alerts().map(\.name))
        for fires in [true, false] {
            #expect(Set(AlertCase.all.filter { $0.fires == fires }.map(\.alert)) == names)
        }
    }
}
