import Foundation
import KubeClient
import TestSupport
import Testing

/// Alerts, dashboard and pages name existing metrics, and every alert is complete.
@Suite struct MonitoringTests {
    @Test func `alerts use existing metrics and labels`() throws {
        let names = try MetricNames()
        for alert in try Monitoring.alerts() {
            let query = try PromQuery(alert.query)
            #expect(!query.selectors.isEmpty, "\(alert.name)")
            #expect(names.problems(of: query) == [], "\(alert.name)")
        }
    }

    @Test func `the dashboard uses existing metrics and labels`() throws {
        let names = try MetricNames()
        let queries = try Monitoring.dashboardQueries()
        #expect(queries.count > 20)
        for (title, query) in queries {
            #expect(names.problems(of: try PromQuery(query)) == [], "\(title)")
        }
    }

    /// Every name on a page that looks like a metric exists.
    @Test func `pages name existing metrics`() throws {
        let names = try MetricNames()
        let prefixes = Set(names.descriptions.keys.compactMap { $0.split(separator: "_").first })
        let pages = ["README.md"] + (try Repository.files(below: "docs").filter { $0.hasSuffix(".md") })
        for page in pages {
            for match in try Repository.text(page).matches(of: /`([a-z]+_[a-z_]+)(\{[^`]*\})?`/) {
                let word = match.1
                guard let prefix = word.split(separator: "_").first, prefixes.contains(prefix), !word.hasSuffix("_")
                else { continue }
                let isMetric = names.descriptions[String(word)] != nil || names.metric(of: String(word)) != nil
                #expect(isMetric, "\(page) names \(word)")
            }
        }
    }

    @Test func `every alert has a severity, a summary, a description and a runbook`() throws {
        let alerts = try Monitoring.alerts()
        #expect(Set(alerts.map(\.name)).count == alerts.count)
        for alert in alerts {
            #expect(alert.name.wholeMatch(of: /Towline[A-Z][A-Za-z]+/) != nil)
            #expect(["critical", "warning", "info"].contains(alert.severity), "\(alert.name)")
            for key in ["summary", "description"] { #expect(alert.annotations[key]?.isEmpty == false, "\(alert.name)") }
            #expect(
                alert.annotations["runbook_url"]?.hasSuffix("/\(Monitoring.runbooks)/\(alert.name).md") == true,
                "\(alert.name)")
        }
    }

    @Test func `every alert has a runbook, and every runbook an alert`() throws {
        let pages = try Repository.files(below: Monitoring.runbooks)
        let alerts = try Monitoring.alerts()
        #expect(Set(pages) == Set(alerts.map { "\(Monitoring.runbooks)/\($0.name).md" }))
        let overview = try Repository.text("docs/monitoring.md")
        for alert in alerts {
            let text = try Repository.text("\(Monitoring.runbooks)/\(alert.name).md")
            #expect(text.hasPrefix("# \(alert.name)\n\nSeverity: \(alert.severity ?? "?").\n"))
            for heading in ["Meaning", "Impact", "Diagnosis", "Fix"] {
                #expect(text.contains("\n## \(heading)\n"), "\(alert.name) has \(heading)")
            }
            #expect(
                overview.contains("[\(alert.name)](runbooks/\(alert.name).md)"), "docs/monitoring.md does not list it")
        }
    }

    /// Both monitors select the pods and the port of the base.
    @Test(arguments: ["podmonitor", "servicemonitor"]) func `monitors select the metrics port`(file: String) throws {
        let monitor = try #require(try Repository.documents("deploy/monitoring/\(file).yaml").first)
        let installation = try Installation.singleFile()
        let endpoints = monitor.list("spec", "podMetricsEndpoints") + monitor.list("spec", "endpoints")
        let port = try #require(endpoints.first?["port"]?.stringValue)
        let selector = try #require(monitor[path: ["spec", "selector"]])
        if file == "podmonitor" {
            let chosen = installation.podTemplates.filter { selector.selects($0.template.labels) }
            let ports = chosen.flatMap { $0.template.list("spec", "containers") }.flatMap { $0.list("ports") }
            #expect(ports.contains { $0["name"]?.stringValue == port })
        } else {
            let services = installation.objects(of: "Service").filter { selector.selects($0.labels) }
            #expect(services.count == 1)
            #expect(services.flatMap { $0.list("spec", "ports") }.contains { $0["name"]?.stringValue == port })
        }
    }

    @Test(arguments: [
        "nothing_total", "towline_execution_total{color=\"red\"}", "sum by (color) (towline_execution_total)",
        "towline_execution_total{outcome=\"Successful\"}", "towline_execution_duration_seconds",
        "towline_executions_bucket", "rate(workqueue_depth{priority=\"fresh\"}[5m])",
    ])
    func `reports names that do not exist`(query: String) throws {
        #expect(try MetricNames().problems(of: PromQuery(query)).count == 1)
    }
}

/// Alerts and queries, checked by promtool if it is installed.
@Suite(.enabled(if: Tool.installed("promtool") != nil, "promtool is not installed")) struct PromtoolTests {
    /// Writes files into a temporary folder and runs promtool on one of them.
    private func promtool(_ arguments: String..., on file: String, files: [String: JSONValue]) async throws {
        let promtool = try #require(Tool.installed("promtool"))
        let folder = URL.temporaryDirectory.appending(path: "towline-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // JSON is YAML.
        for (name, content) in files { try Data(content.encoded).write(to: folder.appending(path: name)) }
        _ = try await promtool.output(arguments + [folder.appending(path: file).path])
    }

    @Test func `promtool accepts the alerts`() async throws {
        try await promtool("check", "rules", on: "rules.yaml", files: ["rules.yaml": try Monitoring.rules()])
    }

    @Test func `promtool accepts the dashboard's queries`() async throws {
        let rules = try Monitoring.dashboardQueries().enumerated().map { index, panel -> JSONValue in
            ["record": .string("panel:\(index)"), "expr": .string(panel.query)]
        }
        let group: JSONValue = ["name": "dashboard", "rules": .array(rules)]
        try await promtool("check", "rules", on: "rules.yaml", files: ["rules.yaml": ["groups": [group]]])
    }

    @Test(arguments: AlertCase.all) func `alerts fire only when they should`(_ example: AlertCase) async throws {
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

    @Test func `every alert has a case that fires and one that does not`() throws {
        let names = Set(try Monitoring.alerts().map(\.name))
        for fires in [true, false] {
            #expect(Set(AlertCase.all.filter { $0.fires == fires }.map(\.alert)) == names)
        }
    }
}
