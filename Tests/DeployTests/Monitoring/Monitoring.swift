import Exposition
import Foundation
import KubeClient
import KubeRuntime
import Operator
import TestSupport

/// The alerts and the dashboard in `deploy/monitoring`.
enum Monitoring {
    struct Alert: Sendable {
        let name: String
        let query: String
        let severity: String?
        let annotations: [String: String]
    }

    static let rulePath = "deploy/monitoring/prometheusrule.yaml"
    static let dashboardPath = "deploy/monitoring/towline-dashboard.json"
    static let runbooks = "docs/runbooks"

    /// The alerts as a Prometheus rules file.
    static func rules() throws -> JSONValue {
        try Repository.documents(rulePath)[0]["spec"] ?? .null
    }

    static func alerts() throws -> [Alert] {
        try rules().list("groups").flatMap { $0.list("rules") }.map { rule in
            Alert(
                name: rule["alert"]?.stringValue ?? "", query: rule["expr"]?.stringValue ?? "",
                severity: rule.strings("labels")["severity"], annotations: rule.strings("annotations"))
        }
    }

    /// The queries of the dashboard's panels by title, with values for Grafana's variables.
    static func dashboardQueries() throws -> [(title: String, query: String)] {
        let dashboard = try JSONValue(parsing: Repository.text(dashboardPath))
        return dashboard.list("panels").flatMap { panel in
            panel.list("targets").map { target in
                (panel["title"]?.stringValue ?? "", resolved(target["expr"]?.stringValue ?? ""))
            }
        }
    }

    private static func resolved(_ query: String) -> String {
        query.replacingOccurrences(of: "$__rate_interval", with: "5m").replacingOccurrences(of: "$__range", with: "6h")
            .replacingOccurrences(of: "$namespace", with: ".*")
    }
}

/// The existing metrics, labels and label values.
struct MetricNames {
    let descriptions: [String: MetricDescription]
    /// The metrics of an operator that has not worked yet.
    private let page: Exposition

    /// Labels that Prometheus adds when it scrapes.
    static let targetLabels: Set<String> = ["namespace", "job", "instance", "pod"]

    init() throws {
        let reference = try MetricsReference()
        descriptions = Dictionary(
            reference.registry.descriptions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        page = try Exposition(String(decoding: reference.registry.exposition(), as: UTF8.self))
    }

    /// The metric that a sample name belongs to.
    func metric(of sample: String) -> MetricDescription? {
        if let exact = descriptions[sample], exact.type != "histogram" { return exact }
        for suffix in ["_bucket", "_sum", "_count"] where sample.hasSuffix(suffix) {
            if let histogram = descriptions[String(sample.dropLast(suffix.count))], histogram.type == "histogram" {
                return histogram
            }
        }
        return nil
    }

    /// The labels of a sample, without those of the target.
    func labels(of sample: String) -> Set<String> {
        guard let metric = metric(of: sample) else { return [] }
        return Set(metric.labels).union(sample.hasSuffix("_bucket") ? ["le"] : [])
    }

    /// The names in a query that do not exist.
    func problems(of query: PromQuery) -> [String] {
        let known = query.selectors.reduce(into: Self.targetLabels) { $0.formUnion(labels(of: $1.metric)) }
        let groupings = query.groupings.subtracting(known).map { "none of its metrics has the label \($0)" }
        return groupings
            + query.selectors.flatMap { selector -> [String] in
                guard metric(of: selector.metric) != nil else { return ["there is no metric \(selector.metric)"] }
                return selector.matchers.compactMap { problem(of: $0, on: selector.metric) }
            }
    }

    private func problem(of matcher: PromQuery.Matcher, on sample: String) -> String? {
        if Self.targetLabels.contains(matcher.label) { return nil }
        guard labels(of: sample).contains(matcher.label) else { return "\(sample) has no label \(matcher.label)" }
        let values = Set(
            page.families.flatMap(\.samples).filter { $0.name == sample }.compactMap { $0.labels[matcher.label] })
        guard !values.isEmpty else { return nil }
        let wanted = matcher.value.split(separator: "|").map(String.init)
        let missing = wanted.filter { !values.contains($0) }
        return missing.isEmpty ? nil : "\(sample) never has \(matcher.label)=\(missing)"
    }
}
