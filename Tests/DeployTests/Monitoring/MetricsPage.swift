import Foundation
import KubeRuntime
import Operator
import TestSupport
import Testing
import TowlineAPI

/// `docs/metrics.md` matches the registry; `make docs` writes it.
@Suite struct MetricsReferenceTests {
    private static let path = "docs/metrics.md"

    private func page() throws -> MetricsPage {
        MetricsPage(descriptions: try MetricsReference().registry.descriptions)
    }

    @Test func `the metrics page is current`() throws {
        let text = try page().text
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "true" {
            try text.write(to: Repository.file(Self.path), atomically: true, encoding: .utf8)
        } else {
            #expect(try Repository.text(Self.path) == text, "docs/metrics.md is stale; run `make docs`")
        }
    }

    @Test func `every metric has a section and a full sentence, and every label is explained`() throws {
        let page = try page()
        #expect(page.unplaced == [])
        let unexplained = Set(page.descriptions.flatMap(\.labels)).subtracting(MetricsPage.explainedLabels)
        #expect(unexplained == [])
        for metric in page.descriptions {
            #expect(metric.help.hasSuffix("."), "the help of \(metric.name) must be a sentence")
        }
    }
}

/// The page `docs/metrics.md`, generated from the registry.
struct MetricsPage {
    private struct Section {
        let prefix: String
        let title: String
        let about: String
    }

    let descriptions: [MetricDescription]

    private static let sections = [
        Section(prefix: "towline_", title: "Executions and environments", about: "Towline's own metrics."),
        Section(
            prefix: "controller_runtime_", title: "Reconciliations",
            about: "With the names, labels and buckets of controller-runtime, so that its dashboards show them."),
        Section(
            prefix: "workqueue_", title: "Work queue",
            about: "With the names, labels and buckets of client-go. `name` and `controller` are the same."),
        Section(prefix: "leader_election_", title: "Election", about: "Only with `--leader-elect`; as in client-go."),
        Section(prefix: "rest_client_", title: "Requests to the API server", about: "As in client-go."),
        Section(
            prefix: "reflector_", title: "Caches",
            about: """
                Each resource type has a cache that lists and watches. With several `--namespace` flags their objects \
                are added up, and `reflector_available`, `reflector_consecutive_failures` and \
                `reflector_last_resource_version` are those of the namespace in the worst state. The executions of \
                environments are in a second cache too, so `reflector_objects` counts them twice.
                """),
        Section(prefix: "events_", title: "Kubernetes events", about: "Events that the operator publishes."),
        Section(prefix: "process_", title: "Process", about: "As in every Prometheus client library."),
    ]

    /// The possible values of each label.
    private static let labels: [(name: String, values: String)] = [
        (
            "engine",
            list(EngineName.allCases.map(\.rawValue)) + "; of `towline_executions` and `towline_execution_total` also "
                + "`unknown`, for executions whose definition was not read"
        ),
        (
            "phase",
            list(Phase.allCases.map(\.rawValue)) + "; of `towline_environments`, "
                + list(EnvironmentPhase.allCases.map(\.rawValue)) + "; of `towline_environment_oldest_seconds`, "
                + list([EnvironmentPhase.provisioning, .terminating].map(\.rawValue))
        ),
        ("outcome", list(Outcome.allCases.map(\.rawValue))),
        (
            "reason",
            "of `towline_…`: one of the [reasons](status.md#reasons), or `AlreadyExists`; of the others, the values in "
                + "the metric's row"
        ),
        ("version", "the operator's version"),
        ("controller", "`workflowexecution`, `environment`"),
        ("name", "`workflowexecution`, `environment`; of `leader_election_…`, the name of the lease"),
        (
            "result",
            "`success`, `error`, `requeue`, `requeue_after`; of phase attempts, `succeeded`, `failed`, `cancelled`; of "
                + "teardowns, `succeeded`, `failed`, `timed_out`, `skipped`, `nothing`"
        ),
        ("priority", "`0`, `-100`"),
        (
            "code",
            "a status code; rare ones only as their class, such as `5xx`, and invalid ones as `other`; or a value in "
                + "the metric's row"
        ),
        ("method", "`GET`, `POST`, `PUT`, `PATCH`, `DELETE`"),
        ("verb", "`GET`, `POST`, `PUT`, `PATCH`, `DELETE`"),
        ("host", "the API server's host and port, as configured"),
        (
            "type",
            "plural and group: `workflowexecutions.towline.dev`, `environments.towline.dev`, `pipelineruns.tekton.dev`, "
                + "`workflows.argoproj.io`"
        ),
        ("event", "`added`, `modified`, `deleted`, `bookmark`, `error`, `undecodable`"),
        ("kind", "`run`, `execution`"),
    ]

    private static func list(_ words: [String]) -> String { words.map { "`\($0)`" }.joined(separator: ", ") }

    /// The labels that the page explains.
    static var explainedLabels: Set<String> { Set(labels.map(\.name)) }

    /// The metrics without a section.
    var unplaced: [String] {
        descriptions.map(\.name).filter { name in !Self.sections.contains { name.hasPrefix($0.prefix) } }
    }

    var text: String {
        let used = Set(descriptions.flatMap(\.labels))
        let labels = Self.labels.filter { used.contains($0.name) }.map { "| `\($0.name)` | \($0.values) |\n" }
        return """
            # Metrics

            <!-- `make docs` writes this page from the operator's registry; do not edit it. -->

            The metrics that an operator serves at `/metrics` on `--metrics-bind-address`, in the Prometheus text format.
            [monitoring.md](monitoring.md) says how to scrape them, and has alerts and a dashboard.

            \(Self.sections.map(section).joined(separator: "\n"))
            ## Labels

            No label contains object names, messages or other outside text, so the number of series
            is bounded.

            | label | values |
            |---|---|
            \(labels.joined())
            """
    }

    private func section(_ section: Section) -> String {
        let members = descriptions.filter { $0.name.hasPrefix(section.prefix) }
        let rows = members.map { metric in
            "| `\(metric.name)` | \(metric.type) | \(Self.list(metric.labels)) | \(Self.escaped(metric.help)) |\n"
        }
        var text = """
            ## \(section.title)

            \(section.about)

            | metric | type | labels | meaning |
            |---|---|---|---|
            \(rows.joined())

            """
        for metric in members where !metric.buckets.isEmpty {
            let bounds = metric.buckets.map(Self.number).joined(separator: ", ")
            text += "Buckets of `\(metric.name)`: \(bounds).\n\n"
        }
        return text.hasSuffix("\n\n") ? String(text.dropLast()) : text
    }

    private static func number(_ value: Double) -> String {
        Int(exactly: value).map(String.init) ?? "\(value)"
    }

    /// Escapes what would end a cell or start a tag.
    private static func escaped(_ text: String) -> String {
        text.replacing("|", with: "\\|").replacing("<", with: "&lt;").replacing("\n", with: " ")
    }
}
