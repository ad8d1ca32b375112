import Exposition
import Foundation
import KubeClient
import TestSupport
import Testing

/// The complete metrics page of a running operator.
@Suite(.timeLimit(.minutes(2))) struct MetricsPageTests {
    private static let lease = "e2e-metrics"

    /// The allowed values of each label; names, messages, and other external text are not allowed.
    private static var vocabulary: [String: Regex<Substring>] {
        [
            "engine": /tekton|argo|unknown/,
            "phase": /Pending|Approaching|Running|Provisioning|Active|Degraded|Completed|Failed|Terminating|Inactive/,
            "outcome": /Success|Failed|Timeout|Cancelled|Error/, "controller": /workflowexecution|environment/,
            "reason": /[A-Z][A-Za-z]{1,30}|initial|expired|retry|probe|[a-z]+_[a-z_]+/,
            "result": /success|error|requeue|requeue_after|succeeded|failed|cancelled|timed_out|skipped|nothing/,
            "priority": /0|-100/,
            "code": /[1-5][0-9x]{2}|<error>|none|silent|short/,
            "method": /GET|POST|PUT|PATCH|DELETE/, "verb": /GET|POST|PUT|PATCH|DELETE/,
            "host": /127\.0\.0\.1:[0-9]+|[a-z0-9.:\[\]-]+/,
            "type":
                /workflowexecutions\.towline\.dev|environments\.towline\.dev|pipelineruns\.tekton\.dev|workflows\.argoproj\.io/,
            "event": /added|modified|deleted|bookmark|error|undecodable/, "version": /[0-9][0-9A-Za-z.+-]*/,
            "name": /workflowexecution|environment|e2e-metrics/, "kind": /run|execution/, "le": /[0-9.e+-]+|\+Inf/,
        ]
    }

    /// Runs executions with several outcomes; returns the metrics page and the names of all objects.
    private func page() async throws -> (text: String, names: [String]) {
        let workspace = try await Workspace.make("scraped")
        try await workspace.allowLease(Self.lease)
        let (probes, metrics) = (try FreePort.find(), try FreePort.find())
        let process = try workspace.startOperator(arguments: [
            "--health-probe-bind-address", "127.0.0.1:\(probes)", "--metrics-bind-address", "127.0.0.1:\(metrics)",
            "--leader-elect", "--leader-elect-resource-namespace", HandOverTests.leaseNamespace,
            "--leader-elect-resource-name", Self.lease,
        ])
        try await poll("ready") { try await Page.fetch(probes, "/readyz").code == 200 }
        try await workspace.create(Templates.all)
        let more = "parameters: {TARGET: outside-text}"
        try await workspace.create(Templates.execution("counted-one", engine: "tekton", more: more))
        try await workspace.create(Templates.execution("counted-two", engine: "argo", workflow: "breaks"))
        try await workspace.create(Templates.execution("counted-three", engine: "argo", workflow: "not-there"))
        for name in ["counted-one", "counted-two", "counted-three"] { _ = try await workspace.finished(name) }
        try await workspace.create(Templates.execution("counted-four", engine: "tekton", workflow: "takes-long"))
        _ = try await workspace.execution("counted-four", until: "runs") { $0.status("phase") == "Running" }
        let text = try await Page.fetch(metrics, "/metrics").body
        #expect(try await process.stop() == 0)
        return (text, [workspace.namespace, "counted-", "outside-text", "not-there", "takes-long"])
    }

    @Test func `serves a valid and complete metrics page without object names`() async throws {
        let (text, names) = try await page()
        let page = try Exposition(text)
        for name in names { #expect(!text.contains(name), "\(name) must not be on the page") }
        let vocabulary = Self.vocabulary
        for sample in page.families.flatMap(\.samples) {
            for (label, value) in sample.labels {
                let words = try #require(vocabulary[label], "the label \(label) of \(sample.name) is a known one")
                #expect(value.wholeMatch(of: words) != nil, "\(sample.name): \(label)=\(value)")
            }
        }
        #expect(page.value("leader_election_master_status", ["name": Self.lease]) == 1)
        #expect(page.value("towline_engine_available", ["engine": "tekton"]) == 1)
        #expect(page.value("towline_executions", ["engine": "tekton", "phase": "Running"]) == 1)
        #expect(page.value("towline_executions", ["engine": "tekton", "phase": "Completed"]) == 1)
        let success = ["engine": "tekton", "outcome": "Success", "reason": "Succeeded"]
        #expect(page.value("towline_execution_total", success) == 1)
        let lags = try #require(page.value("towline_detection_lag_seconds_count", ["engine": "tekton"]))
        #expect(lags == 1)
        #expect(try #require(page.value("process_threads")) >= 1)
        let reference = try Repository.text("docs/metrics.md")
        for family in page.families { #expect(reference.contains("| `\(family.name)` | \(family.kind.rawValue) |")) }
        try await checkWithPublishedParsers(text)
    }

    /// Published parsers: whether each is installed, and its verdict on a page.
    private static let parsers = [
        (installed: "command -v promtool", check: "promtool check metrics"),
        (
            installed: "/usr/bin/python3 -c 'import prometheus_client.parser'",
            check: """
            /usr/bin/python3 -c 'import sys
            from prometheus_client.parser import text_string_to_metric_families as read
            sys.exit(0 if len(list(read(sys.stdin.read()))) > 30 else "too few families")'
            """
        ),
    ]

    /// Checks the page with each installed parser; at least one must be installed.
    private func checkWithPublishedParsers(_ text: String) async throws {
        let folder = URL.temporaryDirectory.appending(path: "towline-metrics-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "page.txt")
        try Data(text.utf8).write(to: file)
        func run(_ script: String) async throws -> (code: Int32, said: String) {
            let process = try ChildProcess(
                URL(filePath: "/bin/sh"), ["-c", script], directory: folder, name: "parser-\(UUID().uuidString)")
            let code = try await process.exit(within: .seconds(30))
            return (code, process.errorOutput + process.output)
        }
        var count = 0
        for parser in Self.parsers where try await run(parser.installed).code == 0 {
            let (code, said) = try await run("\(parser.check) <'\(file.path)'")
            #expect(code == 0, "\(parser.check): \(said)")
            count += 1
        }
        #expect(count > 0, "no published parser is there: install python3-prometheus-client, as `make test` does")
    }
}
