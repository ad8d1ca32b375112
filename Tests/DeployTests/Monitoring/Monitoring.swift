import Foundation
import KubeClient
import TestSupport

/// What `deploy/monitoring` has for Prometheus and Grafana.
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

    /// The rules as a Prometheus reads them from a file.
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

    /// The queries of the dashboard's panels by title, with values in the place of Grafana's variables.
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
