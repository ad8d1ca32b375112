import Foundation
import Operator
import TestSupport
import Testing

/// Holds `docs/metrics.md` to the registry; `make docs` writes it.
@Suite struct MetricsReferenceTests {
    private static let path = "docs/metrics.md"

    private func page() throws -> MetricsPage {
        MetricsPage(descriptions: try MetricsReference().registry.descriptions)
    }

    @Test func thePageIsWhatTheRegistrySays() throws {
        let text = try page().text
        if ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "true" {
            try text.write(to: Repository.file(Self.path), atomically: true, encoding: .utf8)
        } else {
            #expect(try Repository.text(Self.path) == text, "docs/metrics.md is stale; run `make docs`")
        }
    }

    @Test func everyMetricHasItsPlaceAndEveryLabelItsWords() throws {
        let page = try page()
        #expect(page.unplaced == [])
        let unexplained = Set(page.descriptions.flatMap(\.labels)).subtracting(MetricsPage.explainedLabels)
        #expect(unexplained == [])
        for metric in page.descriptions {
            #expect(metric.help.hasSuffix("."), "\(metric.name) has a whole sentence")
        }
    }
}
